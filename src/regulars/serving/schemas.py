"""The shapes of requests and answers: what the decoder checks, what the OpenAPI document says, what the client speaks.

Ids are the shop's own; `customer` may as well be the id of an anonymous visitor.
"""

import datetime
from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

NO_NUL = "^[^\\x00]*$"
FAR = 2**63 - 1

Id = Annotated[str, Meta(min_length=1, max_length=512, pattern=NO_NUL)]
IdOrNone = Annotated[str, Meta(max_length=512, pattern=NO_NUL)]
Name = Annotated[str, Meta(min_length=1, max_length=128, pattern=NO_NUL)]
Mark = Annotated[str, Meta(max_length=256, pattern=NO_NUL)]
Text = Annotated[str, Meta(max_length=100_000)]  # no pattern: msgspec 0.22 frees it twice in unions with lists
Number = Annotated[float, Meta(ge=-1e15, le=1e15)]
Ago = Annotated[float, Meta(ge=0, le=1e9)]
Whole = Annotated[int, Meta(ge=-FAR, le=FAR)]
Scalar = None | bool | Whole | float | Text
Value = None | bool | Whole | float | Text | list[Scalar] | dict[Mark, Scalar]
Fields = Annotated[
    dict[Name, Value],
    Meta(max_length=1_000, description="A text, number, boolean, list or map (such as stock by store) for each name."),
]
When = Annotated[Whole | float | Mark, Meta(description="Seconds since 1970 UTC, or ISO 8601 with its zone.")]
K = Annotated[int, Meta(ge=0, le=1_000, description="How many items; 0: as many as the scenario says.")]
Cursor = Annotated[str, Meta(max_length=8_192, pattern=NO_NUL, description="`cursor` of the page before.")]
Ids = Annotated[list[Id], Meta(max_length=10_000)]


