"""Events come in: one, an array or JSON Lines; what is answered with 2xx is on the disk."""

import math
import secrets
import time
from datetime import datetime

import msgspec

from regulars.core.errors import BadRecord
from regulars.store import Appended
from regulars.store import Event as Stored

from ..calls import Call, Reply, bridged, encode, lines_of, told
from ..problems import Problem, invalid, mistake_of
from ..schemas import Event, Merged, Refused, Taken

AHEAD_SECONDS = 300  # of a clock: so far in the future is now, further is refused
NEVER = 2**40  # seconds UTC beyond any calendar
HEAVIEST = 10.0  # of what everybody on the internet may send: as much as the highest mark
_one = msgspec.json.Decoder(Event)


async def take(call: Call) -> Reply:
    """Stores events. Some refused: 207; all refused: a problem."""
    now = time.time()
    events, refused, ids = _read(call, now)
    if refused and not events:
        raise Problem("invalid", _summary(refused), refused=refused)
    appended = Appended(0, 0)
    if not call.query.dry_run:
        appended = await bridged(call.service.writer.submit(events))
        call.metrics.stored.inc(appended.stored)
        call.metrics.repeated.inc(appended.repeated)
    if refused:
        call.metrics.refused.inc(len(refused))
    return told(Taken(*appended, refused, ids, call.query.dry_run), 207 if refused else 200)


async def merge(call: Call) -> Reply:
    """Gives the events of a visitor to a customer."""
    (visitor,), customer = call.params, call.body.customer
    if visitor == customer:
        raise invalid("customer", "another id than the visitor's own")
    moved = 0 if call.query.dry_run else await call.aside(call.service.store.events.merge, visitor, customer)
    if not call.query.dry_run:
        call.service.engine.forget(visitor)
        call.service.engine.forget(customer)
    return told(Merged(visitor, customer, moved, call.query.dry_run))


def _read(call: Call, now: float) -> tuple[list[Stored], list[Refused], list[str | None]]:
    """The events of the body, the lines that cannot be used, and the id of each line."""
    parts = lines_of(call.raw, call.media)
    if not parts:
        raise invalid("body", "at least one event")
    if len(parts) > call.limits.max_lines:
        raise Problem("too-large", f"at most {call.limits.max_lines:,} events in one request; it has {len(parts):,}")
    events: list[Stored] = []
    refused: list[Refused] = []
    ids: list[str | None] = []
    anybody = call.key is not None and set(call.key.roles) == {"page"}
    for number, part in enumerate(parts, 1):
        try:
            event = _stored(_one.decode(part), now)
            if anybody and not 0 <= event.weight <= HEAVIEST:
                raise invalid("weight", f"from 0 to {HEAVIEST:g} with a key of the role page; it is {event.weight:g}")
        except (msgspec.DecodeError, RecursionError, UnicodeError, Problem, BadRecord) as error:
            refused.append(_refused(number, error))
            ids.append(None)
        else:
            events.append(event)
            ids.append(event.event_id)
    return events, refused, ids


def _refused(number: int, error: Exception) -> Refused:
    if isinstance(error, msgspec.ValidationError):
        where, wanted = mistake_of(error)
        return Refused(number, wanted, where)
    if isinstance(error, Problem):
        return Refused(number, error.errors[0].wanted, error.errors[0].where)
    return Refused(number, "nested too deeply" if isinstance(error, RecursionError) else f"not JSON: {error}")


def _stored(event: Event, now: float) -> Stored:
    return Stored(
        event.event_id or secrets.token_hex(16),
        event.customer,
        event.item,
        event.kind,
        _moment(event, now),
        event.weight,
        event.quantity,
        event.value,
        event.session,
        encode(event.context).decode() if event.context else "",
        event.exposure_id,
    )


def _moment(event: Event, now: float) -> int:
    """Seconds UTC of an event. Raises Problem when that cannot be."""
    told = event.time
    if told is None:
        return int(now - (event.age or 0.0))
    if event.age is not None:
        raise invalid("age", "either time or age, not both")
    seconds = _parsed(told) if isinstance(told, str) else told
    if not 0 <= seconds < NEVER:
        raise invalid("time", f"seconds since 1970 UTC, such as {int(now)}; it is {told}{_unit(seconds, now)}")
    if seconds > now + AHEAD_SECONDS:
        raise invalid(
            "time", f"at most {AHEAD_SECONDS} seconds ahead of this service's clock; it is {told}{_unit(seconds, now)}"
        )
    return int(min(seconds, now))


def _parsed(text: str) -> float:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise invalid("time", f"ISO 8601 such as 2026-11-22T12:00:00Z; it is {text!r}") from error
    if moment.tzinfo is None:
        raise invalid("time", f"with its zone, such as 2026-11-22T12:00:00Z; it is {text!r}")
    return moment.timestamp()


def _unit(seconds: float, now: float) -> str:
    """What a time in another unit looks like."""
    for unit, size in (("milliseconds", 1e3), ("microseconds", 1e6), ("nanoseconds", 1e9)):
        if seconds > 0 and abs(math.log10(seconds / size / now)) < 0.3:
            return f", which looks like {unit}"
    return ""


def _summary(refused: list[Refused]) -> str:
    first = refused[0]
    where = f"{first.where}: " if first.where else ""
    return f"nothing was stored; line {first.line}: {where}{first.reason}"
