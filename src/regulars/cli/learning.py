"""Fitting what the configuration names, once each, with the time and memory that it took."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from regulars.config import no_such
from regulars.core import Dataset, Progress, Run
from regulars.core.errors import ConfigError, EmptyData
from regulars.evaluation.cost import measured
from regulars.models import METHODS
from regulars.ranking import Fallback

from .composing import Composing, Learned
from .curves import Curve
from .project import Project

Curves = dict[str, dict[str, list[Any]]]  # how the epochs of each method went that learns in epochs


def learn(
    project: Project, data: Dataset, names: Sequence[str], run: Run, curves: Curves | None = None
) -> dict[str, Learned]:
    """Fits the named methods, blends and routes on `data`; a method that several of them need is fitted once.

    curves: where to put what the methods told of their epochs.
    """
    needed = [part for name in names for part in project.parts(name)]  # misspelled names are told before any fit
    if not (data.weight > 0).any():
        raise EmptyData(
            f"none of the {len(data):,} events to learn from weighs more than 0, so that nobody wanted anything; "
            "give one kind of event at least a positive weight under [kinds]"
        )
    learned: dict[str, Learned] = {}
    for done, name in enumerate(dict.fromkeys(needed)):
        run.on_epoch(Progress("fit methods", done, len(set(needed))))
        curve = Curve(run.at(quote(name, safe="")))
        learned[name] = _fitted(project, data, name, curve.heard)
        if curve.epochs and curves is not None:
            curves[name] = curve.as_dict()
    run.on_epoch(Progress("fit methods", len(set(needed)), len(set(needed))))
    composing = Composing(project, data, replace(run, checkpoints=None), learned)
    return {name: composing.of(name) for name in names}


def _fitted(project: Project, data: Dataset, name: str, run: Run) -> Learned:
    return Learned(*measured(lambda: project.method(name).fit(data, run)))


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
