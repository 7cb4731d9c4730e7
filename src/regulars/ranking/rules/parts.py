"""The single rules that a shop can say, as they were understood."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

from .language import Condition

ANY: Final = "*"  # among the kinds of `unseen`: whatever a customer did


@dataclass(frozen=True)
class Screen:
    """What may be shown at all; all that is said must hold.

    where: a condition. allow: only these ids, None for all; deny: none of these. available_from, available_until:
    fields with times, between which an item may be shown, the latter not included; a missing time is no limit.
    """

    where: Condition | None = None
    allow: tuple[str, ...] | None = None
    deny: tuple[str, ...] = ()
    available_from: str = ""
    available_until: str = ""

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:  # long lists of ids are looked at once
        return hash((self.where, self.allow, self.deny, self.available_from, self.available_until))


@dataclass(frozen=True)
class Boost:
    """What the worth of some items is multiplied by, and what is added to it; see `merits`."""

    where: Condition
    factor: float = 1.0
    add: float = 0.0


@dataclass(frozen=True)
class Pin:
    """An item that stands in a slot (from 1) wherever it may be shown and `where` is true of it."""

    item: str
    slot: int
    where: Condition | None = None


@dataclass(frozen=True)
class Share:
    """The part of the slots that goes to the items of a condition, or to each value of a field (`by`)."""

    where: Condition | None = None
    by: str = ""
    at_least: float = 0.0
    at_most: float = 1.0


@dataclass(frozen=True)
class Diversity:
    """Each further item of a value of the field `by` counts (1 - strength) times; of vectors, by their likeness."""

    by: str
    strength: float = 0.3
