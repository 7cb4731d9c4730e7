"""Trial: one setting of one method, tried: what it was worth on validation and what it cost."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from regulars.core.settings import Value
from regulars.evaluation.cost import Cost


class State(StrEnum):
    """How a trial ended."""

    DONE = "done"  # measured on all customers that are asked
    PRUNED = "pruned"  # stopped early: on the first customers it was worse than most
    FAILED = "failed"  # could not be fitted or measured; the reason is noted


@dataclass(frozen=True)
class Trial:
    """number: in the order of the whole study, from 0; value: the metric, of the last rung that was reached, NaN where
    there is none; rungs: the value of each rung, by the share of the customers; reason: why it failed.
    """

    number: int
    method: str
    settings: Mapping[str, Value]
    state: State
    value: float
    rungs: Mapping[float, float]
    cost: Cost
    reason: str = ""

    @property
    def done(self) -> bool:
        return self.state is State.DONE

    def as_dict(self) -> dict[str, Any]:
        """One flat row, as tables and JSON have it; the settings are a table of their own."""
        return {
            "number": self.number,
            "method": self.method,
            "state": str(self.state),
            "value": self.value,
            "seconds": self.cost.seconds,
            "cpu_seconds": self.cost.cpu_seconds,
            "peak_mb": self.cost.peak_mb,
            "reason": self.reason,
            "rungs": {f"{share:g}": value for share, value in self.rungs.items()},
            "settings": dict(self.settings),
        }
