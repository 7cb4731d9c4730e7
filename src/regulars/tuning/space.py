"""Space: where the settings of a method are searched, read from their legal ranges and what a shop says of them."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Any, Final

from regulars.core import Estimator, Range, ranges
from regulars.core.errors import SettingError
from regulars.core.settings import Value

Values = Mapping[str, Value]

FAR: Final = 100.0  # times the default: how far a setting without an upper limit is searched
WIDE: Final = 10.0  # a range from 0 up to more than this is searched by orders of magnitude
LARGER: Final = 8.0  # times where it begins: how far a width or a number of passes is searched, as it costs time
ORDERS: Final = 1e-5  # the smallest step above 0 of such a range, as a part of its end
EDGE: Final = 0.1  # of the whole scale: the part at an end that stands for 0 or for infinity


@dataclass(frozen=True)
class Axis:
    """Where one setting is searched: among `choices`, or from `low` to `high`, whole numbers or not, by `log` or not.

    zero, never: a stretch below `low` that stands for 0, and one above `high` that stands for infinity, so that both
    are the natural ends of the scale. Points are what the search sees; values are what the method gets.
    """

    name: str
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    whole: bool = False
    zero: bool = False
    never: bool = False
    choices: tuple[Value, ...] = ()

    @property
    def bottom(self) -> float:
        """The lowest point."""
        return self.low * (self.high / self.low) ** -EDGE if self.zero else self.low

    @property
    def top(self) -> float:
        """The highest point."""
        if not self.never:
            return self.high
        return self.high * (self.high / self.low) ** EDGE if self.log else self.high + EDGE * (self.high - self.low)

    def value(self, point: Value) -> Value:
        """What the method gets at a point."""
        if self.choices or isinstance(point, str):
            return point
        if self.never and point > self.high:
            return math.inf
        if self.zero and point < self.low:
            return 0.0
        return round(point) if self.whole else min(max(_short(float(point)), self.low), self.high)

    def point(self, value: Value) -> Value:
        """The point of a value, the nearest there is."""
        if self.choices:
            return value if value in self.choices else self.choices[0]
        assert not isinstance(value, str)
        number = min(max(float(value), self.bottom if value == 0 else self.low), self.top)
        if not math.isinf(value):
            number = min(number, self.high)
        return round(number) if self.whole else number

    def holds(self, value: Value) -> bool:
        """Whether the search could come to this value."""
        if self.choices or isinstance(value, str):
            return value in self.choices
        return (self.zero and value == 0) or (self.never and value == math.inf) or self.low <= value <= self.high

    def levels(self, n: int) -> list[Value]:
        """The choices, or n values from one end to the other, infinity beside them where it belongs to the scale."""
        if self.choices:
            return list(self.choices)
        steps = [i / (n - 1) for i in range(n)]
        if self.log:
            points = [self.low * (self.high / self.low) ** step for step in steps]
        else:
            points = [self.low + (self.high - self.low) * step for step in steps]
        values: list[Value] = [0.0] if self.zero else []
        values += [self.value(point) for point in points] + ([math.inf] if self.never else [])
        return list(dict.fromkeys(values))


@dataclass(frozen=True)
class Space:
    """A method with the settings that the search begins with, and what its ranges are narrowed to.

    narrowed: by setting either one value (it stays), two numbers (from, to), or the values to try. held: settings that
    stay as they are unless narrowed; those that buy quality by memory or time alone.
    Raises SettingError when a name or a range cannot be.
    """

    method: Estimator[Any]
    narrowed: Mapping[str, Any] = field(default_factory=dict)
    held: Sequence[str] = ()

    def __post_init__(self) -> None:
        known = ranges(type(self.method))
        for name in self.narrowed:
            if name not in known:
                close = get_close_matches(name, known, n=1)
                hint = f"; did you mean {close[0]}?" if close else "."
                raise SettingError(f"{self.called} has no setting {name}{hint} It has {', '.join(known) or 'none'}")
        list(self.axes(1.0))

    @property
    def called(self) -> str:
        """The name of the method's class."""
        return type(self.method).__name__

    def axes(self, days: float) -> Iterator[Axis]:
        """The settings that are searched. days: how long the log is; a longer half-life is as good as none, and in a
        log without times (0) any is.
        """
        for name, legal in ranges(type(self.method)).items():
            default = getattr(self.method, name)
            if name in self.narrowed:
                axis = self._narrowed(name, legal)
            elif name in self.held or (isinstance(default, str) and not legal.choices):
                continue
            else:
                axis = _whole(name, legal, default, days)
            if axis is not None:
                yield axis

    def start(self) -> dict[str, Value]:
        """The settings to begin with, moved into what was narrowed."""
        legal = ranges(type(self.method))
        begun = {name: getattr(self.method, name) for name in legal}
        for name, said in self.narrowed.items():
            axis = self._narrowed(name, legal[name])
            begun[name] = axis.value(axis.point(begun[name])) if axis is not None else _typed(_only(said), begun[name])
        return begun

    def at(self, values: Values) -> Estimator[Any]:
        """The method with these settings. Raises SettingError when they are outside of their legal ranges."""
        return replace(self.method, **values)  # type: ignore[type-var]

    def _narrowed(self, name: str, legal: Range) -> Axis | None:
        said, default = self.narrowed[name], getattr(self.method, name)
        values = [_typed(value, default) for value in (said if isinstance(said, list | tuple) else [said])]
        if not values:
            raise SettingError(
                f"{self.called}: no value is left for {name}; give one at least, or two to search between"
            )
        for value in values:
            if type(value) is not type(default) or not legal.allows(value):
                raise SettingError(f"{self.called}: {name} must be {legal}; the range to search holds {value!r}")
        if len(values) == 1:
            return None
        if len(values) > 2 or legal.choices or isinstance(default, str | bool):
            return Axis(name, choices=tuple(dict.fromkeys(values)))
        low, high = (float(value) for value in values)
        if not low < high:
            raise SettingError(f"{self.called}: {name} is searched from low to high; it is from {low:g} to {high:g}")
        if math.isinf(high):
            return Axis(name, choices=tuple(values))
        return _scaled(Axis(name, low, high, legal.log and low > 0, isinstance(default, int)))


