"""Rules: what may be shown, and what the lists should be like."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import Any

from .bound import Bound
from .catalog import Catalog
from .checks import check
from .language import Condition
from .parts import Boost, Diversity, Pin, Screen, Share
from .reading import parts_of
from .syntax import Name


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
        return cls(**parts_of(mapping, where))

    def merged(self, *others: "Rules") -> "Rules":
        """This and what narrower places say: the shop's with those of a scenario, and of a request.

        All conditions and lists hold together, boosts, shares and burials add up, the tighter cap wins; of a weight, of
        diversity and of a slot, what was said last counts.
        """
        return reduce(_merged, others, self)

    def bound(self, catalog: Catalog, kinds: Sequence[str] = ()) -> Bound:
        """The rules as they hold for a catalog. kinds: the name of each code of the histories, for `unseen`."""
        return Bound(self, catalog, tuple(kinds))

    def check(self, catalog: Catalog, context: Sequence[str] = ()) -> None:
        """Raises RuleError for names that neither a field of the catalog nor a variable of the context answers to, and
        for comparisons that can hold for no item."""
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
