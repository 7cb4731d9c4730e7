"""The versions of the models in a database."""

import json
import time

from regulars.core.errors import CannotDo, SettingError, UnknownId

from .checking import askable, check_ids, check_whole, written
from .counting import advance
from .database import Database, Row, Transaction
from .records import Version
from .schema import VERSIONS

STAGES = ("candidate", "shadow", "canary", "retired")
_LISTED = "name, folder, stage, share, fingerprint, made, promoted, facts"


class ModelRegistry:
    """The table of versions of a database. `turn` counts promotions, so that one can go back through them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def register(self, version: Version) -> None:
        check_ids([version.name], "the name of a version")
        check_ids([version.folder], "the folder of a version")
        check_whole(version.made, "the time at which a version was made")
        facts = written(version.facts, f"the facts of {version.name!r}")
        stage = "candidate" if version.stage == "live" else version.stage
        _check_stage(stage, version.share)
        with self._database.writing() as transaction:
            advance(transaction, "versions")
            if transaction.rows("SELECT 1 FROM versions WHERE name = ?", (version.name,)):
                raise CannotDo(f"there is a version {version.name!r} already; a version is never changed, name it anew")
            row = (version.name, version.folder, stage, version.share, version.fingerprint, version.made, 0, facts, 0)
            transaction.add(VERSIONS, [[row]])
            if version.stage == "live":
                _promote(transaction, version.name)

    def get(self, name: str) -> Version | None:
        found = self._database.rows(f"SELECT {_LISTED} FROM versions WHERE name = ?", askable([name]))
        return _version(found[0]) if found else None

    def all(self) -> list[Version]:
        found = self._database.rows(f"SELECT {_LISTED} FROM versions ORDER BY made DESC, name DESC")
        return [_version(row) for row in found]

    def promote(self, name: str) -> None:
        with self._database.writing() as transaction:
            advance(transaction, "versions")
            _check_known(transaction, name)
            _promote(transaction, name)

    def roll_back(self) -> Version:
        with self._database.writing() as transaction:
            advance(transaction, "versions")
            turns = transaction.rows("SELECT name, stage FROM versions WHERE turn > 0 ORDER BY turn DESC LIMIT 2")
            before = [name for name, stage in turns if stage != "live"]
            if not before:
                raise CannotDo("no version was live before the one that is; promote one by its name")
            transaction.run("UPDATE versions SET stage = 'retired', turn = 0 WHERE stage = 'live'")
            transaction.run("UPDATE versions SET stage = 'live', share = 0 WHERE name = ?", (before[0],))
            return _version(transaction.rows(f"SELECT {_LISTED} FROM versions WHERE name = ?", (before[0],))[0])

    def stage(self, name: str, stage: str, share: float = 0.0) -> None:
        _check_stage(stage, share)
        with self._database.writing() as transaction:
            advance(transaction, "versions")
            _check_known(transaction, name)
            transaction.run("UPDATE versions SET stage = ?, share = ? WHERE name = ?", (stage, float(share), name))

    def generation(self) -> int:
        return int(self._database.rows("SELECT value FROM counters WHERE name = 'versions'")[0][0])


def _promote(transaction: Transaction, name: str) -> None:
    turn = int(transaction.rows("SELECT coalesce(max(turn), 0) + 1 FROM versions")[0][0])
    transaction.run("UPDATE versions SET stage = 'retired' WHERE stage = 'live'")
    sql = "UPDATE versions SET stage = 'live', share = 0, promoted = ?, turn = ? WHERE name = ?"
    transaction.run(sql, (int(time.time()), turn, name))


def _check_known(transaction: Transaction, name: str) -> None:
    if not transaction.rows("SELECT 1 FROM versions WHERE name = ?", askable([name])):
        known = ", ".join(row[0] for row in transaction.rows("SELECT name FROM versions ORDER BY made DESC LIMIT 5"))
        raise UnknownId(f"there is no version {name!r} of the models; the newest are {known or 'none'}")


def _check_stage(stage: str, share: float) -> None:
    if stage not in STAGES:
        raise SettingError(f"the stage must be one of {', '.join(STAGES)}; it is {stage!r} (promote makes one live)")
    if not 0 <= share <= 1 or (stage == "canary") != (share > 0):
        raise SettingError(f"a canary has a share above 0 and up to 1, other stages 0; {stage} has {share}")


def _version(row: Row) -> Version:
    name, folder, stage, share, fingerprint, made, promoted, facts = row
    return Version(name, folder, stage, share, fingerprint, made, promoted, json.loads(facts))
