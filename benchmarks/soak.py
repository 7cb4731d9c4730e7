"""An hour in the life of a service: events, questions, refits and swaps at the same time; nothing may be lost or leak.

    python -m benchmarks.soak --minutes 60

A shop is written as tables, `regulars serve` takes it from there, as on a shop's first day. Checked at the end: every
event that was acknowledged is in the store, once; no request failed; nothing was shown that the rules forbid; the
memory that the server holds does not grow after the first third. `--memory FILE` takes it down every ten seconds.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.replicas import ALONE, ROOT, Asking, Replica

N_ITEMS, N_CUSTOMERS, PAST = 2_000, 500, 20
QUESTIONS, EVENTS, BATCHES, LINES = 40, 60, 4, 20  # requests a second; events in a batch
DEAREST = 60.0
SAMPLE = 10.0  # seconds between two looks at the memory, less in a short run
EVERY = 20.0  # seconds between two versions that are promoted, and between two refits thrice as many
GROWTH_MB = 24.0  # that a server may gain after the first third: caches that fill, histories that grow

CONFIG = """
name = "Soak"
[events]
paths = "events.csv"
[items]
paths = "items.csv"
[split]
days = 5
[recommend]
method = "als"
k = 10
[methods.als]
factors = 16
[methods.popularity]
[rules]
where = "price < {dearest} and on_shelf"
[scenarios.product]
sources = ["similar", "popular"]
k = 10
[serve]
open = true
store = "{store}"
"""


@dataclass
class Report:
    """What happened."""

    seconds: float
    answers: int = 0
    acknowledged: int = 0
    swaps: int = 0
    swaps_failed: list[str] = field(default_factory=list)
    refits: int = 0
    refits_failed: int = 0
    failed: int = 0
    unsent: int = 0  # of those, never sent as the machine was too busy to answer what came before
    statuses: dict[str, int] = field(default_factory=dict)
    milliseconds: list[dict[str, float]] = field(default_factory=list)  # of questions, events, batches
    lost: list[str] = field(default_factory=list)
    twice: int = 0
    forbidden: list[str] = field(default_factory=list)
    memory_mb: list[float] = field(default_factory=list)
    at: list[float] = field(default_factory=list)  # seconds since the begin, of each of these
    said: str = ""  # of the server, if it complained

    @property
    def growth_mb(self) -> float:
        """Of the memory after the first third, by the means of the two halves that follow."""
        late = self.memory_mb[len(self.memory_mb) // 3 :]
        half = max(1, len(late) // 2)
        return sum(late[half:]) / max(1, len(late) - half) - sum(late[:half]) / half

    @property
    def rise_mb(self) -> float:
        """A line through the memory of the last two thirds: what it gains in an hour."""
        import numpy as np

        first = len(self.at) // 3
        return float(3600 * np.polyfit(self.at[first:], self.memory_mb[first:], 1)[0]) if len(self.at) > 5 else 0.0

    def table(self, rows: int = 12) -> list[dict[str, float]]:
        """The memory over time: mean and most of each of so many parts."""
        import numpy as np

        parts = np.array_split(np.arange(len(self.at)), min(rows, len(self.at)))
        return [
            {
                "until_minute": round(self.at[part[-1]] / 60, 1),
                "mean_mb": round(float(np.mean([self.memory_mb[place] for place in part])), 1),
                "most_mb": round(max(self.memory_mb[place] for place in part), 1),
            }
            for part in parts
        ]

    @property
    def complaints(self) -> str:
        """Errors in the log of the server."""
        return "\n".join(line for line in self.said.splitlines() if '"level":"error"' in line or "Traceback" in line)

    def wrong(self) -> list[str]:
        """What must not be; empty if all is well."""
        found = {
            f"{len(self.lost)} acknowledged events are not in the store": self.lost,
            f"{self.twice} events are in the store twice": self.twice,
            f"{self.failed} requests failed, {self.unsent} of them never sent": self.failed,
            f"{len(self.forbidden)} forbidden items were shown, such as {self.forbidden[:3]}": self.forbidden,
            f"the memory grew by {self.growth_mb:.1f} MB": self.growth_mb > GROWTH_MB,
            f"{self.refits_failed} refits failed": self.refits_failed,
            f"{len(self.swaps_failed)} swaps failed, such as {self.swaps_failed[:1]}": self.swaps_failed,
            "nothing was swapped": not self.swaps,
            "nothing was answered": not self.answers,
            f"the server complained: {self.complaints[-2000:]}": self.complaints,
        }
        return [text for text, wrong in found.items() if wrong]


class Served(Replica):
    """`regulars serve` for the shop of a folder."""

    def command(self) -> list[str]:
        config = str(self.folder / "regulars.toml")
        return [*regulars("serve", config), "--port", str(self.port), "--no-access-log", "--quiet"]


def regulars(verb: str, config: str) -> list[str]:
    """A verb of the command line."""
    return [sys.executable, "-m", "regulars", verb, "--config", config]


def written(folder: Path, store: str = "") -> Path:
    """The tables of a small shop and its regulars.toml. store: its address, unless it is an SQLite file beside them."""
    import numpy as np
    import polars as pl

    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(0)
    n = N_CUSTOMERS * PAST
    customers = np.repeat(np.arange(N_CUSTOMERS), PAST)
    items = (customers * 7 + random.integers(0, 40, n) ** 2) % N_ITEMS
    now = int(time.time())
    events = {
        "user_id": [f"c{customer}" for customer in customers],
        "item_id": [name_of(item) for item in items],
        "kind": np.where(random.random(n) < 0.3, "purchase", "view"),
        "time": now - random.integers(60, 60 * 86_400, n),
    }
    pl.DataFrame(events).write_csv(folder / "events.csv")
    shelf = [(name_of(item), price_of(item), on_shelf(item)) for item in range(N_ITEMS)]
    pl.DataFrame(shelf, schema=["item_id", "price", "on_shelf"], orient="row").write_csv(folder / "items.csv")
    (folder / "regulars.toml").write_text(CONFIG.format(dearest=DEAREST, store=store))
    return folder


def name_of(item: int) -> str:
    """The id of an item, as the load generator makes them."""
    return f"i{item:07d}"


def price_of(item: int) -> float:
    """What it costs; the same in every run."""
    return float(item * 37 % 100)


def on_shelf(item: int) -> bool:
    """Whether it may be sold."""
    return item % 11 != 0


def soak(folder: Path, seconds: float, *, core: int | None = None, memory: Path | None = None) -> Report:
    """Everything at once for so many seconds. memory: the file that it is taken down in as it goes on."""
    written(folder)
    config = str(folder / "regulars.toml")
    report = Report(seconds)
    with (folder / "said").open("w+") as said, Served(folder, core=core, said=said) as served:
        _refit(config, report)
        plans = _plans(seconds)
        at_work = [Asking(served, plan, core=None) for plan in plans]
        _watched(served, config, report, memory)
        told = [asking.result() for asking in at_work]
    report.said = (folder / "said").read_text()
    report.answers = told[0]["good"]
    report.failed = sum(one["requests"] - one["good"] + one["lost"] for one in told)
    report.unsent = sum(one["unsent"] for one in told)
    report.statuses = dict(sum((Counter(one["statuses"]) for one in told), Counter()))
    report.milliseconds = [one["milliseconds"] for one in told]
    report.forbidden = sorted({item for answer in told[0]["answers"] for item in _forbidden(json.loads(answer))})
    _stored(folder, [event for one in told for event in one.get("acknowledged", ())], report)
    return report


def _plans(seconds: float) -> list[dict[str, Any]]:
    """Who asks and who tells."""
    usual: dict[str, Any] = {"seconds": seconds, "customers": N_CUSTOMERS, "items": N_ITEMS, "connections": 16}
    session = [{"item": name_of(5)}, {"item": name_of(12)}]
    questions = [
        {"path": "/v1/recommend/{customer}", "weight": 6},
        {"path": f"/v1/similar/{name_of(40)}?customer={{customer}}", "weight": 1},
        {"path": "/v1/trending", "weight": 1},
        {"path": "/v1/recently-viewed/{customer}", "weight": 1},
        {
            "method": "POST",
            "path": "/v1/recommend",
            "weight": 2,
            "body": {"customer": "{customer}", "session": session},
        },
        {
            "method": "POST",
            "path": "/v1/recommend",
            "weight": 1,
            "body": {"scenario": "product", "basket": [name_of(9)]},
        },
    ]
    event = {"method": "POST", "path": "/v1/events", "event": "view"}
    return [
        {**usual, "rate": QUESTIONS, "calls": questions, "answers": True, "seed": 1},
        {
            **usual,
            "rate": EVENTS,
            "calls": [event, {**event, "event": "purchase", "weight": 0.3}],
            "acknowledged": True,
            "seed": 2,
        },
        {**usual, "rate": BATCHES, "calls": [{**event, "lines": LINES}], "acknowledged": True, "seed": 3},
    ]


def _watched(served: Replica, config: str, report: Report, memory: Path | None) -> None:
    """Swaps and refits while the others work; the memory now and then."""
    begun = look = time.monotonic()
    refitting: subprocess.Popen[bytes] | None = None
    swap, refit = begun + EVERY, begun + EVERY / 2
    while time.monotonic() < begun + report.seconds:
        time.sleep(min(2.0, report.seconds / 60))
        if time.monotonic() >= look:
            look += min(SAMPLE, report.seconds / 60)
            _taken_down(served, report, time.monotonic() - begun, memory)
        if refitting is not None and refitting.poll() is not None:
            report.refits += 1
            report.refits_failed += refitting.returncode != 0
            refitting = None
        if time.monotonic() >= refit and refitting is None:
            refitting = subprocess.Popen(
                [*regulars("refit", config), "--promote", "--no-judge", "--quiet"], env=_alone()
            )
            refit += 3 * EVERY
        if time.monotonic() >= swap:
            try:
                report.swaps += _swapped(served)
            except OSError as error:  # no answer, or a refusal: the rest goes on and is told of
                report.swaps_failed.append(repr(error))
            swap += EVERY
    if refitting is not None:
        report.refits += 1
        report.refits_failed += refitting.wait() != 0


def _taken_down(served: Replica, report: Report, at: float, memory: Path | None) -> None:
    report.at.append(round(at, 1))
    report.memory_mb.append(round(served.resident_mb(), 2))
    if memory is not None:
        with memory.open("a") as file:
            file.write(f"{report.at[-1]},{report.memory_mb[-1]},{report.swaps},{report.refits}\n")


def _swapped(served: Replica) -> bool:
    """Another of the versions answers; whether there is another."""
    models = served.get("/v1/models")
    others = [one["name"] for one in models["models"] if one["name"] != models["answering"]]
    if not others:
        return False
    served.post(f"/v1/models/{others[-1]}/promote")
    return True


def _refit(config: str, report: Report) -> None:
    done = subprocess.run([*regulars("refit", config), "--promote", "--no-judge", "--quiet"], env=_alone(), check=False)
    report.refits += 1
    report.refits_failed += done.returncode != 0


def _alone() -> dict[str, str]:
    return {**os.environ, **ALONE, "PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"}


def _forbidden(answer: dict[str, Any]) -> list[str]:
    shown = [line["item"] for line in answer["items"]]
    return [item for item in shown if price_of(int(item[1:])) >= DEAREST or not on_shelf(int(item[1:]))]


def _stored(folder: Path, acknowledged: Sequence[str], report: Report) -> None:
    from regulars.cli.project import Project
    from regulars.cli.service import store_address
    from regulars.store import open_store

    store = open_store(store_address(Project.open(folder / "regulars.toml")))
    try:
        there = store.events.frame()["event_id"].to_list()
    finally:
        store.close()
    known = set(there)
    report.acknowledged = len(acknowledged)
    report.lost = [event for event in acknowledged if event not in known]
    report.twice = len(there) - len(known)


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--core", type=int, help="that the server is kept on")
    parser.add_argument("--memory", type=Path, help="a CSV file: seconds, MB, swaps and refits until then")
    parser.add_argument("--json", type=Path, help="a file for what is printed")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        report = soak(Path(folder) / "shop", 60 * options.minutes, core=options.core, memory=options.memory)
    told = {name: value for name, value in asdict(report).items() if name not in ("memory_mb", "at")}
    told |= {"growth_mb": report.growth_mb, "rise_mb_an_hour": report.rise_mb, "memory": report.table()}
    told |= {"lost": len(report.lost), "said": report.said[-500:]}
    wrong = report.wrong()
    text = json.dumps({**told, "wrong": wrong}, indent=1)
    print(text)
    if options.json is not None:
        options.json.write_text(text)
    print("\n".join(wrong) or "all is well")
    return bool(wrong)


if __name__ == "__main__":
    raise SystemExit(main())
