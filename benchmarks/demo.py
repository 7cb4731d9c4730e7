"""The whole demo as a new user runs it: one process from raw tables to report; its first run compiles the kernels."""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figure import OURS, Figure

TARGET = 240.0  # seconds on two cores


def run() -> Iterator[Figure]:
    """The first run ever, which compiles the kernels, and the second."""
    with tempfile.TemporaryDirectory() as scratch:
        for what in ("demo, kernels compiled on the way", "demo, kernels compiled before"):
            yield _once(what, Path(scratch))


def _once(task: str, scratch: Path) -> Figure:
    folder = Path(tempfile.mkdtemp(dir=scratch))
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(scratch / "kernels")}
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    command = [
        sys.executable,
        "-c",
        "from regulars.cli import main; main()",
        "demo",
        "--quiet",
        "--folder",
        str(folder),
    ]
    subprocess.run(command, check=True, capture_output=True, env=environment)
    seconds, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return Figure(
        task=task,
        data="The Complete Journey",
        peer=OURS,
        seconds=seconds,
        cpu_seconds=after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        peak_mb=after.ru_maxrss / 1024,
        quality=_quality(folder / "out" / "comparison.json"),
        further={"target_seconds": TARGET, "cores": os.cpu_count()},
    )


def _quality(path: Path) -> dict[str, float]:
    """The winner's figures on the test period."""
    said = json.loads(path.read_text(encoding="utf-8"))
    rows = [row for row in said["test"]["metrics"] if row["name"] == said["winner"]]
    return {row["metric"]: round(row["mean"], 4) for row in rows if row["metric"] in ("ndcg@10", "recall@10")}
