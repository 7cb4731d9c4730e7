"""The app: every request comes through here, and every error leaves as a problem that the caller can act on."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from random import getrandbits
from typing import Any

import msgspec

from regulars.core.errors import StoreError

from . import logs
from .calls import Call, Endpoint, Reply, encode
from .gate import Access, Gate
from .limits import Limits, body_of, check_plain, media_of
from .metrics import Metrics
from .openapi import document
from .problems import Problem, problem_of
from .querying import query_of
from .routes import ENDPOINTS
from .routing import Router, allowed, id_of
from .service import Service

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
ASGI = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = Mapping[bytes, bytes]

PROBLEM = b"application/problem+json"
READ = frozenset(
    (b"authorization", b"content-encoding", b"content-length", b"content-type", b"x-api-key", b"x-request-id")
)
LETTERS = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:")
THREADS = 8  # for calls of the store
OPEN = Access(open=True)
USUAL = Limits()


def app(service: Service, *, access: Access = OPEN, limits: Limits = USUAL) -> ASGI:
    """The service over HTTP, as an ASGI application."""
    api = App(service, access, limits)
    if not access.origins:
        return api
    from starlette.middleware.cors import CORSMiddleware

    return CORSMiddleware(
        api,
        allow_origins=list(access.origins),
        allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
        allow_headers=["Authorization", "Content-Type", "X-Api-Key", "X-Request-Id"],
        expose_headers=["X-Request-Id", "Retry-After"],
        max_age=3600,
    )


class App:
    """Finds the endpoint, checks key and limits, reads what was sent, answers, logs.

    Changes: the number of requests in flight.
    """

    def __init__(self, service: Service, access: Access, limits: Limits) -> None:
        self.metrics = Metrics()
        self._service = service
        self._limits = limits
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="store")
        self._gate = Gate(service.store.keys, self._pool, access, limits)
        self._router = Router(ENDPOINTS)
        self._bodies = {one.name: msgspec.json.Decoder(one.body) for one in ENDPOINTS if one.body and not one.lines}
        self._document = document(ENDPOINTS, tuple(service.scenarios), keys=not access.open)
        self._in_flight = 0
        self.metrics.watch(self._figures, self._version)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1000})

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        headers = {name: value for name, value in scope["headers"] if name in READ}
        call = Call(self._service, self._limits, self.metrics, self._pool, self._document, _request_id(headers))
        raw_path: bytes = scope.get("raw_path") or scope["path"].encode()
        method: str = scope["method"]
        endpoints, parts = self._router.find(raw_path)
        endpoint = endpoints.get("GET" if method == "HEAD" else method)
        self._in_flight += 1
        try:
            if endpoint is None:
                reply = _without_endpoint(endpoints, method)
            else:
                call.params = tuple(map(id_of, parts))
                reply = await self._reply(call, endpoint, scope["query_string"], headers, receive)
        except Exception as error:  # isolates a request; problem_of logs what nobody foresaw
            reply = _refusal(problem_of(error), raw_path, call.request_id)
        finally:
            self._in_flight -= 1
        await _sent(send, reply, call.request_id, head=method == "HEAD")
        seconds = time.perf_counter() - started
        self.metrics.request(endpoint.name if endpoint else "none", reply.status, seconds)
        key = call.key.name if call.key else ""
        path = (endpoint.logged if endpoint else b"") or raw_path
        logs.access(method, path, reply.status, seconds, call.request_id, key=key)

    async def _reply(self, call: Call, endpoint: Endpoint, query: bytes, headers: Headers, receive: Receive) -> Reply:
        if endpoint.role:
            call.key = await self._gate.key(headers, endpoint.role)
            self._gate.admit(call.key, self._in_flight)
        call.query = query_of(query, endpoint.query)
        if endpoint.body is not None:
            await self._read(call, endpoint, headers, receive)
        async with asyncio.timeout(endpoint.patience * self._limits.answer_seconds):
            return await endpoint.work(call)

    async def _read(self, call: Call, endpoint: Endpoint, headers: Headers, receive: Receive) -> None:
        started = time.perf_counter()
        check_plain(headers.get(b"content-encoding", b""))
        call.media = media_of(headers.get(b"content-type", b""), lines=endpoint.lines)
        call.raw = await body_of(receive, headers.get(b"content-length", b""), self._limits)
        if not endpoint.lines:
            call.body = self._bodies[endpoint.name].decode(call.raw)
        self.metrics.stage("read", time.perf_counter() - started)

    def _figures(self) -> dict[str, float]:
        service = self._service
        return {
            **service.figures(),
            "store_up": float(_up(service)),
            "requests_in_flight": float(self._in_flight),
            "events_waiting": float(service.writer.waiting),
            "exposures_waiting": float(service.exposing.waiting),
            "exposures_lost": float(service.exposing.lost),
        }

    def _version(self) -> str:
        deployment = self._service.shop().deployment
        return deployment.version if deployment else ""


def _up(service: Service) -> bool:
    try:
        service.store.ping()
    except StoreError:
        return False
    return True


def _request_id(headers: Headers) -> str:
    """The caller's, if it is one that a log can take, else a new one."""
    given = headers.get(b"x-request-id", b"")
    return given.decode() if given and len(given) <= 128 and LETTERS.issuperset(given) else f"{getrandbits(64):016x}"


def _without_endpoint(endpoints: Mapping[str, Endpoint], method: str) -> Reply:
    if not endpoints:
        raise Problem("not-found", "there is no such path; /v1/openapi.json has all of them")
    if method == "OPTIONS":
        return Reply(b"", 204, headers=((b"allow", allowed(endpoints).encode()),))
    raise Problem("no-such-method", f"{method} is not among {allowed(endpoints)}", allow=allowed(endpoints))


def _refusal(problem: Problem, raw_path: bytes, request_id: str) -> Reply:
    details = problem.details(raw_path.decode("ascii", "backslashreplace"), request_id)
    return Reply(encode(details), problem.status, PROBLEM, tuple(problem.headers))


async def _sent(send: Send, reply: Reply, request_id: str, *, head: bool) -> None:
    headers = [(b"x-request-id", request_id.encode()), (b"x-content-type-options", b"nosniff"), *reply.headers]
    if reply.status != 204:
        headers += [(b"content-type", reply.media), (b"content-length", str(len(reply.body)).encode())]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if head else reply.body})


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
