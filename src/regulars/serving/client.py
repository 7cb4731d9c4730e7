"""A client of the service: questions and answers typed, events sent in the background until they are stored.

with Client("http://127.0.0.1:8080", key="reg_...") as shop:
    shop.track("c1", "tea", kind="purchase", value=2.49)
    lines = shop.recommend("c1", k=5).items
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from regulars.core.errors import MissingExtra, ServiceError

from .outbox import Outbox
from .schemas import (
    Ask,
    Audience,
    Did,
    Entity,
    Erased,
    Event,
    Export,
    Known,
    Merged,
    Models,
    Page,
    ProblemDetails,
    Recommended,
    Rerank,
    Taken,
    Written,
)

try:
    import urllib3
except ModuleNotFoundError as error:
    raise MissingExtra("urllib3", "serve") from error

T = TypeVar("T")
AGAIN = (429, 502, 503, 504, 507)  # nothing was done then, and it may go better later


class Client:
    """One connection pool to a service, for all threads of a process; `close` sends what waits.

    timeout: seconds for one try; tries: of one request, waiting longer each time. Every method raises ServiceError when
    the service refuses or cannot be reached.
    """

    def __init__(self, url: str, key: str = "", *, timeout: float = 10.0, tries: int = 3) -> None:
        self._wire = _Wire(url, key, timeout, tries)
        self._outbox = Outbox(self.send)
        self.items = Documents(self._wire, "/v1/items")
        self.customers = Customers(self._wire, "/v1/customers")
        self.models = Versions(self._wire)

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def track(self, customer: str, item: str, kind: str = "view", **more: Any) -> str:
        """Notes an event, which is sent in the background, again until it is stored; its event_id.

        more: further fields of schemas.Event. Raises ServiceError when 100,000 events wait already.
        """
        return self._outbox.put(Event(customer=customer, item=item, kind=kind, **more))

    def flush(self, timeout: float = 10.0) -> bool:
        """Waits until the events that were tracked are stored; whether they are."""
        return self._outbox.flush(timeout)

    def close(self, timeout: float = 10.0) -> None:
        """Sends what waits, as far as that works in time; what is left is told in the log."""
        self._outbox.close(timeout)
        self._wire.close()

    def send(self, events: Sequence[Event]) -> Taken:
        """Stores events now; lines that cannot be used are in `refused`. Raises ServiceError when all are such."""
        return self._wire.ask("POST", "/v1/events", Taken, events)

    def merge(self, visitor: str, customer: str) -> Merged:
        """Gives the events of an anonymous visitor to a customer."""
        return self._wire.ask("POST", _path("/v1/visitors", visitor, "merge"), Merged, {"customer": customer})

    def recommend(
        self,
        customer: str = "",
        *,
        scenario: str = "",
        k: int = 0,
        session: Sequence[str | Did] = (),
        basket: Sequence[str] = (),
        context: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> Recommended:
        """What to show to whom, where. session: ids of what was just looked at. more: further fields of schemas.Ask."""
        ask = Ask(
            customer=customer,
            scenario=scenario,
            k=k,
            session=_did(session),
            basket=list(basket),
            context=dict(context or {}),
            **more,
        )
        return self._wire.ask("POST", "/v1/recommend", Recommended, ask)

    def rerank(self, items: Sequence[str], customer: str = "", **more: Any) -> Recommended:
        """These items in the order for somebody."""
        return self._wire.ask("POST", "/v1/rerank", Recommended, Rerank(items=list(items), customer=customer, **more))

    def similar(self, item: str, **query: Any) -> Recommended:
        """What is like an item. query: k, customer, cursor, context..."""
        return self._get(Recommended, query, "/v1/similar", item)

    def bought_together(self, item: str, **query: Any) -> Recommended:
        """What is bought together with an item."""
        return self._get(Recommended, query, "/v1/bought-together", item)

    def buy_again(self, customer: str, **query: Any) -> Recommended:
        """What a customer may need again."""
        return self._get(Recommended, query, "/v1/buy-again", customer)

    def recently_viewed(self, customer: str, **query: Any) -> Recommended:
        """What a customer looked at last."""
        return self._get(Recommended, query, "/v1/recently-viewed", customer)

    def trending(self, **query: Any) -> Recommended:
        """What is on the rise."""
        return self._get(Recommended, query, "/v1/trending")

    def popular(self, **query: Any) -> Recommended:
        """What sells."""
        return self._get(Recommended, query, "/v1/popular")

    def new(self, **query: Any) -> Recommended:
        """What is new."""
        return self._get(Recommended, query, "/v1/new")

    def audience(self, item: str, k: int = 100, **query: Any) -> Audience:
        """Whom to tell of an item; query: scenario, cursor, context."""
        return self._get(Audience, {"k": k, **query}, "/v1/audience", item)

    def _get(self, kind: type[T], query: Mapping[str, Any], *parts: str) -> T:
        return self._wire.ask("GET", _path(*parts) + _query(query), kind)


class Documents:
    """Items, or customers: documents by id."""

    def __init__(self, wire: "_Wire", path: str) -> None:
        self._wire = wire
        self._place = path

    def get(self, name: str) -> Known:
        """What is known of one."""
        return self._wire.ask("GET", _path(self._place, name), Known)

    def put(self, name: str, fields: Mapping[str, Any]) -> Written:
        """Makes or replaces one."""
        return self._wire.ask("PUT", _path(self._place, name), Written, fields)

    def patch(self, name: str, fields: Mapping[str, Any]) -> Written:
        """Lays fields over those of one; None takes a field away."""
        return self._wire.ask("PATCH", _path(self._place, name), Written, fields)

    def put_many(self, fields: Mapping[str, Mapping[str, Any]]) -> Written:
        """Makes or replaces many, by id."""
        return self._wire.ask("PUT", self._place, Written, _entities(fields))

    def patch_many(self, fields: Mapping[str, Mapping[str, Any]]) -> Written:
        """Lays fields over those of many, by id; the ids that are not there are in `missing`."""
        return self._wire.ask("PATCH", self._place, Written, _entities(fields))

    def page(self, after: int = 0, limit: int = 1_000) -> Page:
        """Some of all, in the order of their changes."""
        return self._wire.ask("GET", self._place + _query({"after": after, "limit": limit}), Page)

    def delete(self, name: str) -> None:
        """Takes one away; of a customer everything: events, exposures, attributes."""
        self._wire.ask("DELETE", _path(self._place, name), dict)


class Customers(Documents):
    """Customers, and what is kept of them."""

    def export(self, customer: str) -> Export:
        """Everything that is kept of a customer."""
        return self._wire.ask("GET", _path(self._place, customer, "export"), Export)

    def erase(self, customer: str) -> Erased:
        """Forgets a customer for good."""
        return self._wire.ask("DELETE", _path(self._place, customer), Erased)


class Versions:
    """The versions of the models."""

    def __init__(self, wire: "_Wire") -> None:
        self._wire = wire

    def all(self) -> Models:
        """Newest first, and which one answers."""
        return self._wire.ask("GET", "/v1/models", Models)

    def promote(self, version: str) -> Models:
        """Makes a version live."""
        return self._wire.ask("POST", _path("/v1/models", version, "promote"), Models)

    def roll_back(self) -> Models:
        """Makes the version live that was so before."""
        return self._wire.ask("POST", "/v1/models/rollback", Models)

    def shadow(self, version: str) -> Models:
        """Has a version answer everything, unseen."""
        return self._wire.ask("POST", _path("/v1/models", version, "shadow"), Models)

    def canary(self, version: str, share: float) -> Models:
        """Has a version answer a share of the customers."""
        return self._wire.ask("POST", _path("/v1/models", version, "canary"), Models, {"share": share})

    def retire(self, version: str) -> Models:
        """Has a version answer nobody."""
        return self._wire.ask("POST", _path("/v1/models", version, "retire"), Models)


class _Wire:
    """Requests and what comes back."""

    def __init__(self, url: str, key: str, timeout: float, tries: int) -> None:
        self._url = url.rstrip("/")
        self._headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {key}"} if key else {})}
        again = urllib3.Retry(
            tries - 1,
            status_forcelist=AGAIN,
            allowed_methods=None,  # every call of the service may be made twice
            backoff_factor=0.2,
            raise_on_status=False,
            redirect=0,
        )
        self._pool = urllib3.PoolManager(maxsize=16, retries=again, timeout=timeout)

    def ask(self, method: str, path: str, kind: type[T], body: Any = None) -> T:
        """One request. Raises ServiceError."""
        sent = None if body is None else msgspec.json.encode(body)
        try:
            reply = self._pool.request(method, self._url + path, body=sent, headers=self._headers)
        except urllib3.exceptions.HTTPError as error:
            raise ServiceError(f"{self._url} cannot be reached: {error}") from error
        if reply.status >= 400:
            raise _refusal(reply.status, reply.data, self._url)
        return msgspec.json.decode(reply.data, type=kind)

    def close(self) -> None:
        self._pool.clear()


def _refusal(status: int, body: bytes, url: str) -> ServiceError:
    try:
        told = msgspec.json.decode(body, type=ProblemDetails)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ServiceError(f"{url} answered {status}: {body[:200]!r}", status)
    return ServiceError(f"{told.title}: {told.detail} (request {told.request_id})", status)


def _path(*parts: str) -> str:
    """The first part as it is, the others as ids."""
    place, *ids = parts
    return "/".join([place, *(quote(one, safe="") for one in ids)])


def _query(given: Mapping[str, Any]) -> str:
    pairs: list[tuple[str, str]] = []
    for name, value in given.items():
        if isinstance(value, Mapping):
            pairs += [(f"{name}[{key}]", str(one)) for key, one in value.items()]
        elif isinstance(value, list | tuple):
            pairs += [(name, str(one)) for one in value]
        else:
            pairs.append((name, str(value).lower() if isinstance(value, bool) else str(value)))
    return f"?{urlencode(pairs)}" if pairs else ""


def _did(session: Sequence[str | Did]) -> list[Did]:
    return [Did(one) if isinstance(one, str) else one for one in session]


def _entities(fields: Mapping[str, Mapping[str, Any]]) -> list[Entity]:
    return [Entity(name, dict(one)) for name, one in fields.items()]
