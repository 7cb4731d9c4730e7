"""evaluate() one recommender or compare() several: the same questions, filters and measures for each."""

from collections.abc import Mapping, Sequence

from regulars.core import QUIET, Recommender, Run
from regulars.ranking import Filter

from .catalog_metrics import CATALOG_METRICS
from .comparison import Comparison
from .evaluation import Evaluation
from .judging import Judge, Measures
from .metrics import METRICS, Metric
from .ratings import RATING_METRICS
from .slices import SLICINGS
from .split import Split


def evaluate(
    recommender: Recommender,
    split: Split,
    *,
    k: Sequence[int] = (10,),
    filters: Sequence[Filter] = (),
    metrics: Mapping[str, Metric] = METRICS,
    run: Run = QUIET,
) -> Evaluation:
    """Asks for the best items of the whole catalog for every query of the split and judges the lists.

    k: cut-offs; the first is the main one, which the slices use. filters: what may be answered (nothing seen before,
    say), beside the candidates of the split. metrics: by name; those of METRICS unless given. Who foretells ratings is
    also judged by RATING_METRICS on the ratings that the split withholds.
    """
    return judge(split, k=k, metrics=metrics).evaluate(recommender, filters=filters, run=run)


def compare(
    recommenders: Mapping[str, Recommender],
    split: Split,
    *,
    k: Sequence[int] = (10,),
    filters: Sequence[Filter] = (),
    metrics: Mapping[str, Metric] = METRICS,
    run: Run = QUIET,
) -> Comparison:
    """Evaluates every recommender on the same questions under the same filters, and says which differences are real."""
    one = judge(split, k=k, metrics=metrics)
    return Comparison(
        {
            name: one.evaluate(recommender, filters=filters, run=run, task=f"evaluate {name}")
            for name, recommender in recommenders.items()
        }
    )


def judge(split: Split, *, k: Sequence[int] = (10,), metrics: Mapping[str, Metric] = METRICS) -> Judge:
    """A split made ready, for callers who evaluate one recommender after another."""
    sliced = tuple(name for name in ("recall", "ndcg") if name in metrics)
    return Judge(split, tuple(k), Measures(metrics, CATALOG_METRICS, SLICINGS, sliced, RATING_METRICS))
