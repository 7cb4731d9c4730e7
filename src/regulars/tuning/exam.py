"""Exam: how every trial is judged: on a validation cut out of what is known, more of the customers at each rung."""

import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final

import numpy as np
import polars as pl
import polars.selectors as cs

from regulars.core import DAY, Dataset, Floats, Frame, Queries, Recommender, Run
from regulars.core.errors import CannotDo, EmptyData, SettingError
from regulars.evaluation import FALLING, METRICS, RATING_METRICS, Judge, Measures, Split, Splitter, TimeSplit
from regulars.evaluation.evaluation import mean
from regulars.ranking import Filter, passing

SHARES: Final = (1 / 9, 1 / 3)  # of the customers, in the rungs below the last one: each three times the one before
ENOUGH: Final = 500  # customers asked at a rung; with fewer, chance decides who is stopped


@dataclass(frozen=True)
class Exam:
    """What a trial must do for the customers of a validation split: lists of k items, or foretell ratings.

    metric: what lists are worth, one of METRICS; or how far the foretold ratings are from the withheld ones, "rmse" or
    "mae", of which less is better; k and filters then mean nothing.
    splitter: cuts the validation out of the data that tuning is given, which must not hold the test. customers: at
    most so many are asked, the same ones in every trial.
    """

    splitter: Splitter = field(default_factory=TimeSplit)
    metric: str = "ndcg"
    k: int = 10
    filters: Sequence[Filter] = ()
    customers: int = 20_000

    def __post_init__(self) -> None:
        if self.metric not in (known := (*METRICS, *FALLING)):
            raise SettingError(f"metric must be one of {', '.join(known)}; it is {self.metric!r}")
        if self.k < 1 or self.customers < 1:
            raise SettingError(f"k and customers must be at least 1; they are {self.k} and {self.customers}")

    @property
    def figure(self) -> str:
        """The figure that decides, such as "ndcg@10" or "rmse"."""
        return f"{self.metric}@{self.k}" if self.metric in METRICS else self.metric

    @property
    def measures(self) -> Measures:
        """That metric, and nothing else."""
        lists = {name: metric for name, metric in METRICS.items() if name == self.metric}
        return Measures(lists, {}, {}, (), {name: RATING_METRICS[name] for name in FALLING if name == self.metric})

    def on(self, known: Dataset) -> "Course":
        """The rungs that a trial climbs, cut out of `known`. Raises what the splitter raises."""
        split = self.splitter.cut(known).sample(self.customers)
        shares = [share for share in SHARES if share * len(split) >= ENOUGH]
        draw = np.random.default_rng(0).random(known.n_users)
        parts = [Rung(share, _part(split, draw < share), self) for share in shares]
        return Course(self, split, (*parts, Rung(1.0, split, self)))


@dataclass(frozen=True)
class Rung:
    """A part of the customers: their events to learn from, and those of them who are asked."""

    share: float
    split: Split
    exam: Exam

    @cached_property
    def judge(self) -> Judge:
        return Judge(self.split, (self.exam.k,), self.exam.measures)

    def figures(self, recommender: Recommender, run: Run) -> Floats:
        """The figure of each customer. Raises CannotDo when it is of ratings, and the recommender foretells none."""
        judged = self.judge.evaluate(recommender, filters=self.exam.filters, run=run).figures
        if self.exam.figure not in judged:
            raise CannotDo(f"it foretells no ratings, which {self.exam.figure} judges; tune what does, such as SVD")
        return judged[self.exam.figure]

    def value(self, recommender: Recommender, run: Run) -> float:
        """What the recommender is worth here."""
        return mean(self.figures(recommender, run))


@dataclass(frozen=True)
class Course:
    """An exam on one data set."""

    exam: Exam
    split: Split
    rungs: tuple[Rung, ...]

    @property
    def days(self) -> float:
        """How long the log is that is learned from; 0 where its events have no times."""
        time = self.split.train.time
        seconds = int(time.max()) - int(time.min()) if len(time) else 0
        return max(1.0, seconds / DAY) if seconds else 0.0

    @cached_property
    def identity(self) -> dict[str, Any]:
        """What a study belongs to: the data and the way of judging, in words and as a checksum."""
        train = self.split.train
        return {
            "events": len(train),
            "customers": train.n_users,
            "items": train.n_items,
            "split": self.split.name,
            "asked": len(self.split),
            "metric": self.exam.figure,
            "filters": [type(rule).__name__ for rule in self.exam.filters],
            "checksum": self._checksum(),
            "attributes": _digest(train.item_features, train.user_features),
        }

    def _checksum(self) -> str:
        train, asked = self.split.train, self.split.queries
        allowed = passing(self.exam.filters, Queries.of([[]])).mask
        found = hashlib.blake2b(json.dumps(list(train.kinds)).encode(), digest_size=16)
        arrays: list[np.ndarray] = [train.user, train.item, train.time, train.weight, train.kind]
        arrays += [asked.users, asked.times, self.split.wanted.starts, self.split.wanted.items]
        if self.exam.measures.ratings:
            arrays += [self.split.rated.starts, self.split.rated.items, self.split.rated.weights]
        for array in arrays:
            found.update(np.ascontiguousarray(array).tobytes())
        if allowed is not None:
            found.update(np.ascontiguousarray(allowed).tobytes())
        return found.hexdigest()


def _digest(*tables: Frame) -> str:
    """Changes with anything that methods read in the tables, such as vectors by another encoder."""
    found = hashlib.blake2b(digest_size=16)
    for table in tables:
        table = table.select(sorted(table.columns)).select(pl.exclude(pl.Binary))
        found.update(json.dumps([table.columns, list(map(str, table.dtypes))]).encode())
        for vectors in table.select(cs.array(cs.float())):
            found.update(np.ascontiguousarray(vectors.to_numpy()).tobytes())
        rest = io.BytesIO()
        table.select(~cs.array(cs.float())).write_ndjson(rest)
        found.update(rest.getbuffer())
    return found.hexdigest()


def _part(split: Split, chosen: np.ndarray) -> Split:
    """The same test among some of the customers: bool [n_users]. Strangers stay."""
    users = split.queries.users
    asked = np.flatnonzero(np.where(users >= 0, chosen[np.maximum(users, 0)], True))
    train = split.train.where(chosen[split.train.user])
    if not len(asked) or not len(train):
        raise EmptyData(f"{split.name}: no customer of this part can be asked")
    return replace(
        split,
        train=train,
        queries=split.queries[asked],
        wanted=split.wanted[asked],
        candidates=split.candidates[asked],
        rated=split.rated[asked],
    )
