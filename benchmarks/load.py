"""A load generator in a process of its own, on another core than the server that it asks.

    echo PLAN | python -m benchmarks.load --core 1

Open loop: every request has a moment at which it is due, drawn beforehand, whatever became of those before it; its
latency counts from that moment. So a server that stalls is charged for everybody who would have waited (no coordinated
omission). Closed loop: `connections` ask as fast as they are answered; that shows the throughput, not the latency.

A plan is JSON: host, port, seconds, warm (seconds before it counts), rate (a second; 0: closed loop), connections,
seed, calls ([{"weight", "method", "path", "body", "lines"}] with {customer} and {event} to be filled in), customers.
"""

import argparse
import asyncio
import gc
import json
import os
import random
import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

KEPT = 2_000  # answers that are kept for who wants to look at them


@dataclass
class Outcome:
    """What became of the requests that count."""

    latencies: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    acknowledged: list[str] = field(default_factory=list)
    answers: list[bytes] = field(default_factory=list)
    lost: int = 0  # requests without an answer: the connection broke, or it did not come in time
    unsent: int = 0  # of those, that were due and never sent: all connections waited for answers until the end

    def told(self, seconds: float) -> dict[str, Any]:
        """Figures; latencies in milliseconds."""
        ordered = sorted(self.latencies)
        at = {f"p{name}": 1e3 * ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else None
              for name, share in (("50", 0.5), ("90", 0.9), ("99", 0.99), ("99.9", 0.999), ("100", 1.0))}  # fmt: skip
        good = sum(n for status, n in self.statuses.items() if 200 <= status < 300)
        return {
            "requests": len(ordered),
            "per_second": len(ordered) / seconds,
            "good": good,
            "lost": self.lost,
            "unsent": self.unsent,
            "statuses": {str(status): n for status, n in sorted(self.statuses.items())},
            "milliseconds": at,
        }


class Connection(asyncio.Protocol):
    """One connection that is kept; one request at a time."""

    def __init__(self, free: Callable[["Connection"], None], gone: Callable[["Connection"], None]) -> None:
        self._free, self._gone = free, gone
        self._buffer = b""
        self._end = 0
        self.done: Callable[[int, bytes], None] | None = None
        self.transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def ask(self, request: bytes, done: Callable[[int, bytes], None]) -> None:
        """Sends a request; `done` gets the status and the body."""
        self.done, self._buffer, self._end = done, b"", 0
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        if not self._end:
            head = self._buffer.find(b"\r\n\r\n")
            if head < 0:
                return
            at = self._buffer.lower().find(b"content-length:", 0, head)
            length = int(self._buffer[at + 15 : self._buffer.index(b"\r", at)]) if at >= 0 else 0
            self._end = head + 4 + length
        if len(self._buffer) >= self._end:
            done, self.done = self.done, None
            status, body = int(self._buffer[9:12]), self._buffer[self._buffer.index(b"\r\n\r\n") + 4 : self._end]
            self._free(self)
            if done is not None:
                done(status, body)

    def connection_lost(self, exc: Exception | None) -> None:
        self._gone(self)


