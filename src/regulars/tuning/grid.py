"""The grid: every combination of a few values of each setting, in a random order that is the same each time."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import numpy as np

from regulars.core.errors import SettingError
from regulars.core.settings import Value

from .space import Axis
from .trial import Trial

MOST: Final = 10_000_000  # combinations that are put in order


@dataclass
class Grid:
    """Proposes the points of a grid that were not tried yet; `levels` values of each axis."""

    axes: Sequence[Axis]
    levels: int
    seed: int
    place: int = field(default=0)
    tried: set[tuple[Value, ...]] = field(default_factory=set)

    def __post_init__(self) -> None:
        if len(self) > MOST:
            names = ", ".join(axis.name for axis in self.axes)
            raise SettingError(
                f"a grid of {len(self):,} combinations is too large; search fewer of {names}, narrow them, or take "
                f"fewer levels than {self.levels}"
            )

    def __len__(self) -> int:
        return math.prod(len(values) for values in self._values)

    def tell(self, trial: Trial) -> None:
        """A trial that was made."""
        self.tried.add(tuple(trial.settings[axis.name] for axis in self.axes))

    def ask(self) -> dict[str, Value] | None:
        """The next values to try; None when all were tried."""
        while self.place < len(self):
            values = self._at(int(self._order[self.place]))
            self.place += 1
            if tuple(values.values()) not in self.tried:
                return values
        return None

    def _at(self, number: int) -> dict[str, Value]:
        """The combination of a number, each axis one digit of it."""
        found = {}
        for axis, values in zip(self.axes, self._values, strict=True):
            number, digit = divmod(number, len(values))
            found[axis.name] = values[digit]
        return found

    @cached_property
    def _values(self) -> list[list[Value]]:
        return [axis.levels(self.levels) for axis in self.axes]

    @cached_property
    def _order(self) -> np.ndarray:
        return np.random.default_rng(self.seed).permutation(len(self))
