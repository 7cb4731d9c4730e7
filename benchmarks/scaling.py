"""What fitting costs against events, customers, items and factors: CPU seconds and memory of the main methods.

Simulated logs of the shop kind (tastes, popular and rare items, busy and idle customers), one axis at a time around a
shop of a million events, 50,000 customers and 10,000 items. Each point is a process of its own with one thread, warmed
up on a tiny log, and has LIMIT seconds of CPU and MEMORY. `python -m benchmarks.scaling_plots FIGURES FOLDER` draws
the pictures.
"""

import resource
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks.figure import Figure
from benchmarks.measure import Child, ChildFailed, Contender, circumstances

LIMIT, MEMORY = 60, 5 << 30  # CPU seconds of a point with its preparation, bytes
CUSTOMERS, K = 500, 10  # who is asked after the fit, and for how many items
EVENTS, USERS, ITEMS = 1_000_000, 50_000, 10_000


@dataclass(frozen=True)
class Size:
    """How large a log is."""

    events: int = EVENTS
    users: int = USERS
    items: int = ITEMS


AXES: dict[str, dict[int, Size]] = {
    "events": {100_000: Size(100_000, 5_000), 10_000_000: Size(10_000_000, 500_000)},  # 20 of each customer
    "customers": {n: Size(users=n) for n in (5_000, 500_000)},
    "items": {n: Size(items=n) for n in (1_000, 100_000)},
}
FACTORS = (16, 64, 256)
METHODS: dict[str, dict[str, Any]] = {
    "popularity": {},
    "item_knn": {},
    "user_knn": {},
    "markov": {},
    "naive_bayes": {},
    "rp3beta": {},
    "pure_svd": {},
    "als": {"passes": 2},
    "bpr": {"epochs": 2},
    "warp": {"epochs": 2},
    "slim": {},
    "sparse_ease": {},
    "ease": {},
    "slist": {},
}
BY_ITEMS = ("ease", "slist")  # cost is that of the items that take part, at most `max_items`: no other axis matters
VECTORS = ("als", "bpr", "pure_svd")


def run() -> Iterator[Figure]:
    """One figure for each method and point; that of the shop in the middle stands for all axes but the factors."""
    with tempfile.TemporaryDirectory() as folder:
        middle = _log(Path(folder), Size())
        slow = set()
        for name in _known(METHODS):
            yield (figure := _point("all", 0, name, METHODS[name], middle))
            slow |= {name} if figure.seconds is None else set()
        for name in _known(VECTORS):
            for factors in FACTORS:
                yield _point("factors", factors, name, {**METHODS[name], "factors": factors}, middle)
        for axis, points in AXES.items():
            for value, size in points.items():
                path = _log(Path(folder), size)
                for name in _known(METHODS):
                    bounded = name in BY_ITEMS and (axis != "items" or size.items > ITEMS)
                    if not bounded and (name not in slow or value == min(points)):
                        yield _point(axis, value, name, METHODS[name], path)


def _known(names: Iterable[str]) -> list[str]:
    """Those that this release has."""
    from regulars.models import METHODS as KNOWN

    return [name for name in names if name in KNOWN]


def _point(axis: str, value: int, name: str, settings: dict[str, object], path: Path) -> Figure:
    """One method fitted once, and asked by some customers."""
    given = {"path": str(path), "name": name, "settings": settings}
    noted = {**circumstances(), "threads": 1, "settings": settings}
    try:
        child = Child(Contender(name, "benchmarks.scaling:fitting", given, blas=1, warm=False))
    except ChildFailed as failure:
        return Figure(f"fit against {axis}", str(value), name, further={**noted, "absent": str(failure)})
    try:
        turn, end = child.ask("go"), child.ask("end")
    except ChildFailed as failure:
        return Figure(
            f"fit against {axis}", str(value), name, further={**noted, "absent": f"over the limit: {failure}"}
        )
    finally:
        child.close()
    times = turn["seconds"], turn["cpu_seconds"]
    return Figure(f"fit against {axis}", str(value), name, *times, end["quality"].pop("peak_mb"), end["quality"], noted)


def fitting(
    path: str, name: str, settings: dict[str, Any]
) -> tuple[Callable[[], Any], Callable[[Any], dict[str, float]]]:
    """The work of a point: fit on the log at `path`; the milliseconds of an answer are its quality."""
    from benchmarks.measure import timed
    from regulars.core import Run
    from regulars.models import METHODS as KNOWN
    from regulars.ranking import Unseen

    resource.setrlimit(resource.RLIMIT_CPU, (LIMIT, LIMIT))
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    method, quiet = KNOWN[name](**settings), Run(threads=1)
    tiny = _dataset(_tiny())
    _ask(method.fit(tiny, quiet), tiny, Unseen())
    data = _dataset(dict(np.load(path)))

    def judge(model: Any) -> dict[str, float]:
        peak = _peak_mb()
        _, _, cpu_seconds = timed(lambda: _ask(model, data, Unseen()))
        return {"peak_mb": peak, "answer_ms": 1000 * cpu_seconds / CUSTOMERS}

    return lambda: method.fit(data, quiet), judge


def _ask(model: Any, data: Any, unseen: Any) -> Any:
    users = np.random.default_rng(0).choice(data.n_users, min(CUSTOMERS, data.n_users), replace=False).astype(np.int32)
    queries = data.queries(np.sort(users), int(data.time.max()) + 1)
    return model.recommend(queries, K, unseen(queries))


def _peak_mb() -> float:
    """Of this process since it began; what getrusage says holds its parent's before the start too."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def _tiny() -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    user, item = np.sort(random.integers(0, 300, 3_000)), random.integers(0, 200, 3_000)
    return {"user": user, "item": item, "time": np.arange(3_000) * 3_600, "size": np.array([300, 200])}


def _dataset(columns: dict[str, np.ndarray]) -> Any:
    from regulars.core import Dataset, Vocabulary

    n, (users, items) = len(columns["user"]), columns["size"].tolist()
    return Dataset(
        Vocabulary(pl.Series(np.arange(users))),
        Vocabulary(pl.Series(np.arange(items))),
        columns["user"].astype(np.int32),
        columns["item"].astype(np.int32),
        columns["time"].astype(np.int64),
        np.ones(n, dtype=np.float32),
        np.zeros(n, dtype=np.int8),
    )


def _log(folder: Path, size: Size) -> Path:
    """The columns of a simulated log in the order of (user, time), as one file; made once."""
    from regulars.data.simulate import simulate_log

    path = folder / f"{size.events}-{size.users}-{size.items}.npz"
    if not path.exists():
        parts = folder / path.stem
        simulate_log(parts, size.events, size.users, size.items)
        events = pl.read_parquet(parts / "*.parquet", columns=["user_id", "item_id", "timestamp"])
        user, item, time = (events.sort("user_id", "timestamp").to_numpy()).T
        np.savez(path, user=user.astype(np.int32), item=item.astype(np.int32), time=time, size=(size.users, size.items))
    return path
