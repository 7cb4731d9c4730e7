"""The contest: a winner chosen on the validation period by one figure, all methods reported on the test period."""

from dataclasses import dataclass, field, replace

from regulars.core import Run
from regulars.data import Prepared
from regulars.evaluation import RATING_METRICS, Comparison, Split, compare

from .composing import Learned
from .learning import Curves, learn
from .periods import splits
from .project import Project


@dataclass(frozen=True)
class Contest:
    """What was measured on both periods; `winner` was chosen on the validation period alone.

    curves: how the epochs went of the fits that were measured on the test period.
    """

    winner: str
    validation: Comparison
    test: Comparison
    curves: Curves = field(default_factory=dict)


def contest(project: Project, prepared: Prepared, names: tuple[str, ...], run: Run) -> Contest:
    """Fits and compares the named methods, twice: on the validation period to choose, on the test period to report."""
    validation, test = splits(project, prepared)
    _, compared = judged(project, validation, names, run)
    curves: Curves = {}
    _, reported = judged(project, test, names, run, curves)
    winner = compared.best(decides(project))
    return Contest(winner, compared, reported, curves)


def judged(
    project: Project, split: Split, names: tuple[str, ...], run: Run, curves: Curves | None = None
) -> tuple[dict[str, Learned], Comparison]:
    """The named methods fitted on what the split may know, and compared on what it withholds."""
    learned = learn(project, split.train, names, run, curves)
    comparison = compare(
        {name: one.recommender for name, one in learned.items()},
        split,
        k=cutoffs(project),
        filters=project.filters(split.train),
        run=run,
    )
    return learned, replace(comparison, costs={name: one.costs for name, one in learned.items()})


def decides(project: Project) -> str:
    """The figure that chooses the winner, such as ndcg@10 or rmse."""
    name = project.config.decides
    return name if name in RATING_METRICS else f"{name}@{cutoffs(project)[0]}"


def cutoffs(project: Project) -> tuple[int, ...]:
    """The list lengths that are judged: the one that customers get first, then 5 and 20."""
    k = project.config.recommend.k
    return (k, *(other for other in (5, 20) if other != k))