class Event(Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Something that a customer did with an item."""

    customer: Id
    item: Id
    kind: Name = "view"
    event_id: Annotated[
        Mark, Meta(description="The same id twice is the same event, stored once; made by the server if absent.")
    ] = ""
    time: When | None = None
    age: Annotated[
        Ago | None, Meta(description="Seconds ago, instead of `time`, for senders whose clock may be wrong.")
    ] = None
    weight: Number = 1.0
    quantity: Annotated[Number | None, Meta(description="Negative for what came back.")] = None
    value: Annotated[Number | None, Meta(description="What was paid; negative for what came back.")] = None
    session: Mark = ""
    context: Fields = {}
    exposure_id: Annotated[Mark, Meta(description="Of the answer that the customer followed.")] = ""


class Refused(Struct):
    """A line that was not taken, and why."""

    line: Annotated[int, Meta(ge=1, description="From 1, in the order of the request.")]
    reason: str
    where: str = ""


class Taken(Struct):
    """What became of the events; stored ones are on the disk."""

    stored: int
    repeated: int
    refused: list[Refused]
    event_ids: Annotated[list[str | None], Meta(description="Of each line; null where it was refused.")]
    dry_run: bool = False


class Merge(Struct, forbid_unknown_fields=True):
    """Whom a visitor turned out to be."""

    customer: Id


class Merged(Struct):
    """How many events of the visitor are the customer's now; later ones will be, too."""

    visitor: str
    customer: str
    events: int
    dry_run: bool = False


class Entity(Struct, forbid_unknown_fields=True):
    """An item or a customer, and what is known of it."""

    id: Id
    fields: Fields


class Known(Struct):
    """An item or a customer as the store has it; changed: seconds UTC."""

    id: str
    fields: dict[str, Any]
    changed: int


class Page(Struct):
    """Some of all, in the order of their changes; `next` is where to go on, null at the end."""

    entities: list[Known]
    next: int | None


class Written(Struct):
    """How many documents were written or deleted, and the lines that were not taken."""

    written: int
    refused: list[Refused] = []
    missing: Annotated[list[str], Meta(description="Ids that are not there, so that nothing was patched.")] = []
    dry_run: bool = False


class Did(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """Something that the customer did, told with the question."""

    item: Id
    kind: Name = "view"
    time: Annotated[Whole, Meta(description="Seconds UTC; 0: just now.")] = 0
    weight: Number = 1.0


class Ask(Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What to show to whom, where."""

    scenario: Mark = ""
    customer: Annotated[
        Annotated[str, Meta(max_length=512, pattern=NO_NUL)], Meta(description="Empty: a stranger.")
    ] = ""
    history: Annotated[
        Annotated[list[Did], Meta(max_length=10_000)] | None, Meta(description="Instead of what the store has.")
    ] = None
    session: Annotated[list[Did], Meta(max_length=10_000, description="After the history.")] = []
    basket: Annotated[Ids, Meta(description="The cart, or the product on the page.")] = []
    items: Annotated[Ids | None, Meta(description="Rank only these.")] = None
    context: Annotated[Fields, Meta(description="Of the moment: device, store, page; read by models and rules.")] = {}
    rules: Annotated[dict[Name, Any], Meta(description="Further rules, as in regulars.toml.")] = {}
    k: K = 0
    cursor: Cursor = ""
    explain: bool = True
    at: Annotated[int, Meta(ge=0, le=2**40, description="As of then, seconds UTC; 0: now.")] = 0
    dry_run: Annotated[bool, Meta(description="Nothing is logged.")] = False


class Rerank(Ask, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Items to put in order for somebody."""

    items: Annotated[list[Id], Meta(min_length=1, max_length=10_000)]


class Reason(Struct, omit_defaults=True):
    """One reason of a line: an item of the history or a feature, and its share of the score."""

    item: str = ""
    name: str = ""
    feature: str = ""
    time: int = 0
    share: float | None = 0.0


class Shown(Struct):
    """One item of an answer.

    source: who proposed it, via: the method within it that did; chance: its propensity in this slot, 1 if nothing was
    drawn. From a source that foretells purchases (buy_again): how likely this customer buys it within so many weeks,
    and the day by which that is as likely as not, null if none is near.
    """

    item: str
    rank: int
    score: float | None
    source: str
    via: str = ""
    reason: str = ""
    because: list[Reason] = []
    chance: float = 1.0
    probability: float | UnsetType = UNSET
    horizon_weeks: int | UnsetType = UNSET
    expected_date: datetime.date | UnsetType | None = UNSET


class Recommended(Struct):
    """The items for one question, best first.

    asked: the ladder of sources; unknown: ids of the question that the catalog lacks; short: why there are fewer than
    k; degraded: the store was away, and the history is the last one known.
    """

    scenario: str
    customer: str
    items: list[Shown]
    exposure_id: str
    version: str
    cursor: str
    asked: list[str]
    known: bool
    unknown: list[str]
    short: str
    degraded: bool


class Reached(Struct):
    """A customer for an item."""

    customer: str
    score: float | None
    source: str = ""


class Audience(Struct):
    """The customers to whom an item should be shown, best first.

    cursor: of the next page, empty on the last one; looked_at: how many customers there are, history: by how many of
    the newest events of each.
    """

    item: str
    customers: list[Reached]
    cursor: str = ""
    looked_at: int = 0
    history: int = 0


class Model(Struct):
    """A version of the models; stage: candidate, live, shadow, canary or retired."""

    name: str
    stage: str
    share: float
    made: int
    promoted: int
    fingerprint: str
    facts: dict[str, Any]


class Models(Struct):
    """All versions, newest first; answering: the one that this replica answers with; problems: what does not work.

    history: so many of the newest events of a customer are looked at.
    """

    models: list[Model]
    answering: str
    problems: dict[str, str] = {}
    history: int = 0


class Share(Struct, forbid_unknown_fields=True):
    """Of the customers, always the same ones."""

    share: Annotated[float, Meta(gt=0, lt=1)]


class Export(Struct):
    """Everything that is kept of a customer."""

    customer: str
    fields: dict[str, Any]
    events: list[dict[str, Any]]
    exposures: list[dict[str, Any]]


class Erased(Struct):
    """What was forgotten for good."""

    customer: str
    events: int
    exposures: int
    attributes: int
    dry_run: bool = False


class Health(Struct):
    """status: ok, degraded (answers from memory) or starting; problems: parts that have one, see /v1/models.

    reason: what a service that is starting is doing.
    """

    status: str
    store: str
    version: str
    problems: list[str] = []
    reason: str = ""


class Mistake(Struct, omit_defaults=True):
    """One thing that is wrong with the input."""

    where: str
    wanted: str


class ProblemDetails(Struct, kw_only=True, omit_defaults=True):
    """An error, after RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    request_id: str
    errors: list[Mistake] = []
    refused: list[Refused] = []
