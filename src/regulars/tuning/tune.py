"""tune(): tries settings of many methods on a validation of their own, and spends its time where it promises most."""

import math
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from regulars.core import QUIET, Dataset, Estimator, Progress, Run
from regulars.core.errors import Interrupted, SettingError, StudyError
from regulars.core.settings import Value
from regulars.evaluation import direction

from .attempt import Attempt
from .exam import Course, Exam
from .grid import Grid
from .plan import Plan, whose_turn
from .space import Axis, Space
from .study import LEAST, Study
from .trial import State, Trial

if TYPE_CHECKING:
    from .searching import StudyFile

AGAIN = 30  # proposals that were tried before, from which on a method counts as searched through
LITTLE = sys.float_info.min  # stands for an error of 0
GIVEN_UP = 3  # trials that fail before any is measured, from which on a method is left alone


def tune(
    methods: Mapping[str, Estimator[Any] | Space],
    known: Dataset,
    *,
    exam: Exam = Exam(),  # noqa: B008  frozen
    plan: Plan = Plan(),  # noqa: B008  frozen
    file: Path | str | None = None,
    run: Run = QUIET,
) -> Study:
    """Searches the settings of each method; begins with those it has.

    known: what may be looked at, `split.train` of the test split: the exam cuts its own validation out of it, so that
    no trial can see the test. file: a SQLite file in which every finished trial is kept at once; a study that was
    stopped, or is to have more trials, goes on from it. Ctrl-C, and `Interrupted` from `run.on_epoch`, end the study
    with what was done. The same seed makes the same trials, stopped in between or not.
    Raises StudyError when the file belongs to other data or when nothing could be measured, SettingError when a search
    space cannot be, and MissingExtra without the extra `tune`.
    """
    from .searching import StudyFile

    if not methods:
        raise SettingError("tune needs one method at least; there is none")
    spaces = {name: one if isinstance(one, Space) else Space(one) for name, one in methods.items()}
    course = exam.on(known)
    kept = StudyFile(Path(file), course.identity, direction(exam.figure)) if file is not None else None
    work = _Work(spaces, course, plan, run, kept)
    for trial in kept.trials() if kept else ():
        work.remember(trial)
    stopped = work.go()
    study = work.study(stopped)
    if not study.names() and not stopped:
        raise StudyError(study.nothing())
    return study


