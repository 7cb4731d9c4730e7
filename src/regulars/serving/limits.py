"""Limits: how large, how deep, how slow and how often requests may be."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from .problems import Problem, invalid

Receive = Callable[[], Awaitable[Any]]
JSON = b"application/json"
LINES = b"application/x-ndjson"
DEPTH = 8  # of lists and tables within one another, in rules


@dataclass(frozen=True)
class Limits:
    """What a request may cost. requests_per_minute: of one key, 0 for no limit; waiting: requests at a time."""

    max_bytes: int = 8_000_000
    max_lines: int = 10_000
    body_seconds: float = 10.0
    answer_seconds: float = 10.0
    waiting: int = 1_000
    requests_per_minute: int = 0


def media_of(header: bytes, *, lines: bool) -> bytes:
    """What a body is: JSON, or JSON Lines where an endpoint takes them. Raises Problem."""
    media = header.partition(b";")[0].strip().lower()
    if media == JSON or (lines and media == LINES):
        return media
    more = " or application/x-ndjson" if lines else ""
    came = media.decode("ascii", "backslashreplace") or "nothing"
    raise Problem("wrong-media-type", f"Content-Type must be application/json{more}; it is {came}")


def check_plain(header: bytes) -> None:
    """Raises Problem for a body that is compressed: how large it is would only be known when it is too late."""
    if (came := header.strip().lower()) not in (b"", b"identity"):
        said = came.decode("ascii", "backslashreplace")
        raise Problem("wrong-media-type", f"a body is taken as it is; its Content-Encoding is {said}")


async def body_of(receive: Receive, length: bytes, limits: Limits) -> bytes:
    """The whole body. length: what the header says, b"" if nothing. Raises Problem (too-large, too-slow)."""
    if length.isdigit() and int(length[:20]) > limits.max_bytes:
        raise _too_large(limits)
    try:
        async with asyncio.timeout(limits.body_seconds):
            return await _joined(receive, limits)
    except TimeoutError as error:
        raise Problem("too-slow", f"the body must be here within {limits.body_seconds:g} seconds") from error


async def _joined(receive: Receive, limits: Limits) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Problem("malformed", "the body ended before its end")
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > limits.max_bytes:
            raise _too_large(limits)
        if not message.get("more_body"):
            return b"".join(parts)


def _too_large(limits: Limits) -> Problem:
    return Problem("too-large", f"a request may have {limits.max_bytes:,} bytes; send it in parts")


def check_depth(value: Any, where: str, depth: int = DEPTH) -> None:
    """Raises Problem when lists and tables are nested deeper than anything that makes sense."""
    if not isinstance(value, dict | list):
        return
    if not depth:
        raise invalid(where, f"at most {DEPTH} levels of lists and tables within one another")
    for one in value.values() if isinstance(value, dict) else value:
        check_depth(one, where, depth - 1)


class Buckets:
    """Token buckets, one for each key: a minute's requests at once at most, refilled all the time.

    Changes: the tokens left. Forgets the fullest buckets when there are too many.
    """

    def __init__(self, per_minute: int, most: int = 10_000) -> None:
        self._rate = per_minute / 60
        self._size = float(per_minute)
        self._most = most
        self._left: dict[str, tuple[float, float]] = {}  # tokens, and when that was

    def take(self, name: str, now: float) -> float:
        """Takes one token; how many seconds to wait if there is none, else 0. now: seconds of any clock."""
        if not self._rate:
            return 0.0
        tokens, then = self._left.get(name, (self._size, now))
        tokens = min(self._size, tokens + (now - then) * self._rate)
        if tokens < 1:
            self._left[name] = (tokens, now)
            return (1 - tokens) / self._rate
        if len(self._left) >= self._most and name not in self._left:
            self._left.clear()
        self._left[name] = (tokens - 1, now)
        return 0.0
