"""Fair measuring: every contender in its own process, warmed up, taking turns; medians count.

A contender names a function `module:function` that takes JSON arguments and returns two callables: `work()`, which is
timed, and `judge(result)`, which turns the last result into a quality object and is not.
"""

import json
import os
import pickle
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from tempfile import TemporaryFile
from typing import Any, TypeVar

from benchmarks.figure import Figure

ROOT = Path(__file__).parent.parent
REPEAT, THREADS = "REGULARS_BENCHMARKS_REPEAT", "REGULARS_BENCHMARKS_THREADS"  # set by the command line
RESUME = "REGULARS_BENCHMARKS_RESUME"  # the folder of what long steps gave, if an earlier run is to go on

T = TypeVar("T")


@dataclass(frozen=True)
class Contender:
    """Who does the work, and how.

    python: the interpreter of a peer with its own environment, None if that is missing. blas: threads that BLAS may
    use beside the contender's own, all that the run has unless given. packages: whose versions are noted.
    """

    peer: str
    target: str
    arguments: Mapping[str, object] = field(default_factory=dict)
    python: Path | None = Path(sys.executable)
    blas: int | None = None
    warm: bool = True
    packages: Sequence[str] = ()


def repeat() -> int:
    """How often each contender is measured."""
    return int(os.environ.get(REPEAT, "3"))


def threads() -> int:
    """How many threads each contender may use."""
    return int(os.environ.get(THREADS, "0")) or os.cpu_count() or 1


def race(
    task: str, data: str, contenders: Sequence[Contender], *, further: Mapping[str, object] | None = None
) -> Iterator[Figure]:
    """One figure for each contender; they take turns, so that a busy minute of the machine hits all of them."""
    noted = {**circumstances(), **(further or {})}
    with ExitStack() as running:
        children: dict[str, Child] = {}
        for contender in contenders:
            try:
                child = Child(contender)
            except ChildFailed as failure:
                yield Figure(task, data, contender.peer, further={**noted, "absent": str(failure)})
                continue
            running.callback(child.close)
            children[contender.peer] = child
        turns = [{peer: child.ask("go") for peer, child in children.items()} for _ in range(repeat())]
        for peer, child in children.items():
            end = child.ask("end")
            times = {name: [turn[peer][name] for turn in turns] for name in ("seconds", "cpu_seconds")}
            yield Figure(
                task,
                data,
                peer,
                median(times["seconds"]),
                median(times["cpu_seconds"]),
                end["peak_mb"],
                end["quality"],
                {**noted, "versions": end["versions"], "turns": times["cpu_seconds"]},
            )


def timed(work: Callable[[], T]) -> tuple[T, float, float]:
    """The result of `work`, its seconds and its CPU seconds, measured in this process."""
    began, cpu = time.perf_counter(), time.process_time()
    result = work()
    return result, time.perf_counter() - began, time.process_time() - cpu


def kept(step: str, work: Callable[[], T]) -> tuple[T, float, float]:
    """What `timed` says of a long step; with --resume it is done once, and read by the runs that go on."""
    folder = os.environ.get(RESUME)
    if not folder:
        return timed(work)
    path = Path(folder) / f"{step}.pkl"
    if path.exists():
        found: tuple[T, float, float] = pickle.loads(path.read_bytes())
        return found
    told = timed(work)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_suffix(".part").write_bytes(pickle.dumps(told))
    path.with_suffix(".part").rename(path)
    return told


def circumstances() -> dict[str, object]:
    """Threads and machine, for `Figure.further`."""
    return {"threads": threads(), "machine": _machine()}


def peer_python(peer: str) -> Path | None:
    """The interpreter of a peer that `python -m benchmarks setup` installed; None if there is none."""
    python = peers_folder() / peer / "bin" / "python"
    return python if python.exists() else None


def peers_folder() -> Path:
    """Where the environments of the peers live: REGULARS_PEERS, or .peers beside the benchmarks."""
    return Path(os.environ.get("REGULARS_PEERS", ROOT / ".peers"))


class ChildFailed(Exception):
    """A contender is not installed or broke down; says why."""


class Child:
    """A process that holds one contender's work."""

    def __init__(self, contender: Contender) -> None:
        if contender.python is None:
            raise ChildFailed("not installed; see: python -m benchmarks setup")
        told = json.dumps({**asdict(contender), "python": None})
        self.errors = TemporaryFile("w+")  # noqa: SIM115  lives as long as the process that writes to it
        self.process = subprocess.Popen(
            [str(contender.python), "-m", "benchmarks.child", told],
            cwd=ROOT,
            env=_environment(contender),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
        )
        try:
            self.answer()
        except ChildFailed:
            self.close()
            raise

    def close(self) -> None:
        """Ends the process, whatever it does."""
        self.process.kill()
        self.process.communicate()
        self.errors.close()

    def ask(self, word: str) -> dict[str, Any]:
        """The answer to "go" or "end"."""
        assert self.process.stdin is not None
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()
        return self.answer()

    def answer(self) -> dict[str, Any]:
        """The next line that the child says."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            self.errors.seek(0)
            raise ChildFailed((self.errors.read().strip().splitlines() or ["ended without a word"])[-1])
        return dict(json.loads(line))


def _environment(contender: Contender) -> dict[str, str]:
    """The child's environment: numbers of threads; our package is found in src where it is not installed."""
    blas = str(contender.blas or threads())
    counts = {"OPENBLAS_NUM_THREADS": blas, "MKL_NUM_THREADS": blas, "OMP_NUM_THREADS": str(threads())}
    ours = {"NUMBA_NUM_THREADS": str(threads()), "POLARS_MAX_THREADS": str(threads()), THREADS: str(threads())}
    return {**os.environ, **counts, **ours, "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "src")))}


def _machine() -> str:
    model = (
        next(
            (
                line.split(":")[1].strip()
                for line in Path("/proc/cpuinfo").read_text().splitlines()
                if "model name" in line
            ),
            platform.processor(),
        )
        if Path("/proc/cpuinfo").exists()
        else platform.processor()
    )
    return f"{model}, {os.cpu_count()} cores"
