"""Blends, pipelines and routes put together from methods that are fitted."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

import numpy as np
import polars as pl

from regulars.config import BlendTable, PipelineTable, RouteTable
from regulars.core import Dataset, Estimator, Recommender, Run
from regulars.evaluation.cost import Cost, measured
from regulars.models.kinds.bridge import Bridge
from regulars.models.kinds.factors import Factors
from regulars.ranking import (
    Boost,
    Cap,
    Filter,
    LearnedBlend,
    Lesson,
    RankFusion,
    Route,
    Step,
    TwoStage,
    Unseen,
)

from .compositions import composed, ranker_of
from .project import Project

UNSEEN = "unseen"  # among the filters of a pipeline, which otherwise are columns of the items
Then = tuple[str, float, int, str]  # how something is withheld, by which cut, the lesson, the method
Past = tuple[float, int, tuple[str, ...], str]  # what two-stage methods need to agree on to share their lessons


def decided(recommender: Recommender) -> str:
    """What a fit decided by itself, in words: how content_to_cf mixes content in; empty for other methods."""
    if isinstance(recommender, Factors) and isinstance(recommender.encoder, Bridge):
        return recommender.encoder.decision.words
    return ""


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
    """What is made of the methods `fitted` on `data`. What rankers learn from is fitted once for all."""

    project: Project
    data: Dataset
    run: Run
    fitted: Mapping[str, Learned]
    lessons: dict[Past, list[Lesson]] = field(default_factory=dict)
    early: dict[Then, tuple[Any, Cost]] = field(default_factory=dict)

    def of(self, name: str) -> Learned:
        """The method or composition of that name; a composition costs what its methods cost, and its own learning."""
        given = self.project.config
        match composed(given).get(name):
            case "route":
                return self._route(given.routes[name])
            case "pipeline":
                pipeline = given.pipelines[name]
                return self._learned(pipeline.sources, self._two_stage(name, pipeline))
            case "blend":
                blend = given.blends[name]
                return self._learned(blend.of, self._blend(blend).two_stage) if blend.learner else self._fusion(blend)
            case _:
                return self.fitted[name]

    def _fusion(self, blend: BlendTable) -> Learned:
        parts = [self.fitted[part] for part in blend.of]
        fusion = RankFusion(tuple(one.recommender for one in parts), blend.weights, blend.depth, blend.constant)
        return Learned(fusion, _sum(parts))

    def _route(self, route: RouteTable) -> Learned:
        parts = [self.of(part) for part in route.of]
        each = zip(parts, route.events, route.attributes or ((),) * len(parts), strict=True)
        steps = [Step(one.recommender, events, names) for one, events, names in each]
        return Learned(Route(tuple(steps), self.data.n_items), _sum(parts))

    def _learned(self, names: Sequence[str], stage: TwoStage) -> Learned:
        """What is learned of the past, from the methods of these names."""
        past = stage.share, stage.lessons, stage.context, stage.withheld
        if past not in self.lessons:
            self.lessons[past] = stage.past(self.data, self.run)
        lessons = self.lessons[past]
        cut = stage.lessons if stage.withheld == "baskets" else stage.share
        early = [
            [self._before(name, lesson, (stage.withheld, cut, place, name)) for name in names]
            for place, lesson in enumerate(lessons)
        ]
        then, now = [[one for one, _ in each] for each in early], [self.fitted[name] for name in names]
        final: list[Any] = [one.recommender for one in now]
        pipeline, cost = measured(lambda: stage.learned(lessons, then, final, self.data, self.run))
        return Learned(pipeline, reduce(Cost.plus, (one for each in early for _, one in each), cost).plus(_sum(now)))

    def _blend(self, given: BlendTable) -> LearnedBlend:
        return LearnedBlend(
            self._methods(given.of),
            given.learner,
            depth=given.depth,
            share=given.share,
            customers=given.customers,
            trees=given.trees,
            leaves=given.leaves,
            kinds=self._kinds,
            filters=self.project.filters(self.data),
        )

    def _two_stage(self, name: str, given: PipelineTable) -> TwoStage:
        where = f"[pipelines.{name}]"
        return TwoStage(
            self._methods(given.sources),
            ranker_of(given),
            given.features,
            self.project.config.known,
            depth=given.depth,
            share=given.share,
            lessons=given.lessons,
            withheld=given.withheld,
            customers=given.customers,
            kinds=self._kinds,
            filters=tuple(self._filter(one, f"filters of {where}") for one in given.filters),
            taught=self.project.filters(self.data),
            rerankers=(*self._boosts(given, where), *self._caps(given, where)),
        )

    def _filter(self, name: str, where: str) -> Filter:
        return Unseen() if name == UNSEEN else self.project.only(self.data, name, where)

    def _boosts(self, given: PipelineTable, where: str) -> Iterator[Boost]:
        for column, amount in given.boosts.items():
            chosen = self.project.only(self.data, column, f"boosts of {where}").mask
            yield Boost(np.where(chosen, np.float32(amount), np.float32(0)))

    def _caps(self, given: PipelineTable, where: str) -> Iterator[Cap]:
        for column, most in given.caps.items():
            values = self.project.column_of_items(self.data, column, f"caps of {where}")
            ranks = values.rank("dense").fill_null(0).cast(pl.Int32).to_numpy()
            yield Cap(ranks - np.int32(1), most)

    def _methods(self, names: Sequence[str]) -> tuple[Estimator[Any], ...]:
        return tuple(self.project.method(name) for name in names)

    @property
    def _kinds(self) -> tuple[str, ...]:
        return tuple(self.project.config.split.get("kinds", ()))

    def _before(self, name: str, lesson: Lesson, key: Then) -> tuple[Any, Cost]:
        """A method fitted on what was before a lesson."""
        if key not in self.early:
            method = self.project.method(name)
            self.early[key] = measured(lambda: method.fit(lesson.before, self.run))
        return self.early[key]


def _sum(parts: Sequence[Learned]) -> Cost:
    return reduce(Cost.plus, (one.cost for one in parts))
