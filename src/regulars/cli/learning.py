"""Fitting what the configuration names, once each, with the time and memory that it took."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

from regulars.config import no_such
from regulars.core import Dataset, Progress, Recommender, Run
from regulars.core.errors import ConfigError, EmptyData
from regulars.evaluation.cost import Cost, measured
from regulars.models import METHODS
from regulars.ranking import Fallback, RankFusion

from .project import Project


@dataclass(frozen=True)
class Learned:
    """A fitted recommender and what the fit cost."""

    recommender: Recommender
    cost: Cost

    @property
    def seconds(self) -> float:
        return self.cost.seconds

    @property
    def costs(self) -> dict[str, float]:
        """By the names that a comparison tells them under."""
        return {
            "fit_seconds": self.cost.seconds,
            "fit_cpu_seconds": self.cost.cpu_seconds,
            "peak_mb": self.cost.peak_mb,
        }


def learn(project: Project, data: Dataset, names: Sequence[str], run: Run) -> dict[str, Learned]:
    """Fits the named methods and blends on `data`; a method that several blends need is fitted once."""
    blends = project.config.blends
    needed = [part for name in names for part in project.parts(name)]  # misspelled names are told before any fit
    if not (data.weight > 0).any():
        raise EmptyData(
            f"none of the {len(data):,} events to learn from weighs more than 0, so that nobody wanted anything; "
            "give one kind of event at least a positive weight under [kinds]"
        )
    learned: dict[str, Learned] = {}
    for done, name in enumerate(dict.fromkeys(needed)):
        run.on_epoch(Progress("fit methods", done, len(set(needed))))
        learned[name] = _fitted(project, data, name, run)
    run.on_epoch(Progress("fit methods", len(set(needed)), len(set(needed))))
    return {name: _blended(project, name, learned) if name in blends else learned[name] for name in names}


def _fitted(project: Project, data: Dataset, name: str, run: Run) -> Learned:
    return Learned(*measured(lambda: project.method(name).fit(data, run)))


def _blended(project: Project, name: str, learned: Mapping[str, Learned]) -> Learned:
    blend = project.config.blends[name]
    parts = [learned[part] for part in blend.of]
    fusion = RankFusion(tuple(part.recommender for part in parts), blend.weights, blend.depth, blend.constant)
    return Learned(fusion, reduce(Cost.plus, (part.cost for part in parts)))


def with_fallback(project: Project, name: str, learned: dict[str, Learned]) -> Fallback:
    """The recommender `name`, and behind it the ladder of [recommend] fallback, so that everybody gets an answer."""
    ladder = [rung for rung in project.config.recommend.fallback if rung != name]
    return Fallback(tuple(learned[rung].recommender for rung in (name, *ladder)))


def chosen(project: Project) -> str:
    """The method to recommend by: [recommend] method, else the winner of the last comparison.

    Raises ConfigError when there is neither.
    """
    name = project.config.recommend.method or str(project.compared()["winner"])
    if name not in (*project.names(), *METHODS):
        raise ConfigError(
            f"{no_such('the configuration', name, project.names())}; it won the last comparison. "
            "Compare again with: regulars compare, or say which to fit with --method"
        )
    return name
