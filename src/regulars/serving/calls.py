"""Calls, replies and endpoints: what every route is made of."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

import msgspec

from regulars.store import Key

from .limits import JSON, LINES, Limits
from .metrics import Metrics
from .service import Service

T = TypeVar("T")
encode = msgspec.json.Encoder().encode


class Reply(NamedTuple):
    """What goes back."""

    body: bytes
    status: int = 200
    media: bytes = JSON
    headers: tuple[tuple[bytes, bytes], ...] = ()


@dataclass(slots=True)
class Call:
    """One request on its way: service and limits are the app's, query and body what the endpoint declares.

    document: the OpenAPI document; params: of the path, decoded; raw: the body as it came, for endpoints that read it
    line by line.
    """

    service: Service
    limits: Limits
    metrics: Metrics
    pool: Executor
    document: bytes
    request_id: str
    params: tuple[str, ...] = ()
    query: Any = None
    body: Any = None
    raw: bytes = b""
    media: bytes = JSON
    key: Key | None = None

    async def aside(self, work: Callable[..., T], *args: Any) -> T:
        """Runs what blocks (the store) beside the loop."""
        return await asyncio.get_running_loop().run_in_executor(self.pool, work, *args)


Work = Callable[[Call], Awaitable[Reply]]


class NoQuery(msgspec.Struct, forbid_unknown_fields=True):
    """Nothing behind the question mark."""


class DryRun(msgspec.Struct, forbid_unknown_fields=True):
    """dry_run: everything is checked, nothing is written."""

    dry_run: bool = False


@dataclass(frozen=True, kw_only=True)
class Example:
    """A true example: what is sent, behind which path, and what may come back; the tests send it."""

    params: tuple[str, ...] = ()
    query: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    answer: Any = None


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """One line of the table of routes: what the app does, and what the OpenAPI document says of it.

    path: /v1/items/{item}; role: of the key that it wants, "" for none; body: what is decoded, None for nothing; lines:
    the work reads the raw body, of one, of an array or of JSON Lines of `body`; status, answer: of success; more:
    further statuses of success; problems: kinds that may come beside those that may come everywhere; patience: times
    the usual time for an answer.
    """

    method: str
    path: str
    work: Work
    title: str
    role: str = ""
    about: str = ""
    tag: str = ""
    query: type[msgspec.Struct] = NoQuery
    body: Any = None
    lines: bool = False
    status: int = 200
    answer: Any = None
    media: str = "application/json"
    more: tuple[int, ...] = ()
    problems: tuple[str, ...] = ()
    patience: float = 1.0
    example: Example = Example()

    @cached_property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    @cached_property
    def logged(self) -> bytes:
        """The path without the id of anybody; b"" where it names nobody."""
        return self.path.encode() if "{customer}" in self.path or "{visitor}" in self.path else b""


def told(value: Any, status: int = 200) -> Reply:
    """A value as JSON."""
    return Reply(encode(value), status)


async def bridged(future: "Future[T]") -> T:
    """Waits for a future of another thread; who stops waiting does not cancel it."""
    loop = asyncio.get_running_loop()
    mine: asyncio.Future[None] = loop.create_future()

    def wake() -> None:
        if not mine.done():
            mine.set_result(None)

    def done(_: "Future[T]") -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(wake)

    future.add_done_callback(done)
    if not future.done():
        await mine
    return future.result()


def lines_of(raw: bytes, media: bytes) -> Sequence[bytes | msgspec.Raw]:
    """The single documents of a body: one object, an array of them, or JSON Lines. Raises msgspec.DecodeError."""
    if media == LINES:
        return [line for line in raw.split(b"\n") if line.strip()]
    if raw.lstrip()[:1] == b"[":
        parts: list[msgspec.Raw] = msgspec.json.decode(raw, type=list[msgspec.Raw])
        return parts
    return [raw]
