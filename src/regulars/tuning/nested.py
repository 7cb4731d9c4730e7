"""nested(): choose inside, judge outside: how much of what a search promises is kept on what came after."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from regulars.core import QUIET, Dataset, Estimator, Floats, Frame, Progress, Run
from regulars.core.errors import EmptyData, RegularsError
from regulars.evaluation import Split, direction
from regulars.evaluation.evaluation import mean
from regulars.evaluation.significance import intervals, paired_p, verdict

from .exam import Exam, Rung
from .plan import Plan
from .space import Space
from .study import Study, gain
from .tune import tune


@dataclass(frozen=True)
class Outcome:
    """One method in one fold: what its first and its best settings are worth inside, where they were chosen, and
    outside, on the customers of what came after; difference: best less first outside, with its 95 % interval; verdict:
    better, worse or no difference, by a paired test; chosen: whether the method was the best inside; direction: 1 where
    more is better, -1 where less is.
    """

    fold: str
    method: str
    inside_first: float
    inside_best: float
    outside_first: float
    outside_best: float
    low: float
    high: float
    verdict: str
    chosen: bool
    direction: int = 1

    @property
    def promised(self) -> float:
        """The gain by tuning where it was chosen, in parts of the first value; NaN without one."""
        return gain(self.inside_first, self.inside_best, self.direction)

    @property
    def kept(self) -> float:
        """The gain by tuning on what came after."""
        return gain(self.outside_first, self.outside_best, self.direction)


@dataclass(frozen=True)
class Nested:
    """The outcomes of all folds, the newest first; figure: such as "ndcg@10"; studies: of each fold."""

    figure: str
    outcomes: Sequence[Outcome]
    studies: Sequence[Study]
    stopped: str = ""

    def frame(self) -> Frame:
        """One row for each fold and method."""
        return pl.DataFrame(
            [
                {
                    "fold": one.fold,
                    "method": one.method,
                    "inside_first": one.inside_first,
                    "inside_best": one.inside_best,
                    "promised": one.promised,
                    "outside_first": one.outside_first,
                    "outside_best": one.outside_best,
                    "kept": one.kept,
                    "difference_low": one.low,
                    "difference_high": one.high,
                    "verdict": one.verdict,
                    "chosen": one.chosen,
                }
                for one in self.outcomes
            ],
            infer_schema_length=None,
        )

    def summary(self) -> Frame:
        """One row for each method: folds, promised and kept (means over the folds), better, worse (folds), chosen."""
        return (
            self.frame()
            .group_by("method", maintain_order=True)
            .agg(
                pl.len().alias("folds"),
                pl.col("promised", "kept", "outside_first", "outside_best").mean(),
                (pl.col("verdict") == "better").sum().alias("better"),
                (pl.col("verdict") == "worse").sum().alias("worse"),
                pl.col("chosen").sum(),
            )
            .sort("outside_best", descending=direction(self.figure) > 0)
        )

    def said(self) -> str:
        """What the search of the method that it chose promised and what it kept, in a sentence."""
        taken = [one for one in self.outcomes if one.chosen and not math.isnan(one.promised + one.kept)]
        if not taken:
            return "no fold could be judged"
        promised, kept = (float(np.mean([getattr(one, name) for one in taken])) for name in ("promised", "kept"))
        names = ", ".join(dict.fromkeys(one.method for one in taken))
        return (
            f"the search chose {names}; tuning promised {promised:+.1%} inside and kept {kept:+.1%} on what came "
            f"after, over {len(taken)} fold{'' if len(taken) == 1 else 's'}"
        )


def nested(
    methods: Mapping[str, Estimator[Any] | Space],
    data: Dataset,
    *,
    folds: int = 3,
    exam: Exam | None = None,
    plan: Plan | None = None,
    file: Path | str | None = None,
    run: Run = QUIET,
) -> Nested:
    """Cuts `folds` outer tests, each out of what the one after it may know; tunes before each, judges on each.

    exam: its splitter cuts the outer tests and, once more, the validations inside; one that names a date cannot.
    file: the study file of each fold is named after it: study-fold1.db, study-fold2.db, ...
    Raises EmptyData when the data are too short for the first fold.
    """
    exam, plan = exam or Exam(), plan or Plan()
    outcomes: list[Outcome] = []
    studies: list[Study] = []
    known = data
    for fold in range(folds):
        run.on_epoch(Progress("folds", fold, folds))
        try:
            outer = exam.splitter.cut(known)
            kept = None if file is None else Path(file).with_stem(f"{Path(file).stem}-fold{fold + 1}")
            study = tune(methods, outer.train, exam=exam, plan=plan, file=kept, run=run)
        except EmptyData:
            if not fold:
                raise
            break  # the log is too short for more folds
        studies.append(study)
        if study.stopped:
            break
        outcomes += _judged(study, outer.sample(exam.customers), exam, run)
        known = outer.train
    run.on_epoch(Progress("folds", folds, folds))
    stopped = next((study.stopped for study in studies if study.stopped), "")
    return Nested(exam.figure, outcomes, studies, stopped)


def _judged(study: Study, outer: Split, exam: Exam, run: Run) -> list[Outcome]:
    """Each method of a study, fitted anew on all that the outer test may know, with its first and its best settings."""
    outside, towards = Rung(1.0, outer, exam), direction(exam.figure)

    def value(name: str, settings: Mapping[str, Any]) -> Floats:
        model = study.spaces[name].at(settings).fit(outer.train, run)
        return outside.figures(model, run)

    outcomes = []
    for name in study.names():
        first, best = study.first(name), study.best(name)
        try:
            before, after = value(name, first.settings), value(name, best.settings)
        except RegularsError:
            continue  # what could be fitted inside cannot outside; the other methods can
        gap = after - before
        low, high = intervals(gap[:, None])[0].tolist()
        p = float(paired_p(gap[:, None])[0])
        outcomes.append(
            Outcome(
                outer.name,
                name,
                first.value,
                best.value,
                mean(before),
                mean(after),
                low,
                high,
                verdict(towards * mean(gap), p),
                name == study.names()[0],
                towards,
            )
        )
    return outcomes
