"""Study: what was tried, what was best, and which settings mattered."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from regulars.core import Estimator, Frame
from regulars.core.errors import StudyError, UnknownId
from regulars.core.settings import Value
from regulars.evaluation import direction

from .space import Axis, Space
from .trial import State, Trial

LEAST = 8  # trials of a method from which on its settings can be told apart


@dataclass(frozen=True)
class Study:
    """All trials of a study, in their order; values are of the validation, on which they were chosen, and flatter.

    figure: what decides, such as "ndcg@10", or "rmse", of which less is better; asked: how, in words; spaces, axes:
    what was searched, by method; stopped: why the study ended before its time, empty when it did not; importance: by
    method and setting, in parts of 1, how much a setting matters for being among the best tenth.
    """

    figure: str
    asked: str
    spaces: Mapping[str, Space]
    axes: Mapping[str, Sequence[Axis]]
    trials: Sequence[Trial]
    importance: Mapping[str, Mapping[str, float]]
    stopped: str = ""

    def of(self, method: str) -> list[Trial]:
        """The trials of one method. Raises UnknownId."""
        if method not in self.spaces:
            raise UnknownId(f"the study has no method {method}; it has {', '.join(self.spaces)}")
        return [trial for trial in self.trials if trial.method == method]

    def first(self, method: str) -> Trial:
        """The trial that a method began with: its defaults, or what the shop's file says of it."""
        return self.of(method)[0]

    def best(self, method: str = "") -> Trial:
        """The best trial, of one method or of all. Raises StudyError when nothing could be measured."""
        among = [trial for trial in (self.of(method) if method else self.trials) if trial.done]
        if not among:
            raise StudyError(self.nothing(method))
        return max(among, key=lambda trial: self.direction * trial.value)

    @property
    def direction(self) -> int:
        """1 where more is better, -1 where less is."""
        return direction(self.figure)

    def names(self) -> list[str]:
        """The methods of which something could be measured, the best first."""
        found = [name for name in self.spaces if any(trial.done for trial in self.of(name))]
        return sorted(found, key=lambda name: -self.direction * self.best(name).value)

    def gain(self, method: str) -> float:
        """By what part of its first value a method became better; NaN where one of both was not measured."""
        trials = self.of(method)
        if not trials or not trials[0].done:
            return math.nan
        return gain(trials[0].value, self.best(method).value, self.direction)

    def tuned(self) -> dict[str, Estimator[Any]]:
        """Each method with its best settings, the best first."""
        return {name: self.spaces[name].at(self.best(name).settings) for name in self.names()}

    def changed(self, method: str) -> dict[str, Value]:
        """The best settings of a method as far as they are not the defaults of its class."""
        plain = type(self.spaces[method].method)()
        return {name: value for name, value in self.best(method).settings.items() if value != getattr(plain, name)}

    def nothing(self, method: str = "") -> str:
        """What to say when nothing could be measured."""
        trials = self.of(method) if method else list(self.trials)
        whose = f" of {method}" if method else ""
        if not trials:
            return f"no trial{whose} was finished yet; allow more minutes or trials"
        reasons = [trial.reason for trial in trials if trial.reason]
        most = max(set(reasons), key=reasons.count) if reasons else "all were stopped early"
        return (
            f"none of the {len(trials)} trials{whose} could be measured: {most}. Narrow the search to what is possible"
        )

    def standings(self) -> Frame:
        """One row for each method, the best first: method, trials, pruned, failed, start, best, gain, seconds, ..."""
        failing = [name for name in self.spaces if name not in self.names()]
        return pl.DataFrame([self._standing(name) for name in (*self.names(), *failing)], infer_schema_length=None)

    def _standing(self, name: str) -> dict[str, Any]:
        trials = self.of(name)
        done = [trial for trial in trials if trial.done]
        start = trials[0].value if trials and trials[0].done else math.nan
        best = self.best(name).value if done else math.nan
        return {
            "method": name,
            "trials": len(trials),
            "pruned": sum(trial.state is State.PRUNED for trial in trials),
            "failed": sum(trial.state is State.FAILED for trial in trials),
            "start": start,
            "best": best,
            "gain": self.gain(name),
            "seconds": sum(trial.cost.seconds for trial in trials),
            "reason": "" if done else self.nothing(name),
        }

    def frame(self) -> Frame:
        """One row for each trial: number, method, state, value, seconds, ..., its settings in one line."""
        rows = [{**trial.as_dict(), "settings": told(trial.settings), "rungs": None} for trial in self.trials]
        return pl.DataFrame(rows, infer_schema_length=None).drop("rungs")

    def as_dict(self) -> dict[str, Any]:
        """Everything, as JSON knows it: null for NaN, "inf" for infinity."""
        found: dict[str, Any] = _plain(
            {
                "figure": self.figure,
                "asked": self.asked,
                "stopped": self.stopped,
                "methods": {
                    row["method"]: {
                        **row,
                        "settings": self.best(row["method"]).settings if not row["reason"] else None,
                        "importance": self.importance.get(row["method"], {}),
                    }
                    for row in self.standings().to_dicts()
                },
                "trials": [trial.as_dict() for trial in self.trials],
            }
        )
        return found


def gain(before: float, after: float, direction: int) -> float:
    """By what part of `before` it became better; NaN where `before` is 0. direction: 1, or -1 where less is better."""
    if not before > 0:
        return math.nan
    return after / before - 1 if direction > 0 else 1 - after / before


def told(settings: Mapping[str, Value]) -> str:
    """Settings in one line: factors = 64, rule = "log", half_life_days = inf."""
    return ", ".join(f"{name} = {toml(value)}" for name, value in settings.items())


def toml(value: Value) -> str:
    """A value as regulars.toml writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else repr(value)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    return value
