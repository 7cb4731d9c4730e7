"""What a shop asks the service, and what it gets: ids of the shop at the edge, one shape for every endpoint."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple


@dataclass(frozen=True)
class Done:
    """Something that the customer did, told with the question instead of being read from the store.

    time: seconds UTC, 0: just now.
    """

    item_id: str
    kind: str = "view"
    time: int = 0
    weight: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Question:
    """What to show to whom, where.

    customer: "" for a stranger. history: instead of what the store has (None: the store's); session: after it. basket:
    the cart, or the product on the page. items: rank only these. context: of the moment (device, store, page), read by
    models and rules. rules: further rules of this request, as in regulars.toml. cursor: of the page before. at: seconds
    UTC, 0: now. dry_run: nothing is logged.
    """

    scenario: str
    customer: str = ""
    history: tuple[Done, ...] | None = None
    session: tuple[Done, ...] = ()
    basket: tuple[str, ...] = ()
    items: tuple[str, ...] | None = None
    context: Mapping[str, Any] = field(default_factory=dict)
    rules: Mapping[str, Any] = field(default_factory=dict)
    k: int = 0
    cursor: str = ""
    explain: bool = True
    at: int = 0
    dry_run: bool = False


class Because(NamedTuple):
    """One reason of a line: an item of the history or an attribute, and its share of the score."""

    item_id: str = ""
    name: str = ""
    feature: str = ""
    time: int = 0
    share: float = 0.0


class Expected(NamedTuple):
    """That the customer buys it: with which probability within so many weeks; day: by which a purchase is as likely as
    not, days since 1970 UTC, None if none is near."""

    probability: float
    weeks: int
    day: int | None = None


class Line(NamedTuple):
    """One item of an answer.

    source: who proposed it, as the scenario calls it; via: the method behind that, such as the member of a blend;
    chance: its propensity in this slot, 1 if nothing was drawn. expected: what a source that foretells purchases says.
    """

    item_id: str
    rank: int
    score: float
    source: str
    reason: str = ""
    because: tuple[Because, ...] = ()
    chance: float = 1.0
    via: str = ""
    expected: Expected | None = None


@dataclass(frozen=True)
class Answer:
    """The lines for one question, best first.

    asked: the ladder of sources, those that were asked for somebody who could not be served first included; known:
    whether anything was known of the customer; unknown: ids of the question that the catalog lacks; short: why there
    are fewer than k lines, empty if there are k; degraded: the store was away, and the history is the last known one.
    """

    question: Question
    lines: tuple[Line, ...]
    version: str
    exposure_id: str = ""
    cursor: str = ""
    asked: tuple[str, ...] = ()
    known: bool = False
    unknown: tuple[str, ...] = ()
    short: str = ""
    degraded: bool = False


class Reached(NamedTuple):
    """A customer whom an item suits. source: who says so; scores of one source alone can be compared."""

    user_id: str
    score: float
    source: str


@dataclass(frozen=True)
class Reach:
    """Whom to tell of an item: k customers, by the sources and rules of a scenario, from a cursor on."""

    k: int = 100
    scenario: str = "home"
    context: Mapping[str, Any] = field(default_factory=dict)
    cursor: str = ""


class Reaching(NamedTuple):
    """Whom an item suits best, and how many were looked at, by how many of the newest events of each."""

    reached: list[Reached]
    cursor: str
    customers: int
    history: int
