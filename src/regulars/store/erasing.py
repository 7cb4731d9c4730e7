"""Erasing: somebody is gone from every table, and what says so to other replicas is a keyed hash, not the id."""

import hashlib
import hmac
import secrets
import threading
import time
from collections.abc import Iterable, Sequence

from .checking import askable, check_ids
from .counting import advance
from .database import Database, Transaction
from .records import Erased

_SECRET = "erasure"


class Erasures:
    """The marks of a database, and the key that they are made with, which never leaves it: no dump holds either."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._key = b""
        self._lock = threading.Lock()

    def erase(self, user_id: str) -> Erased:
        check_ids([user_id], "the customer")
        with self._database.writing() as transaction:
            advance(transaction, "events", 0)  # nobody else writes from here on
            found = transaction.rows("SELECT customer FROM aliases WHERE visitor = ?", (user_id,))
            owner = str(found[0][0]) if found else user_id
            visitors = [row[0] for row in transaction.rows("SELECT visitor FROM aliases WHERE customer = ?", (owner,))]
            names = list(dict.fromkeys([owner, user_id, *visitors]))
            counts = [sum(delete(transaction, name) for name in names) for delete in (_events, _shown, _attributes)]
            transaction.run("DELETE FROM aliases WHERE customer = ?", (owner,))
            self._mark(transaction, names)
        self._database.scrub()
        return Erased(*counts)

    def since(self, place: int) -> list[tuple[int, str]]:
        sql = "SELECT place, digest FROM erased WHERE place > ? ORDER BY place"
        return [(int(at), str(digest)) for at, digest in self._database.rows(sql, (place,))]

    def digest(self, user_id: str) -> str:
        return _digest(self._secret(), user_id)

    def moments(self, user_ids: Iterable[str]) -> dict[str, int]:
        found = self._database.rows("SELECT digest, time FROM erased ORDER BY time")
        last = {str(digest): int(time) for digest, time in found}
        return {name: last[digest] for name in user_ids if (digest := self.digest(name)) in last} if last else {}

    def gone(self, transaction: Transaction, names: Sequence[str], since: int) -> set[str]:
        """Who of them was erased since then, seconds UTC: what was on its way to the store is not for it any more."""
        found = transaction.rows("SELECT digest FROM erased WHERE time >= ?", (since,))
        if not found:
            return set()
        digests, key = {digest for (digest,) in found}, _made(transaction)
        return {name for name in names if _digest(key, name) in digests}

    def _mark(self, transaction: Transaction, names: list[str]) -> None:
        key = _made(transaction)
        place = int(transaction.rows("SELECT coalesce(max(place), 0) FROM erased")[0][0])
        for number, name in enumerate(names, 1):
            values = (place + number, _digest(key, name), int(time.time()))
            transaction.run("INSERT INTO erased VALUES (?, ?, ?)", values)

    def _secret(self) -> bytes:
        with self._lock:
            if not self._key:
                found = self._database.rows("SELECT value FROM secrets WHERE name = ?", askable([_SECRET]))
                self._key = bytes.fromhex(found[0][0]) if found else b""
            return self._key


def _events(transaction: Transaction, name: str) -> int:
    return transaction.run("DELETE FROM events WHERE user_id = ?", (name,))


def _shown(transaction: Transaction, name: str) -> int:
    return transaction.run("DELETE FROM exposures WHERE user_id = ?", (name,))


def _attributes(transaction: Transaction, name: str) -> int:
    """A mark of an earlier deletion goes, too, and counts for nothing."""
    known = transaction.run("DELETE FROM customers WHERE id = ? AND deleted = 0", (name,))
    transaction.run("DELETE FROM customers WHERE id = ?", (name,))
    return known


def _made(transaction: Transaction) -> bytes:
    """The key, drawn when the first one is erased."""
    found = transaction.rows("SELECT value FROM secrets WHERE name = ?", (_SECRET,))
    if found:
        return bytes.fromhex(found[0][0])
    text = secrets.token_hex(32)
    transaction.run("INSERT INTO secrets VALUES (?, ?)", (_SECRET, text))
    return bytes.fromhex(text)


def _digest(key: bytes, user_id: str) -> str:
    return hmac.new(key, user_id.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