@dataclass
class _Work:
    """The study while it goes on."""

    spaces: Mapping[str, Space]
    course: Course
    plan: Plan
    run: Run
    kept: "StudyFile | None"
    trials: list[Trial] = field(default_factory=list)
    finished: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        from .searching import Searcher

        self.direction = direction(self.course.exam.figure)
        self.axes = {name: self._searched(space) for name, space in self.spaces.items()}
        self.proposers = {
            name: Grid(axes, self.plan.levels, self.run.seed)
            if self.plan.search == "grid"
            else Searcher(axes, self.run.seed, direction=self.direction)
            for name, axes in self.axes.items()
        }
        self.judges = {
            name: Searcher(axes, self.run.seed, direction=self.direction) for name, axes in self.axes.items()
        }

    def _searched(self, space: Space) -> tuple[Axis, ...]:
        """The axes of a method; on a grid those that were narrowed, if any was."""
        axes = tuple(space.axes(self.course.days))
        narrowed = tuple(axis for axis in axes if axis.name in space.narrowed)
        return narrowed if self.plan.search == "grid" and space.narrowed else axes

    def remember(self, trial: Trial) -> None:
        """A trial that was made, now or in an earlier run; one that was never measured for want of time is none."""
        self.trials.append(trial)
        name = trial.method
        if name in self.spaces:
            self.proposers[name].tell(trial)
            if self.judges[name] is not self.proposers[name]:
                self.judges[name].tell(trial)

    def go(self) -> str:
        """Makes trials until the plan is fulfilled; returns why it ended before."""
        began = time.perf_counter()
        until = began + 60 * self.plan.minutes
        attempt = Attempt(self.course, self.run, until, self.plan.memory_mb)
        most = self.plan.most(len(self.spaces))
        task = "tune"
        try:
            while len(self._mine()) < most and time.perf_counter() < until:
                name = self._next()
                if not name:
                    break
                self.run.on_epoch(self._progress(task, began, most))
                settings = self._proposed(name)
                if settings is None:
                    self.finished.add(name)
                    continue
                trial = attempt.make(self.spaces[name], settings, self._allowed(name), self.judges[name].hopeless)
                if time.perf_counter() > until and trial.state is State.FAILED:
                    break  # it was given up because the study is over, which says nothing of it
                self._keep(replace(trial, number=len(self.trials), method=name))
        except (KeyboardInterrupt, Interrupted):
            return "stopped"
        self.run.on_epoch(Progress(task, 1, 1))
        return ""

    def _mine(self) -> list[Trial]:
        return [trial for trial in self.trials if trial.method in self.spaces]

    def _of(self, name: str) -> list[Trial]:
        return [trial for trial in self.trials if trial.method == name]

    def _best(self, trials: Sequence[Trial]) -> float:
        """The best value that was measured, NaN where none was."""
        values = (trial.value for trial in trials if trial.done)
        return max(values, key=lambda value: self.direction * value, default=math.nan)

    def _worth(self, name: str) -> float:
        """The best value of a method, or one over it where less is better."""
        return float(max(self._best(self._of(name)), LITTLE) ** self.direction)

    def _next(self) -> str:
        """Whose turn it is; nobody's when all are searched through."""
        left = [name for name in self.spaces if name not in self.finished and not self._hopeless(name)]
        if not left:
            return ""
        made = {name: len(self._of(name)) for name in left}
        return whose_turn({name: self._worth(name) for name in left}, made, self.plan.first)

    def _hopeless(self, name: str) -> bool:
        trials = self._of(name)
        return len(trials) >= GIVEN_UP and all(trial.state is State.FAILED for trial in trials)

    def _proposed(self, name: str) -> dict[str, Value] | None:
        """Settings that were not tried yet, the first ones of the method at first; None when there are no others."""
        start = self.spaces[name].start()
        tried = [dict(trial.settings) for trial in self._of(name)]
        if start not in tried:
            return start
        if not self.axes[name]:
            return None
        for _ in range(AGAIN):
            found = self.proposers[name].ask()
            if found is None:
                return None
            settings = {**start, **found}
            if settings not in tried:
                return settings
        return None

    def _allowed(self, name: str) -> float:
        """Seconds that the next trial of a method may take: many times what its first one took."""
        first = next((trial.cost.seconds for trial in self._of(name) if trial.done), math.inf)
        return self.plan.patience * first

    def _keep(self, trial: Trial) -> None:
        if self.kept is not None:
            self.kept.add(trial, self.axes[trial.method])
        self.remember(trial)

    def _progress(self, task: str, began: float, most: float) -> Progress:
        """How far the study is: trials of all trials, or seconds of all seconds."""
        best = self._best(self._mine())
        figures = () if math.isnan(best) else ((f"best {self.course.exam.figure}", best),)
        done, total = len(self._mine()), most
        if math.isinf(most):
            done, total = round(time.perf_counter() - began), 60 * self.plan.minutes
        return Progress(task, min(done, round(total) - 1), max(2, round(total)), figures)

    def study(self, stopped: str = "") -> Study:
        """What is known now."""
        trials = self._mine()
        asked = f"{self.course.split.name}: {len(self.course.split):,} customers asked, {self.course.exam.figure}"
        importance = {
            name: self.judges[name].importance()
            for name in self.spaces
            if len(self.axes[name]) > 1 and sum(trial.done for trial in self._of(name)) >= LEAST
        }
        return Study(self.course.exam.figure, asked, self.spaces, self.axes, trials, importance, stopped)
