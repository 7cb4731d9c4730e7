"""What a piece of work costs: seconds, CPU seconds and memory, and a limit on the last of them."""

import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

T = TypeVar("T")

_STATUS: Final = Path("/proc/self/status")
_RESET: Final = Path("/proc/self/clear_refs")
_MEMORY: Final = Path("/proc/meminfo")
_CONTAINER: Final = Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class Cost:
    """seconds: of wall time; cpu_seconds: over all threads; peak_mb: highest memory of the process while it worked.

    The process holds the data too. Where the system cannot forget an earlier peak (all but Linux), it is included.
    """

    seconds: float
    cpu_seconds: float
    peak_mb: float

    def plus(self, other: "Cost") -> "Cost":
        """The cost of both, one after the other."""
        return Cost(
            self.seconds + other.seconds,
            self.cpu_seconds + other.cpu_seconds,
            max(self.peak_mb, other.peak_mb),
        )


NOTHING: Final = Cost(0.0, 0.0, 0.0)


def measured(work: Callable[[], T]) -> tuple[T, Cost]:
    """The result of `work`, and what it cost."""
    _forget_peak()
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    return result, Cost(time.perf_counter() - wall, time.process_time() - cpu, peak_mb())


def peak_mb() -> float:
    """The highest memory of this process since `measured` last began, in megabytes."""
    told = _figure(_STATUS, "VmHWM")
    return told / 1024 if told else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def free_mb() -> float:
    """Memory that the machine, or the container, can still give, in megabytes; infinite where nobody tells."""
    told = _figure(_MEMORY, "MemAvailable")
    machine = told / 1024 if told else float("inf")
    try:
        most, held = (int((_CONTAINER / name).read_text()) for name in ("memory.max", "memory.current"))
    except (OSError, ValueError):  # no container, or one without a limit
        return machine
    return min(machine, (most - held) / 2**20)


@contextmanager
def memory_limit(more_mb: float) -> Iterator[None]:
    """Lets this process take so many megabytes more than it has, at most; then arrays raise MemoryError.

    So that one greedy fit is an error of its own, and not the end of the whole process. Linux only; elsewhere nothing.
    """
    before = resource.getrlimit(resource.RLIMIT_DATA)
    held = _figure(_STATUS, "VmData")
    if held and more_mb != float("inf"):
        wanted = round((held / 1024 + more_mb) * 2**20)
        hard = before[1]
        resource.setrlimit(resource.RLIMIT_DATA, (wanted if hard < 0 else min(wanted, hard), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, before)


def _forget_peak() -> None:
    """Lets the system note the peak of memory anew (Linux: man 5 proc, clear_refs)."""
    try:
        _RESET.write_text("5")
    except OSError:
        return


def _figure(path: Path, name: str) -> int:
    """A line such as "VmHWM:  1234 kB" of a file that the system keeps; 0 where there is none."""
    try:
        lines = path.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(name + ":")), 0)
