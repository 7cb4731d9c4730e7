"""setting(): default, legal range and search range of one knob, in one line."""

import math
from collections.abc import Sequence
from dataclasses import MISSING as NO_DEFAULT
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar

from .errors import SettingError

Value = int | float | str | bool
S = TypeVar("S")


@dataclass(frozen=True)
class Range:
    """What a setting may be: numbers from `low` to `high`, or one of `choices`. `log`: search on a log scale."""

    low: float | None = None
    high: float | None = None
    log: bool = False
    choices: tuple[Value, ...] = ()

    def allows(self, value: Value) -> bool:
        if self.choices:
            return value in self.choices
        if isinstance(value, float) and math.isnan(value):
            return False
        above = self.low is None or (not isinstance(value, str) and value >= self.low)
        return above and (self.high is None or (not isinstance(value, str) and value <= self.high))

    def __str__(self) -> str:
        if self.choices:
            return f"one of {', '.join(map(repr, self.choices))}"
        if self.high is None:
            return "anything" if self.low is None else f"at least {self.low}"
        if self.low is None:
            return f"at most {self.high}"
        return f"from {self.low} to {self.high}"


def setting(
    default: Value,
    *,
    low: float | None = None,
    high: float | None = None,
    log: bool = False,
    choices: Sequence[Value] = (),
) -> Any:
    """A knob of a method: its default, its legal range (also the search range), and the scale to search on.

    The dataclass that holds it is the configuration, the form in the console and the search space.
    """
    return field(default=default, metadata={"range": Range(low, high, log, tuple(choices))})


class Settings:
    """Abstract: a frozen dataclass of `setting`s that refuses values outside of their ranges."""

    def __post_init__(self) -> None:
        for name, legal in ranges(type(self)).items():
            value = self._checked(name)
            if not legal.allows(value):
                raise SettingError(f"{type(self).__name__}: {name} must be {legal}; it is {value!r}")

    def _checked(self, name: str) -> Value:
        """The value of one setting, an int turned into the float that its default is (TOML writes 1 for 1.0)."""
        value: Value = getattr(self, name)
        default = next(f.default for f in fields(self) if f.name == name)  # type: ignore[arg-type]
        if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
            object.__setattr__(self, name, value)
        if default is not NO_DEFAULT and type(value) is not type(default):
            raise SettingError(
                f"{type(self).__name__}: {name} must be of type {type(default).__name__}; it is {value!r}"
            )
        return value


def ranges(cls: type) -> dict[str, Range]:
    """The settings of a class by name, with their legal ranges; tuning, validation and forms read this."""
    return {f.name: f.metadata["range"] for f in fields(cls) if "range" in f.metadata}


def from_names(cls: type[S], values: dict[str, Any]) -> S:
    """An instance of the settings class `cls` from a table of a configuration file.

    Raises SettingError when a name is not a setting of the method, naming those that are.
    """
    known = {f.name for f in fields(cls)}  # type: ignore[arg-type]
    unknown = sorted(set(values) - known)
    if unknown:
        raise SettingError(f"{cls.__name__} has no setting {', '.join(unknown)}; it has {', '.join(sorted(known))}")
    return cls(**{name: tuple(value) if isinstance(value, list) else value for name, value in values.items()})
