"""The server: uvicorn with its fast parser and loop, which drops clients that take their time."""

import asyncio
import gc
import sys
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from .app import ASGI, PROBLEM
from .calls import encode
from .problems import Problem

HEAD_SECONDS = 10  # to send the head of a request, once connected
IDLE_SECONDS = 75  # between two requests; longer than usual proxies keep theirs
HEAD_BYTES = 65_536
TURN_SECONDS = 0.0001  # that a thread of Python runs while others wait
COLLECTED = 10_000, 20, 20  # objects that are new before the collector looks at them; answers leave no circles
SOCKETS = 2_048  # waiting to be accepted


class Impatient(HttpToolsProtocol):
    """Closes connections that send no whole head in time, or a huge one; uvicorn alone waits and takes it."""

    _patience: asyncio.TimerHandle | None = None
    _head = 0  # bytes
    _within = False  # the head of a request

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._patience = self.loop.call_later(HEAD_SECONDS, self._too_slow)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._head += len(name) + len(value)
        if self._head > HEAD_BYTES:
            raise ValueError("the head of a request is too large")  # the parser makes a 400 of it
        super().on_header(name, value)

    def send_400_response(self, msg: str) -> None:
        details = Problem("malformed", "this is not HTTP, or its head is too large").details("", "")
        body = encode(details)
        head = f"HTTP/1.1 400 Bad Request\r\ncontent-type: {PROBLEM.decode()}\r\ncontent-length: {len(body)}\r\n"
        self.transport.write(head.encode() + b"connection: close\r\n\r\n" + body)
        self.transport.close()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._within and self._patience is None:  # most heads arrive whole, and need no clock
            self._patience = self.loop.call_later(HEAD_SECONDS, self._too_slow)

    def on_headers_complete(self) -> None:
        self._within = False
        self._be_calm()
        super().on_headers_complete()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head, self._within = 0, True

    def connection_lost(self, exc: Exception | None) -> None:
        self._be_calm()
        super().connection_lost(exc)

    def _be_calm(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _too_slow(self) -> None:
        self._patience = None
        if not self.transport.is_closing():
            self.transport.close()


def server(app: ASGI, host: str, port: int) -> uvicorn.Server:
    """A server that is not running yet: `run()` does, until SIGINT or SIGTERM, and lets open requests finish."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            http=Impatient,
            loop="uvloop",
            ws="none",
            backlog=SOCKETS,
            timeout_keep_alive=IDLE_SECONDS,
            timeout_graceful_shutdown=10,
            access_log=False,
            log_config=None,
            proxy_headers=False,  # nobody asks who the client is
            server_header=False,
            date_header=False,
        )
    )


def settle() -> None:
    """The collector of garbage need not look again at what is there, and threads take turns fifty times as often.

    Else a collection among a million objects, or a thread at work behind the answers, lets requests wait for long.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTED)
    sys.setswitchinterval(TURN_SECONDS)
