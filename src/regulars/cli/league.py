"""The league: every method that the data support, at the best settings known; who cannot take part says why."""

import logging
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from regulars.core import Dataset, Progress, Run
from regulars.core.errors import EmptyData, Interrupted, RegularsError
from regulars.data import Prepared
from regulars.evaluation import Comparison, Evaluation, Judge, Split, judge
from regulars.evaluation.cost import free_mb, memory_limit
from regulars.models import METHODS
from regulars.ranking import Filter
from regulars.tuning import Facts, advise
from regulars.tuning.attempt import SHARE, OutOfTime, Watch

from .contest import Contest, cutoffs, decides
from .learning import Curves, learn
from .periods import splits
from .project import Project

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class League:
    """The contest of those who took part, and of every other method why it did not."""

    contest: Contest
    absent: Mapping[str, str]


def league(project: Project, prepared: Prepared, run: Run, seconds: float = math.inf) -> League:
    """Fits and compares all that can take part, on the validation period to choose, on the test period to report.

    seconds: that a method may take on each period; who takes longer is absent. Raises what stopped the last method
    when none is left.
    """
    validation, test = splits(project, prepared)
    names, refused = entrants(project, test.train)
    chosen = _Matchday(project, validation, run, seconds)
    chosen.play(names)
    reported = _Matchday(project, test, run, seconds, chosen.absent)
    reported.play([name for name in names if name in chosen.evaluations])
    winner = chosen.comparison(reported.evaluations).best(decides(project))
    both = Contest(
        winner, chosen.comparison(reported.evaluations), reported.comparison(reported.evaluations), reported.curves
    )
    return League(both, {**reported.absent, **refused})


def entrants(project: Project, data: Dataset) -> tuple[list[str], dict[str, str]]:
    """Those of the file first, then every other method that the data support; and why the others are not there."""
    own = list(project.names())
    names = own + [name for name in METHODS if name not in own]
    parts = {name: project.parts(name) for name in names}
    kinds = list(dict.fromkeys(project.kind(part) for of in parts.values() for part in of))
    told = dict(zip(kinds, advise(Facts.of(data), kinds), strict=True))
    absent = {}
    for name, of in parts.items():
        lacking = [part for part in of if not told[project.kind(part)].possible]
        if lacking == [name]:
            absent[name] = told[project.kind(name)].said
        elif lacking:
            absent[name] = f"it is made of {', '.join(lacking)}, which cannot take part"
    return [name for name in names if name not in absent], absent


@dataclass
class _Matchday:
    """One period: one after another is fitted, judged and forgotten, so that the memory of one is enough for all."""

    project: Project
    split: Split
    run: Run
    seconds: float
    absent: dict[str, str] = field(default_factory=dict)
    evaluations: dict[str, Evaluation] = field(default_factory=dict)
    costs: dict[str, dict[str, float]] = field(default_factory=dict)
    curves: Curves = field(default_factory=dict)

    def play(self, names: Sequence[str]) -> None:
        """Measures the methods, blends and routes of these names."""
        one = judge(self.split, k=cutoffs(self.project))
        filters = self.project.filters(self.split.train)
        for done, name in enumerate(names):
            self.run.on_epoch(Progress("methods", done, len(names)))
            self._measure(name, one, filters)
        self.run.on_epoch(Progress("methods", len(names), len(names)))

    def comparison(self, among: Mapping[str, Evaluation]) -> Comparison:
        """Of those who were measured on both periods."""
        shown = {name: found for name, found in self.evaluations.items() if name in among}
        if not shown:
            reasons = "; ".join(f"{name}: {reason}" for name, reason in self.absent.items())
            raise EmptyData(f"no method could be measured. {reasons}")
        return Comparison(shown, costs={name: self.costs[name] for name in shown})

    def _measure(self, name: str, one: Judge, filters: Sequence[Filter]) -> None:
        """Fits and judges what has this name, or notes why that was not possible."""
        watch = Watch(self.run, time.perf_counter() + self.seconds)
        run = replace(self.run, on_epoch=watch)
        try:
            with memory_limit(SHARE * free_mb()):
                learned = learn(self.project, self.split.train, (name,), run, self.curves)[name]
                found = one.evaluate(learned.recommender, filters=filters, run=run, task=f"evaluate {name}")
            self.evaluations[name], self.costs[name] = found, learned.costs
        except Interrupted:
            raise
        except OutOfTime:
            self.absent[name] = f"it took more than the {self.seconds:,.0f} s that it may"
        except MemoryError:
            self.absent[name] = "it needs more memory than there is"
        except RegularsError as error:
            self.absent[name] = str(error)
        except Exception as error:
            _log.warning("%s failed", name, exc_info=True)
            self.absent[name] = f"{type(error).__name__}: {error}"
        finally:
            watch.close()
