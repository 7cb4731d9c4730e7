"""API keys: made once, stored as digests, looked up at every request."""

import asyncio
import hashlib
import hmac
import math
import secrets
import time
from collections.abc import Callable
from concurrent.futures import Executor

from regulars.core.errors import StoreError
from regulars.store import Key, Keys

ROLES = ("events", "page", "read", "admin")
_MAY = {"events": {"events"}, "page": {"events", "page"}, "read": {"page", "read"}, "admin": set(ROLES)}
PREFIX = "reg_"
FRESH_SECONDS = 5.0
MOST = 10_000  # keys in memory, wrong ones included


def made(name: str, roles: tuple[str, ...]) -> tuple[str, Key]:
    """A new secret, which only the caller ever sees, and the key that the store keeps."""
    secret = PREFIX + secrets.token_urlsafe(32)
    return secret, Key(name, digest_of(secret), roles, int(time.time()))


def digest_of(secret: str) -> str:
    """What is stored instead of the secret; one round is enough for 256 random bits."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


class Keyring:
    """The keys of the store, kept for some seconds; while the store is away those last known go on working.

    All of them are known from the beginning, those that nobody has shown yet, too. Changes: the keys in memory.
    Raises StoreUnavailable.
    """

    def __init__(self, keys: Keys, pool: Executor, clock: Callable[[], float] = time.monotonic) -> None:
        self._keys = keys
        self._pool = pool
        self._clock = clock
        self._known: dict[str, tuple[Key | None, float]] = {
            key.digest: (key, -math.inf) for key in keys.all() if not key.revoked
        }

    async def find(self, secret: str) -> Key | None:
        """The key of a secret, None if there is none or it was revoked. Raises StoreUnavailable."""
        digest = digest_of(secret)
        known = self._known.get(digest)
        now = self._clock()
        if known is not None and now < known[1]:
            return known[0]
        try:
            key = await asyncio.get_running_loop().run_in_executor(self._pool, self._keys.find, digest)
        except StoreError:
            if known is None or known[0] is None:
                raise
            key = known[0]
        if key is not None and (key.revoked or not hmac.compare_digest(key.digest, digest)):
            key = None
        if len(self._known) >= MOST:
            self._known = {one: what for one, what in self._known.items() if what[0] is not None}
        self._known[digest] = (key, now + FRESH_SECONDS)
        return key


def allows(key: Key, role: str) -> bool:
    """Whether a key may do what asks for a role: page what events may, read what page asks, admin everything."""
    return any(role in _MAY.get(one, ()) for one in key.roles)