def _whole(name: str, legal: Range, default: Value, days: float) -> Axis | None:
    """The whole legal range of a setting; None when it leaves nothing to choose."""
    if isinstance(default, bool):
        return Axis(name, choices=(False, True))
    if legal.choices:
        return Axis(name, choices=legal.choices) if len(legal.choices) > 1 else None
    assert not isinstance(default, str)
    never = legal.high is None and math.isinf(default)
    low = 0.0 if legal.low is None else float(legal.low)
    high = legal.high
    if name.endswith("_days") and not days:
        return None
    if high is None and name.endswith("_days"):
        high, never = max(2 * days, 2 * low), True
    if high is None:
        high = FAR * max(low, 1.0 if math.isinf(default) else abs(float(default)) or 1.0)
    whole = isinstance(default, int)
    if whole and legal.log and legal.high is not None:
        high = min(legal.high, LARGER * float(default))
    if low >= high:
        return None
    return _scaled(Axis(name, low, float(high), legal.log and low > 0, whole, never=never and not whole))


def _scaled(axis: Axis) -> Axis:
    """From 0 up to a large number: by orders of magnitude, with 0 as the end of the scale."""
    if axis.log or axis.whole or axis.low != 0 or axis.high <= WIDE:
        return axis
    return replace(axis, low=ORDERS * axis.high, log=True, zero=True)


def _only(said: Any) -> Any:
    return said[0] if isinstance(said, list | tuple) else said


def _typed(value: Any, default: Value) -> Any:
    """A whole number where a float is meant (TOML writes 1 for 1.0)."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    return float(value) if whole and isinstance(default, float) else value


def _short(number: float) -> float:
    """Four digits are as good as sixteen, and can be read."""
    return float(f"{number:.4g}")