class Load:
    """Carries a plan out."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self.plan = plan
        self.outcome = Outcome()
        self._random = random.Random(plan.get("seed", 0))
        self._calls = plan["calls"]
        self._weights = [call.get("weight", 1.0) for call in self._calls]
        self._idle: deque[Connection] = deque()
        self._queue: deque[tuple[float, dict[str, Any]]] = deque()
        self._open = 0
        self._events = 0
        self._name = f"{os.getpid()}-{plan.get('seed', 0)}"

    async def run(self) -> dict[str, Any]:
        """Figures of the requests that were due after the warm-up."""
        plan = self.plan
        for _ in range(plan.get("connections", 32)):
            await self._connect()
        begin = time.perf_counter() + 0.05
        self._counting = begin + plan.get("warm", 0.0)
        self._until = self._counting + plan["seconds"]
        if plan.get("rate"):
            await self._open_loop(begin)
        else:
            for connection in list(self._idle):
                self._next(connection)
            await asyncio.sleep(self._until - time.perf_counter())
        patience = time.perf_counter() + plan.get("patience", 15.0)
        while (self._queue or len(self._idle) < self._open) and time.perf_counter() < patience:
            await asyncio.sleep(0.02)
        self.outcome.unsent = len(self._queue)
        self.outcome.lost += len(self._queue) + self._open - len(self._idle)
        return self.outcome.told(plan["seconds"])

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(
            lambda: Connection(self._freed, self._gone), self.plan.get("host", "127.0.0.1"), self.plan["port"]
        )
        self._open += 1
        self._idle.append(connection)

    async def _open_loop(self, due: float) -> None:
        rate = self.plan["rate"]
        while due < self._until:
            wait = due - time.perf_counter()
            if wait > 0:
                await asyncio.sleep(wait)
            while due <= time.perf_counter() and due < self._until:
                self._send(due, self._drawn())
                due += self._random.expovariate(rate)

    def _drawn(self) -> dict[str, Any]:
        found: dict[str, Any] = (
            self._random.choices(self._calls, self._weights)[0] if len(self._calls) > 1 else self._calls[0]
        )
        return found

    def _send(self, due: float, call: dict[str, Any]) -> None:
        if self._idle:
            self._ask(self._idle.popleft(), due, call)
        else:
            self._queue.append((due, call))

    def _next(self, connection: Connection) -> None:
        if connection in self._idle:
            self._idle.remove(connection)
        self._ask(connection, time.perf_counter(), self._drawn())

    def _ask(self, connection: Connection, due: float, call: dict[str, Any]) -> None:
        request, events = self._request(call)

        def done(status: int, body: bytes) -> None:
            now, outcome = time.perf_counter(), self.outcome
            if status == 200 and events and self.plan.get("acknowledged"):
                outcome.acknowledged += events
            if self._counting <= due < self._until:
                outcome.latencies.append(now - due)
                outcome.statuses[status] += 1
                if self.plan.get("answers") and not events and len(outcome.answers) < KEPT:
                    outcome.answers.append(body)
            if not self.plan.get("rate") and now < self._until:
                self._next(connection)

        connection.ask(request, done)

    def _request(self, call: dict[str, Any]) -> tuple[bytes, list[str]]:
        customer = f"c{self._random.randrange(self.plan.get('customers', 1))}"
        path, events = call["path"].replace("{customer}", customer), []
        body = b""
        if "event" in call:
            parts = []
            for _ in range(call.get("lines", 1)):
                self._events += 1
                events.append(f"{self._name}-{self._events}")
                item = self._random.randrange(self.plan.get("items", 1))
                who = f"c{self._random.randrange(self.plan.get('customers', 1))}"
                parts.append(
                    f'{{"event_id":"{events[-1]}","customer":"{who}","item":"i{item:07d}","kind":"{call["event"]}"}}'
                )
            body = (parts[0] if len(parts) == 1 else f"[{','.join(parts)}]").encode()
        elif "body" in call:
            body = json.dumps(call["body"]).replace("{customer}", customer).encode()
        kind = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n" if body else ""
        head = f"{call.get('method', 'GET')} {path} HTTP/1.1\r\nHost: shop\r\n{kind}\r\n"
        return head.encode() + body, events

    def _freed(self, connection: Connection) -> None:
        if self._queue:
            due, call = self._queue.popleft()
            asyncio.get_running_loop().call_soon(self._ask, connection, due, call)
        else:
            self._idle.append(connection)

    def _gone(self, connection: Connection) -> None:
        self._open -= 1
        if connection.done is not None:
            connection.done = None
            self.outcome.lost += 1
        if connection in self._idle:
            self._idle.remove(connection)


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description=__doc__)
    parser.add_argument("--core", type=int)
    parser.add_argument("--told", type=Path, help="file for the figures; they are printed unless given")
    options = parser.parse_args(arguments)
    if options.core is not None:
        os.sched_setaffinity(0, {options.core})
    load = Load(json.load(sys.stdin))
    import uvloop

    gc.disable()
    told = uvloop.run(load.run())
    if load.plan.get("acknowledged"):
        told["acknowledged"] = load.outcome.acknowledged
    if load.plan.get("answers"):
        told["answers"] = [answer.decode() for answer in load.outcome.answers]
    if options.told:
        options.told.write_text(json.dumps(told))
    else:
        print(json.dumps(told))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
