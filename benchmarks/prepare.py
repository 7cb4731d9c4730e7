"""Preparing 1, 10 and 100 million simulated events: time, and how the peak of the memory grows.

Every size is prepared by a fresh process from Parquet parts of a million events. Beside us stands what people write by
hand with polars and pandas: read all parts, number the ids, sort by customer and time, hold the columns; no check, no
quarantine, no sessions. REGULARS_BENCHMARKS_EVENTS=1000000,10000000 chooses other sizes; the simulated logs are kept in
REGULARS_BENCHMARKS_LOGS, if that names a folder.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figure import Figure
from benchmarks.measure import circumstances

SIZES = (1_000_000, 10_000_000, 100_000_000)
LARGEST_BY_HAND = 10_000_000  # what fits into memory many times over
PER_USER, PER_ITEM = 50, 1_000  # events


def run() -> Iterator[Figure]:
    """One figure for each size and contender."""
    chosen = os.environ.get("REGULARS_BENCHMARKS_EVENTS")
    sizes = [int(size) for size in chosen.split(",")] if chosen else SIZES
    with tempfile.TemporaryDirectory() as scratch:
        logs = Path(os.environ.get("REGULARS_BENCHMARKS_LOGS", scratch))
        for size in sizes:
            log = _log(logs, size)
            for peer in ("regulars", *(("polars", "pandas") if size <= LARGEST_BY_HAND else ())):
                yield _figure(peer, log, size, Path(scratch) / "out")


def _log(folder: Path, size: int) -> Path:
    """The simulated log of so many events, written unless it is there."""
    from regulars.data.simulate import simulate_log

    log = folder / f"log-{size}"
    if not log.exists():
        simulate_log(log.with_suffix(".part"), size, size // PER_USER, size // PER_ITEM)
        log.with_suffix(".part").rename(log)
    return log


def _figure(peer: str, log: Path, size: int, out: Path) -> Figure:
    command = [sys.executable, "-m", "benchmarks.prepare", peer, str(log), str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    data = f"{size // 1_000_000} M events"
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["ended without a word"])[-1]
        return Figure("prepare", data, peer, further={**circumstances(), "absent": reason})
    said = json.loads(done.stdout.splitlines()[-1])
    if said["events"] != size:
        raise RuntimeError(f"{peer} kept {said['events']} of {size} events")
    return Figure("prepare", data, peer, said["seconds"], said["cpu_seconds"], said["peak_mb"], further=circumstances())


def _by_regulars(log: Path, out: Path) -> int:
    from regulars.data import Checks, Sources, Table, prepare

    return len(prepare(Sources(Table(log)), out, Checks(duplicates="keep"), again=True).dataset)


def _by_polars(log: Path, out: Path) -> int:
    import numpy as np
    import polars as pl

    events = pl.read_parquet(log / "*.parquet")
    for name in ("user_id", "item_id"):
        ids = events[name].unique(maintain_order=True)
        numbers = pl.DataFrame({name: ids, name[:4]: np.arange(len(ids), dtype=np.int32)})
        events = events.join(numbers, on=name, how="left", maintain_order="left")
    events = events.sort("user", "timestamp", maintain_order=True)
    columns = [events[name].to_numpy() for name in ("user", "item", "timestamp", "price")]
    return len(columns[0])


def _by_pandas(log: Path, out: Path) -> int:
    import pandas as pd  # type: ignore[import-untyped]

    events = pd.concat([pd.read_parquet(path) for path in sorted(log.glob("*.parquet"))], ignore_index=True)
    for name in ("user_id", "item_id", "kind"):
        events[name] = pd.factorize(events[name])[0]
    events = events.sort_values(["user_id", "timestamp"], kind="stable")
    columns = [events[name].to_numpy() for name in ("user_id", "item_id", "timestamp", "price")]
    return len(columns[0])


def _child(peer: str, log: Path, out: Path) -> None:
    works = {"regulars": _by_regulars, "polars": _by_polars, "pandas": _by_pandas}
    began = time.perf_counter()
    events = works[peer](log, out)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    said = {"seconds": time.perf_counter() - began, "cpu_seconds": time.process_time(), "peak_mb": peak_mb}
    sys.stdout.write(json.dumps({**said, "events": events}) + "\n")


if __name__ == "__main__":
    _child(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
