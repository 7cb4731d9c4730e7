"""Blends and routes put together from methods that are fitted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

from regulars.core import Dataset, Recommender, Run
from regulars.evaluation.cost import Cost, measured
from regulars.ranking import LearnedBlend, Lesson, RankFusion, Route, Step

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


@dataclass
class Composing:
    """What is made of the methods `fitted` on `data`. What learned blends need of the past is fitted once for all."""

    project: Project
    data: Dataset
    run: Run
    fitted: Mapping[str, Learned]
    lessons: dict[float, Lesson] = field(default_factory=dict)
    early: dict[tuple[float, str], tuple[Any, Cost]] = field(default_factory=dict)

    def of(self, name: str) -> Learned:
        """The method, blend or route of that name; a composition costs what its methods cost, and its own learning."""
        config = self.project.config
        if name in config.routes:
            return self._route(name)
        if name not in config.blends:
            return self.fitted[name]
        return self._learned(name) if config.blends[name].learner else self._fusion(name)

    def _fusion(self, name: str) -> Learned:
        blend = self.project.config.blends[name]
        parts = [self.fitted[part] for part in blend.of]
        fusion = RankFusion(tuple(one.recommender for one in parts), blend.weights, blend.depth, blend.constant)
        return Learned(fusion, _sum(parts))

    def _route(self, name: str) -> Learned:
        route = self.project.config.routes[name]
        parts = [self.of(part) for part in route.of]
        each = zip(parts, route.events, route.attributes or ((),) * len(parts), strict=True)
        steps = [Step(one.recommender, events, names) for one, events, names in each]
        return Learned(Route(tuple(steps), self.data.n_items), _sum(parts))

    def _learned(self, name: str) -> Learned:
        given, method = self.project.config.blends[name], self._method(name)
        if given.share not in self.lessons:
            self.lessons[given.share] = method.two_stage.past(self.data, self.run)[0]
        lesson = self.lessons[given.share]
        before = [self._before(part, given.share) for part in given.of]
        now: list[Any] = [self.fitted[part].recommender for part in given.of]
        blend, cost = measured(lambda: method.blend(lesson, [one for one, _ in before], now, self.data, self.run))
        early = reduce(Cost.plus, (one for _, one in before), cost)
        return Learned(blend, early.plus(_sum([self.fitted[part] for part in given.of])))

    def _method(self, name: str) -> LearnedBlend:
        given, project = self.project.config.blends[name], self.project
        return LearnedBlend(
            tuple(project.method(part) for part in given.of),
            given.learner,
            depth=given.depth,
            share=given.share,
            customers=given.customers,
            trees=given.trees,
            leaves=given.leaves,
            kinds=tuple(project.config.split.get("kinds", ())),
            filters=project.filters(self.data),
        )

    def _before(self, part: str, share: float) -> tuple[Any, Cost]:
        """A method fitted without the newest share of the events."""
        if (share, part) not in self.early:
            method, past = self.project.method(part), self.lessons[share].before
            self.early[(share, part)] = measured(lambda: method.fit(past, self.run))
        return self.early[(share, part)]


def _sum(parts: Sequence[Learned]) -> Cost:
    return reduce(Cost.plus, (one.cost for one in parts))
