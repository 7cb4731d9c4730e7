"""Scenarios: the places where a list is shown, and the ladder of sources that fills each."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Final

from regulars.core.errors import ConfigError
from regulars.ranking.rules import Rules

from .checking import MOST
from .live import BOUGHT_TOGETHER, BUY_AGAIN, LIVE, NEW, POPULAR, RECENTLY_VIEWED, SIMILAR, TRENDING

HOME: Final = "home"  # the scenario of those who name none
_PERSONAL: Final = {RECENTLY_VIEWED, BUY_AGAIN}  # a list of these alone says something that popular items would belie
_BUILT_IN: Final[Mapping[str, tuple[str, ...]]] = {
    POPULAR: (POPULAR,),
    TRENDING: (TRENDING, POPULAR),
    NEW: (NEW, POPULAR),
    RECENTLY_VIEWED: (RECENTLY_VIEWED,),
    BUY_AGAIN: (BUY_AGAIN,),
    SIMILAR: (SIMILAR, BOUGHT_TOGETHER, POPULAR),
    BOUGHT_TOGETHER: (BOUGHT_TOGETHER, SIMILAR, POPULAR),
    "cart": (BOUGHT_TOGETHER, SIMILAR, POPULAR),
}


@dataclass(frozen=True)
class Scenario:
    """A place where a list of `k` is shown. sources: a ladder, the next one fills in where those before cannot tell.

    explore: the share of the slots that are drawn, so that their chances are known. rules: those of the shop and its
    own, merged.
    """

    name: str
    sources: tuple[str, ...]
    k: int = 10
    explain: bool = True
    explore: float = 0.0
    rules: Rules = field(default_factory=Rules)

    def __post_init__(self) -> None:
        if not self.sources:
            raise ConfigError(f"[scenarios.{self.name}] needs sources, such as sources = ['als', 'popular']")
        if not 1 <= self.k <= MOST:
            raise ConfigError(f"[scenarios.{self.name}] k must be from 1 to {MOST:,}; it is {self.k}")
        if not 0 <= self.explore <= 1:
            raise ConfigError(f"[scenarios.{self.name}] explore must be from 0 to 1; it is {self.explore}")


def scenarios_of(
    tables: Mapping[str, Mapping[str, Any]],
    *,
    k: int = 10,
    rules: Mapping[str, Any] | None = None,
    known: Sequence[str] = (),
    home: Sequence[str] = (),
) -> dict[str, Scenario]:
    """The built-in scenarios, and those of [scenarios.NAME] in their place or beside them.

    k: where a scenario does not say; rules: of the whole shop; known: the names of all methods and compositions of
    regulars.toml; home: the ladder of the built-in home. The ladders end with what is popular, so that a list is full
    when so many items may be shown, but for those that are about the customer's own past alone.
    Raises ConfigError for a source that nothing answers to, RuleError for rules that cannot be understood.
    """
    shop = Rules.of(rules or {})
    made = {name: Scenario(name, sources, k, rules=shop) for name, sources in _built_in(home).items()}
    for name, table in tables.items():
        where = f"[scenarios.{name}]"
        sources = tuple(table.get("sources", ()))
        _check(where, sources, known)
        made[name] = Scenario(
            name,
            _ended(sources),
            int(table.get("k", 0)) or k,
            bool(table.get("explain", True)),
            float(table.get("explore", 0.0)),
            shop.merged(Rules.of(table.get("rules", {}), f"[scenarios.{name}.rules]")),
        )
    return made


def _built_in(home: Sequence[str]) -> dict[str, tuple[str, ...]]:
    return {HOME: _ended(tuple(home) or (POPULAR,)), **_BUILT_IN}


def _ended(sources: tuple[str, ...]) -> tuple[str, ...]:
    sources = tuple(dict.fromkeys(sources))
    return sources if POPULAR in sources or set(sources) <= _PERSONAL else (*sources, POPULAR)


def _check(where: str, sources: Iterable[str], known: Sequence[str]) -> None:
    names = [*LIVE, *known]
    for source in sources:
        if source not in names:
            close = get_close_matches(source, names, n=1)
            meant = f"; did you mean {close[0]}?" if close else "."
            raise ConfigError(
                f"{where} has the source {source}, which is neither a method nor a blend, pipeline or route of "
                f"regulars.toml{meant} There are {', '.join(names)}"
            )
