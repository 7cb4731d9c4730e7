"""One trial: fitted and judged rung by rung, within its limits of time and memory; whatever fails is noted."""

import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from regulars.core import Progress, Run
from regulars.core.errors import Interrupted, RegularsError
from regulars.core.settings import Value
from regulars.evaluation.cost import NOTHING, Cost, free_mb, measured, memory_limit, peak_mb

from .exam import Course, Rung
from .space import Space
from .trial import State, Trial

SHARE: Final = 0.9  # of the machine's free memory, where no limit is given
LEAST: Final = 5.0  # seconds that every trial may take
_log = logging.getLogger(__name__)


class OutOfTime(RegularsError):
    """A trial that took longer than it may."""


@dataclass
class Watch:
    """Hears of the work's progress, passes it on, and stops the work when its time is over; sums up what it cost."""

    run: Run
    until: float
    open: dict[str, Progress] = field(default_factory=dict)

    def __call__(self, progress: Progress) -> None:
        self.open[progress.task] = progress
        self.run.on_epoch(progress)
        if time.perf_counter() > self.until:
            raise OutOfTime("it took too long")

    def close(self) -> None:
        """Tells that the tasks are over which were given up."""
        for task, last in self.open.items():
            if last.done < last.total:
                self.run.on_epoch(replace(last, task=task, done=last.total))


@dataclass(frozen=True)
class Attempt:
    """What every trial needs: the rungs, who watches, until when (by `time.perf_counter`), how much memory."""

    course: Course
    run: Run
    until: float
    memory_mb: float

    def make(
        self, space: Space, settings: dict[str, Value], seconds: float, hopeless: Callable[[int, float], bool]
    ) -> Trial:
        """A trial without number and name. seconds: that it may take; hopeless: whether to stop, by rung and value.

        Raises KeyboardInterrupt and Interrupted, and nothing else.
        """
        watch = Watch(self.run, min(self.until, time.perf_counter() + max(LEAST, seconds)))
        noted = Trial(-1, "", settings, State.FAILED, math.nan, {}, NOTHING)
        began, cpu = time.perf_counter(), time.process_time()
        try:
            with memory_limit(self.memory_mb or SHARE * free_mb()):
                for place, rung in enumerate(self.course.rungs):
                    noted = self._climbed(noted, space, rung, watch)
                    last = place == len(self.course.rungs) - 1
                    if last or hopeless(place, noted.value):
                        return replace(noted, state=State.DONE if last else State.PRUNED)
        except Interrupted:
            raise
        except OutOfTime:
            noted = replace(noted, reason=f"it was given up after {time.perf_counter() - began:.0f} s")
        except MemoryError:
            noted = replace(noted, reason="it needs more memory than there is")
        except RegularsError as error:
            noted = replace(noted, reason=str(error))
        except Exception as error:
            _log.warning("a trial of %s failed", space.called, exc_info=True)
            noted = replace(noted, reason=f"{type(error).__name__}: {error}")
        finally:
            watch.close()
        cost = Cost(time.perf_counter() - began, time.process_time() - cpu, peak_mb())
        return replace(noted, value=math.nan, cost=cost)

    def _climbed(self, noted: Trial, space: Space, rung: Rung, watch: Watch) -> Trial:
        """What is known of the trial after one more rung."""
        run = replace(self.run, on_epoch=watch)
        model, fit = measured(lambda: space.at(noted.settings).fit(rung.split.train, run))
        value, asking = measured(lambda: rung.value(model, run))
        if math.isnan(value):
            raise RegularsError("nobody could be judged")
        cost: Cost = noted.cost.plus(fit).plus(asking)
        return replace(noted, value=value, rungs={**noted.rungs, rung.share: value}, cost=cost)
