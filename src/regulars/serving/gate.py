"""The gate: who may come in, how often, and how many at a time."""

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from regulars.store import Key, Keys

from .keys import Keyring, allows
from .limits import Buckets, Limits
from .problems import Problem

EVERYBODY = Key("open", "", ("admin",))


@dataclass(frozen=True)
class Access:
    """Who may ask. open: everybody, without a key; origins: sites whose pages may (CORS)."""

    open: bool = False
    origins: Sequence[str] = ()


class Gate:
    """Lets requests in by their keys.

    Changes: keys and buckets in memory.
    """

    def __init__(self, keys: Keys, pool: Executor, access: Access, limits: Limits) -> None:
        self._open = access.open
        self._keys = Keyring(keys, pool)
        self._buckets = Buckets(limits.requests_per_minute)
        self._limits = limits

    async def key(self, headers: Mapping[bytes, bytes], role: str) -> Key:
        """The key of a request that wants a role. Raises Problem."""
        if self._open:
            return EVERYBODY
        secret = _secret(headers)
        if not secret:
            raise Problem("no-key", "send a key as `Authorization: Bearer KEY` or `X-Api-Key: KEY`")
        key = await self._keys.find(secret)
        if key is None:
            raise Problem("no-key", "this key is unknown or was revoked; make one: regulars keys make NAME --role read")
        if not allows(key, role):
            raise Problem("not-allowed", f"this needs a key of the role {role}; {key.name} has {', '.join(key.roles)}")
        return key

    def admit(self, key: Key, in_flight: int) -> None:
        """Counts a request. Raises Problem when it is one too many."""
        if in_flight > self._limits.waiting:
            raise Problem("overloaded", f"{self._limits.waiting:,} requests are waiting already", retry_after=1)
        wait = self._buckets.take(key.name, time.monotonic())
        if wait:
            most = self._limits.requests_per_minute
            raise Problem("too-many", f"this key may ask {most:,} times in a minute", retry_after=int(wait) + 1)


def _secret(headers: Mapping[bytes, bytes]) -> str:
    scheme, _, token = headers.get(b"authorization", b"").partition(b" ")
    found = token if scheme.lower() == b"bearer" else headers.get(b"x-api-key", b"")
    return found.strip().decode("latin-1")
