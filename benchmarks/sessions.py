"""Session-kNN on diginetica: settings chosen on the last training sessions, asked once on the published test.

P@20 (the next item is among the 20), MRR@20 and NDCG@20 of 60,858 questions; everything may be answered, also what the
session has had already. `milliseconds` is the CPU time of an answer, `alone` that of a session that is asked for by
itself. Published: V-SKNN and STAN as rerun beside their own work by others; see benchmarks/README.md.
"""

from collections.abc import Callable, Iterator
from typing import Any

from benchmarks.diginetica import Sessions
from benchmarks.figure import OURS, Figure
from benchmarks.measure import circumstances, threads, timed
from regulars.core import Estimator, Run
from regulars.models import STAN, VSKNN

K, ALONE = 20, 500

# each the best P@20 + NDCG@20 of 20,000 questions about the last 16,000 training sessions, among about 50 settings of
# V-SKNN and 130 of STAN: random ones, then some around the best
METHODS: dict[str, Estimator[Any]] = {
    "vsknn": VSKNN(150, 3_000, "linear", "div", idf=1.5, length=0.24),
    "stan": STAN(220, 5_000, 1.15, 80.0, 3.0, idf=1.0, length=0.1),
}

PUBLISHED = {"vsknn": {"p@20": 0.505, "ndcg@20": 0.252}, "stan": {"p@20": 0.515, "ndcg@20": 0.260}}


def run() -> Iterator[Figure]:
    """Each method once, followed by the published figures."""
    sessions = Sessions.test()
    for name, method in METHODS.items():
        model, seconds, cpu_seconds = timed(_fitting(method, sessions))
        _alone(model, sessions)  # compiles
        answer, _, answering = timed(lambda model=model: model.recommend(sessions.queries, K))
        _, _, one_by_one = timed(lambda model=model: _alone(model, sessions))
        figures = {
            **sessions.figures(answer.items),
            "milliseconds": 1000 * answering / len(sessions.queries),
            "milliseconds alone": 1000 * one_by_one / ALONE,
        }
        noted = {**circumstances(), "settings": repr(method)}
        yield Figure(f"sessions, {name}", "diginetica", OURS, seconds, cpu_seconds, quality=figures, further=noted)
        yield Figure(f"sessions, {name}", "diginetica", "published", quality=PUBLISHED[name])


def _fitting(method: Estimator[Any], sessions: Sessions) -> Callable[[], Any]:
    return lambda: method.fit(sessions.data, Run(threads=threads()))


def _alone(model: Any, sessions: Sessions) -> None:
    for row in range(ALONE):
        model.recommend(sessions.queries[row : row + 1], K)
