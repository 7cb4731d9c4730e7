"""What the store keeps: events, items, customers, versions of models, exposures, keys; ids are the shop's own."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Event(NamedTuple):
    """One thing that a customer did with an item.

    event_id: the same id twice is the same event, stored once. time: seconds UTC, when it happened. weight: multiplies
    the weight of its kind (the rating of a rating); quantity, value: negative for what came back; session and context
    (JSON text of an object, or empty) as the shop sends them; exposure_id: of the answer that the customer followed.
    """

    event_id: str
    user_id: str
    item_id: str
    kind: str
    time: int
    weight: float = 1.0
    quantity: float | None = None
    value: float | None = None
    session: str = ""
    context: str = ""
    exposure_id: str = ""


class Did(NamedTuple):
    """What of an event says whom one is dealing with: all that a model reads of a history."""

    item_id: str
    kind: str
    time: int
    weight: float
    quantity: float | None


class Placed(NamedTuple):
    """An event and its place in the order of arrival, which followers of the store ask from."""

    place: int
    event: Event


class Appended(NamedTuple):
    """What became of a batch: stored anew, and known already (the same event_id)."""

    stored: int
    repeated: int


class Erased(NamedTuple):
    """How much of somebody was erased: events, answers that were shown, sets of attributes."""

    events: int
    exposures: int
    attributes: int


@dataclass(frozen=True)
class Entity:
    """An item or a customer: what is known of it as a JSON object; place: in the order of changes; deleted: a mark."""

    id: str
    fields: Mapping[str, Any]
    place: int = 0
    changed: int = 0  # seconds UTC
    deleted: bool = False


@dataclass(frozen=True)
class Version:
    """A fitted set of recommenders in a folder beside the store.

    stage: "candidate", "live", "shadow", "canary" or "retired"; share: of the customers that a canary answers;
    fingerprint: of the vocabulary of its items; facts: what its fit told (methods, seconds, figures).
    """

    name: str
    folder: str
    stage: str = "candidate"
    share: float = 0.0
    fingerprint: str = ""
    made: int = 0  # seconds UTC
    promoted: int = 0  # seconds UTC, 0: never
    facts: Mapping[str, Any] = field(default_factory=dict)


class Exposure(NamedTuple):
    """What one answer showed: the log that experiments and off-policy evaluation read; user_id: empty for a stranger.

    items, scores, sources, chances: of each line, in order; chance: the propensity of the item in this slot, 1 where
    nothing was drawn. version: of the models; arm: of an experiment; context: JSON text of an object, or empty.
    """

    exposure_id: str
    user_id: str
    scenario: str
    time: int
    items: tuple[str, ...]
    scores: tuple[float, ...]
    sources: tuple[str, ...]
    chances: tuple[float, ...]
    version: str = ""
    arm: str = ""
    context: str = ""


@dataclass(frozen=True)
class Key:
    """An API key, stored hashed; roles: any of "events", "read", "admin"."""

    name: str
    digest: str
    roles: tuple[str, ...]
    made: int = 0
    revoked: int = 0  # seconds UTC, 0: in use
