"""Networks on diginetica's sessions, protocol and figures of `sessions`; settings chosen on the last training sessions.

Each click is a step of a second, as the files name no moments. CPU seconds are those of the whole fit.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

from benchmarks.diginetica import Sessions
from benchmarks.figure import OURS, Figure
from benchmarks.measure import circumstances, threads, timed
from benchmarks.sequences import in_steps
from regulars.core import Estimator, Run
from regulars.models import GRU4Rec, SASRec

K = 20

# the GRU of 9 settings, by P@20 of 8,000 questions about the last 16,000 training sessions: rates .001-.008, batches of
# 256 and 512, dropout .2-.4, temperature .07 and .1, weight decay 0 and .1 (eight of them learned from 50,000 sessions
# for 5 epochs); the transformer has its settings, with dropout .2
METHODS: dict[str, Estimator[Any]] = {
    "gru4rec": GRU4Rec(loss="sampled", epochs=8, batch=256, rate=0.003, dropout=0.3, temperature=0.07, patience=0),
    "sasrec": SASRec(
        loss="sampled", epochs=8, batch=256, rate=0.003, temperature=0.07, patience=0, width=128, blocks=1
    ),
}

PUBLISHED = {  # SR-GNN's own table, and a rerun of the lineage by others (P@20 and NDCG@20)
    "SR-GNN": {"p@20": 0.5073, "mrr@20": 0.1759},
    "NARM, rerun": {"p@20": 0.534, "ndcg@20": 0.263},
    "SR-GNN, rerun": {"p@20": 0.493, "ndcg@20": 0.236},
    "GRU4Rec, rerun": {"p@20": 0.418, "ndcg@20": 0.196},
}


def run() -> Iterator[Figure]:
    """Each method once, then the published figures."""
    sessions = in_steps(Sessions.test())
    for name, method in METHODS.items():
        model, seconds, cpu_seconds = timed(partial(method.fit, sessions.data, Run(threads=threads())))
        answer, _, answering = timed(partial(model.recommend, sessions.queries, K))
        figures = {**sessions.figures(answer.items), "milliseconds": 1000 * answering / len(sessions.queries)}
        noted = {**circumstances(), "settings": repr(method)}
        yield Figure(f"sessions, {name}", "diginetica", OURS, seconds, cpu_seconds, quality=figures, further=noted)
    for name, quality in PUBLISHED.items():
        yield Figure("sessions", "diginetica", f"{name}, published", quality=quality)
