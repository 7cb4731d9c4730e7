"""The server: uvicorn with its fast parser and loop, which drops clients that take their time."""

import asyncio
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from .app import ASGI

HEAD_SECONDS = 10  # to send the head of a request, once connected
IDLE_SECONDS = 75  # between two requests; longer than usual proxies keep theirs
SOCKETS = 2_048  # waiting to be accepted


class Impatient(HttpToolsProtocol):
    """Closes connections that send no whole head in time; uvicorn alone waits forever."""

    _patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._patience = self.loop.call_later(HEAD_SECONDS, self._too_slow)

    def on_headers_complete(self) -> None:
        self._be_calm()
        super().on_headers_complete()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if self._patience is None:
            self._patience = self.loop.call_later(HEAD_SECONDS, self._too_slow)

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
            server_header=False,
            date_header=False,
        )
    )
