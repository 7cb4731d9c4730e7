"""Where the time of a server goes: the CPU of each of its threads, and what each was at when it was looked at."""

import json
import os
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from types import FrameType

PAUSE = 0.004  # seconds between two looks
IDLE = ("threading.py", "queue.py", "selectors.py")
STAGES = (  # the innermost frame that is in one of these decides
    ("search of the vectors", "regulars/kernels/topk.py", ""),
    ("search of the vectors", "regulars/kernels/byte_scan.py", ""),
    ("history from the store", "regulars/serving/histories.py", ""),
    ("fold-in of the customer", "regulars/models/kinds/fold_in.py", "encode"),
    ("reasons: arithmetic", "regulars/models/kinds/fold_in.py", "contributions"),
    ("reasons: arithmetic", "regulars/serving/ladder.py", "because"),
    ("ids, names and sentences", "regulars/serving/telling.py", ""),
    ("ids, names and sentences", "regulars/serving/explaining.py", ""),
    ("rules and masks", "regulars/ranking/rules/", ""),
    ("ladder", "regulars/serving/ladder.py", ""),
    ("questions to arrays", "regulars/serving/coding.py", ""),
    ("questions to arrays", "regulars/serving/asking.py", ""),
    ("cursors, exposures, answers", "regulars/serving/engine.py", ""),
    ("handing over between threads", "regulars/serving/batching.py", ""),
    ("handing over between threads", "regulars/serving/calls.py", "done"),
    ("JSON and routes", "regulars/serving/routes/", ""),
    ("requests: head, key, limits, log", "regulars/serving/", ""),
    ("requests: head, key, limits, log", "uvicorn/", ""),
)
_TICKS = os.sysconf("SC_CLK_TCK")


class Stages(threading.Thread):
    """Looks at the threads of this process again and again, and writes what it saw into a file, every second."""

    def __init__(self, path: Path) -> None:
        super().__init__(name="stages", daemon=True)
        self._path = path
        self._seen: dict[str, Counter[str]] = {}

    def run(self) -> None:
        """Until the process ends."""
        told = time.monotonic()
        while True:
            time.sleep(PAUSE)
            names = {thread.ident: thread.name for thread in threading.enumerate()}
            for ident, frame in sys._current_frames().items():
                name = names.get(ident, "")
                if name != self.name:
                    self._seen.setdefault(name, Counter())[_stage(frame)] += 1
            if time.monotonic() > told + 1:
                told = time.monotonic()
                self._tell()

    def _tell(self) -> None:
        told = {name: {"cpu": seconds, "seen": self._seen.get(name, {})} for name, seconds in _cpu_seconds().items()}
        beside = self._path.with_suffix(".part")
        beside.write_text(json.dumps(told))
        beside.replace(self._path)


def shares(before: dict[str, dict], after: dict[str, dict]) -> dict[str, float]:  # type: ignore[type-arg]
    """CPU seconds of each stage between two tellings; a thread's time is split as it was seen at work."""
    found: Counter[str] = Counter()
    for name, told in after.items():
        was = before.get(name, {"cpu": 0.0, "seen": {}})
        cpu = told["cpu"] - was["cpu"]
        seen = {stage: n - was["seen"].get(stage, 0) for stage, n in told["seen"].items() if stage != "idle"}
        total = sum(seen.values())
        for stage, n in seen.items() if total else [("other", 1)]:
            label = stage if name == "answers" else f"thread {name}" if name != "MainThread" else "HTTP loop"
            found[label] += cpu * n / max(total, 1)
    return dict(found)


def _stage(frame: FrameType | None) -> str:
    if frame is not None and frame.f_code.co_filename.endswith(IDLE):
        return "idle"
    while frame is not None:
        file, name = frame.f_code.co_filename, frame.f_code.co_name
        for stage, place, function in STAGES:
            if place in file and function in ("", name):
                return stage
        frame = frame.f_back
    return "other"


def _cpu_seconds() -> dict[str, float]:
    """Of each thread of this process, by name."""
    found: Counter[str] = Counter()
    for thread in threading.enumerate():
        try:
            fields = Path(f"/proc/self/task/{thread.native_id}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        found[thread.name] += (int(fields[11]) + int(fields[12])) / _TICKS
    return dict(found)
