"""What may be stored: texts that both databases keep faithfully, ids that fit an index, numbers that are numbers."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from regulars.core.errors import BadRecord

from .records import Event

LONGEST_ID = 512  # characters; PostgreSQL's indexes take 2,700 bytes
_LARGEST = 2**63 - 1


def check_events(events: Sequence[Event]) -> None:
    """Raises BadRecord for the first event that cannot be stored."""
    if _texts_are_fine([text for event in events for text in (*event[:4], *event[8:])]):
        for event in events:
            if not _is_fine(event):
                _complain(event)
    else:
        for event in events:
            _complain(event)


def check_ids(ids: Iterable[str], what: str) -> None:
    """Raises BadRecord for the first that is no id."""
    for one in ids:
        if not isinstance(one, str):
            raise BadRecord(f"{what} must be a text; it is {one!r}")
        if not one or len(one) > LONGEST_ID:
            raise BadRecord(f"{what} must have 1 to {LONGEST_ID} characters; it has {len(one)}: {one[:40]!r}")
        check_text(one, what)


def check_all(ids: Sequence[str], texts: Sequence[str], what: str) -> None:
    """`check_ids` and `check_text` for many that are mostly fine."""
    if not _texts_are_fine([*ids, *texts]) or not all(0 < len(one) <= LONGEST_ID for one in ids):
        check_ids(ids, what)
        for text in texts:
            check_text(text, what)


def check_text(text: str, what: str) -> None:
    """Raises BadRecord for what is no text in every database: with a NUL, or half of a surrogate pair."""
    if not _texts_are_fine([text]):
        raise BadRecord(f"{what} must be Unicode text without NUL characters and lone surrogates; it is {text[:40]!r}")


def askable(ids: Sequence[str]) -> Sequence[str]:
    """The ids to ask a database about: in place of what is no text stands the empty one, which nobody has."""
    return ids if _texts_are_fine(ids) else [one if _texts_are_fine([one]) else "" for one in ids]


def check_whole(number: int, what: str) -> None:
    """Raises BadRecord for what is no whole number of 64 bits."""
    if type(number) is not int or not -_LARGEST <= number <= _LARGEST:
        raise BadRecord(f"{what} must be a whole number of 64 bits; it is {number!r:.60}")


def written(fields: Mapping[str, Any], what: str) -> str:
    """A document as JSON, without the fields that are None. Raises BadRecord for what is not JSON."""
    try:
        text = json.dumps({name: value for name, value in fields.items() if value is not None}, **_STRICT)
    except (TypeError, ValueError, RecursionError) as error:
        raise BadRecord(f"{what} must be JSON without NaN and infinity: {error}") from error
    if "\\u0000" in text or not _texts_are_fine([text]):
        _search(fields, what)
    return text


_STRICT: dict[str, Any] = {"ensure_ascii": False, "allow_nan": False, "separators": (",", ":")}


def _search(value: Any, what: str) -> None:
    """Raises BadRecord for a bad text anywhere in a document; an escaped backslash before u0000 is none."""
    if isinstance(value, str):
        check_text(value, what)
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            check_text(str(name), f"a field name of {what}")
            _search(inner, f"{name} of {what}"[:100])
    elif isinstance(value, list | tuple):
        for inner in value:
            _search(inner, what)


def _texts_are_fine(texts: Sequence[str]) -> bool:
    try:
        whole = "".join(texts)
        if not whole.isascii():
            whole.encode()
    except (TypeError, UnicodeEncodeError):
        return False
    return "\0" not in whole


def _is_fine(event: Event) -> bool:
    event_id, user_id, item_id, kind, time, weight, quantity, value, session, _, exposure_id = event
    return (
        0 < len(event_id) <= LONGEST_ID
        and 0 < len(user_id) <= LONGEST_ID
        and 0 < len(item_id) <= LONGEST_ID
        and 0 < len(kind) <= LONGEST_ID
        and len(session) <= LONGEST_ID
        and len(exposure_id) <= LONGEST_ID
        and type(time) is int
        and -_LARGEST <= time <= _LARGEST
        and _is_number(weight)
        and (quantity is None or _is_number(quantity))
        and (value is None or _is_number(value))
    )


def _is_number(value: Any) -> bool:
    return (type(value) is float or type(value) is int) and math.isfinite(value)


def _complain(event: Event) -> None:
    check_ids([event.event_id], "event_id")
    said = f"of event {event.event_id!r}"
    for name in ("user_id", "item_id", "kind"):
        check_ids([getattr(event, name)], f"{name} {said}")
    for name in ("session", "context", "exposure_id"):
        text = getattr(event, name)
        if not isinstance(text, str):
            raise BadRecord(f"{name} {said} must be a text; it is {text!r:.60}")
        if name != "context" and len(text) > LONGEST_ID:
            raise BadRecord(f"{name} {said} must have at most {LONGEST_ID} characters; it has {len(text)}")
        check_text(text, f"{name} {said}")
    check_whole(event.time, f"time {said} (seconds UTC)")
    for name in ("weight", "quantity", "value"):
        number = getattr(event, name)
        if not (_is_number(number) or (number is None and name != "weight")):
            raise BadRecord(f"{name} {said} must be a finite number; it is {number!r:.60}")
