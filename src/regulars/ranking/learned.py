"""LearnedBlend: learns from a withheld part of the log how to weigh what several methods say."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from regulars.core import QUIET, Dataset, Estimator, Model, Run, Settings, setting
from regulars.core.errors import SettingError

from .additive import AdditiveRanker
from .filters import Filter
from .forest import TreeRanker
from .lessons import Lesson
from .pipeline import Pipeline
from .two_stage import TwoStage

LEARNERS = ("linear", "trees")


@dataclass(frozen=True)
class LearnedBlend(Settings):
    """Stacking (Wolpert, Neural Networks 1992) for lists: a pipeline that reads nothing but events.

    The methods `of` are fitted on the log without its newest `share` of events (without a random share of each
    customer's items where there are no times), the ranker learns from the items that at most `customers` customers
    wanted then, among the best `depth` of each method. After that the methods are fitted anew on everything.
    learner: "linear", a curve over each number of the evidence and weights that depend on the customer, see `Additive`;
    or "trees", see `Forest`, with at most `trees` trees of `leaves` leaves, each adding `rate` of what it found (needs
    the extra `rank` to learn, not to answer). kinds: events that count as wanting an item. filters: what may be
    answered, as it will be when the blend is used. `TwoStage` reads attributes, too.
    """

    of: tuple[Estimator[Any], ...]
    learner: str = setting("linear", choices=LEARNERS)
    depth: int = setting(100, low=1, high=1_000, log=True)
    share: float = setting(0.1, low=0.01, high=0.5)
    customers: int = setting(5_000, low=10, high=1_000_000, log=True)
    trees: int = setting(300, low=1, high=5_000, log=True)
    leaves: int = setting(31, low=2, high=1_024, log=True)
    rate: float = setting(0.05, low=1e-3, high=1.0, log=True)
    kinds: tuple[str, ...] = ()
    filters: tuple[Filter, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.of:
            raise SettingError("a learned blend needs at least one method; it has none")

    def fit(self, data: Dataset, run: Run = QUIET) -> Pipeline:
        return self.two_stage.fit(data, run)

    def blend(
        self, lesson: Lesson, early: Sequence[Model], final: Sequence[Model], data: Dataset, run: Run = QUIET
    ) -> Pipeline:
        """The blend of `final`, models of all the data, as learned from `early`, models of `lesson.before`."""
        return self.two_stage.learned([lesson], [early], final, data, run)

    @property
    def two_stage(self) -> TwoStage:
        """The same as a pipeline without attributes."""
        trees = TreeRanker(self.trees, self.leaves, self.rate, least=20, part=1.0)
        return TwoStage(
            self.of,
            trees if self.learner == "trees" else AdditiveRanker(negatives=0),
            (),
            depth=self.depth,
            share=self.share,
            customers=self.customers,
            kinds=self.kinds,
            taught=self.filters,
        )
