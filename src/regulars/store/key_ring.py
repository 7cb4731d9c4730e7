"""API keys in a database."""

import json
import time

from regulars.core.errors import CannotDo

from .checking import askable, check_ids
from .database import Database, Row
from .records import Key
from .schema import KEYS


class KeyRing:
    """The table of keys of a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, key: Key) -> None:
        check_ids([key.name], "the name of a key")
        check_ids([key.digest], "the digest of a key")
        check_ids(key.roles, "a role of a key")
        with self._database.writing() as transaction:
            if transaction.rows("SELECT 1 FROM keys WHERE digest = ? AND name <> ?", (key.digest, key.name)):
                raise CannotDo(f"the secret of the key {key.name!r} is that of another key; make a new one")
            transaction.put(KEYS, [(key.name, key.digest, json.dumps(key.roles), key.made, key.revoked)])

    def find(self, digest: str) -> Key | None:
        found = self._database.rows(
            f"SELECT {KEYS.listed} FROM keys WHERE digest = ? AND revoked = 0", askable([digest])
        )
        return _key(found[0]) if found else None

    def all(self) -> list[Key]:
        return [_key(row) for row in self._database.rows(f"SELECT {KEYS.listed} FROM keys ORDER BY name")]

    def revoke(self, name: str) -> bool:
        with self._database.writing() as transaction:
            sql = "UPDATE keys SET revoked = ? WHERE name = ? AND revoked = 0"
            return transaction.run(sql, (int(time.time()), *askable([name]))) > 0


def _key(row: Row) -> Key:
    name, digest, roles, made, revoked = row
    return Key(name, digest, tuple(json.loads(roles)), made, revoked)
