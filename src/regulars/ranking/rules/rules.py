"""Rules: what may be shown, and what the lists should be like."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import TYPE_CHECKING, Any, Final

from .language import Condition
from .syntax import Name

if TYPE_CHECKING:
    from .bound import Bound
    from .catalog import Catalog

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


@dataclass(frozen=True)
class Rules:
    """What a shop, a scenario or a request says of its lists; `Rules()` says nothing.

    unseen: kinds of events whose items are not shown again, ANY for all kinds. bury: what is shown only where nothing
    else is left. caps: field -> the most items of one value in a list. weights: field -> how much more its highest
    numbers count, from -1 to 1.
    """

    screens: tuple[Screen, ...] = ()
    unseen: tuple[str, ...] = ()
    boosts: tuple[Boost, ...] = ()
    bury: tuple[Condition, ...] = ()
    pins: tuple[Pin, ...] = ()
    shares: tuple[Share, ...] = ()
    caps: tuple[tuple[str, int], ...] = ()
    weights: tuple[tuple[str, float], ...] = ()
    diversity: Diversity | None = None

    @classmethod
    def of(cls, mapping: Mapping[str, Any], where: str = "[rules]") -> "Rules":
        """From a table of regulars.toml or a JSON object. Raises RuleError, which names the place, `where` first."""
        from .reading import rules_of

        return rules_of(mapping, where)

    def merged(self, *others: "Rules") -> "Rules":
        """This and what narrower places say: the shop's with those of a scenario, and of a request.

        All conditions and lists hold together, boosts, shares and burials add up, the tighter cap wins; of a weight, of
        diversity and of a slot, what was said last counts.
        """
        return reduce(_merged, others, self)

    def bound(self, catalog: "Catalog", kinds: Sequence[str] = ()) -> "Bound":
        """The rules as they hold for a catalog. kinds: the name of each code of the histories, for `unseen`."""
        from .bound import Bound

        return Bound(self, catalog, tuple(kinds))

    def check(self, catalog: "Catalog", context: Sequence[str] = ()) -> None:
        """Raises RuleError for names that neither a field of the catalog nor a variable of the context answers to."""
        from .checks import check

        check(self, catalog, context)

    @cached_property
    def conditions(self) -> tuple[tuple[str, Condition], ...]:
        """Every condition and where it stands."""
        return tuple(_conditions(self))

    @cached_property
    def names(self) -> tuple[Name, ...]:
        """The names in all conditions, each once."""
        return tuple(dict.fromkeys(name for _, condition in self.conditions for name in condition.names))

    @cached_property
    def asks_now(self) -> bool:
        """Whether anything depends on the moment of asking."""
        dated = any(screen.available_from or screen.available_until for screen in self.screens)
        return dated or any(condition.asks_now for _, condition in self.conditions)

    @property
    def arranges(self) -> bool:
        """Whether anything looks at the order of a list."""
        return bool(self.boosts or self.bury or self.pins or self.shares or self.caps or self.weights or self.diversity)


def _conditions(rules: Rules) -> Iterator[tuple[str, Condition]]:
    yield from (("where", screen.where) for screen in rules.screens if screen.where)
    yield from (("boosts", boost.where) for boost in rules.boosts)
    yield from (("bury", condition) for condition in rules.bury)
    yield from (("pins", pin.where) for pin in rules.pins if pin.where)
    yield from (("shares", share.where) for share in rules.shares if share.where)


def _merged(wide: Rules, narrow: Rules) -> Rules:
    caps = dict(wide.caps)
    for field, most in narrow.caps:
        caps[field] = min(most, caps.get(field, most))
    return Rules(
        tuple(dict.fromkeys(wide.screens + narrow.screens)),
        tuple(dict.fromkeys(wide.unseen + narrow.unseen)),
        wide.boosts + narrow.boosts,
        tuple(dict.fromkeys(wide.bury + narrow.bury)),
        narrow.pins + wide.pins,
        tuple(dict.fromkeys(wide.shares + narrow.shares)),
        tuple(caps.items()),
        tuple({**dict(wide.weights), **dict(narrow.weights)}.items()),
        narrow.diversity or wide.diversity,
    )
