"""Rules out of a table of regulars.toml or a JSON object: each mistake is told with its place."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from regulars.core.errors import RuleError

from .language import Condition
from .parts import ANY, Boost, Diversity, Pin, Screen, Share
from .tokens import nearest

T = TypeVar("T")
_MOST = 10_000  # slots, and items of one value
_ENTRIES = 100  # boosts, pins, shares: each looks at every list
_IDS = 1_000_000


def parts_of(mapping: Mapping[str, Any], where: str) -> dict[str, Any]:
    """The fields of `Rules` that a table says; `where` is the name of the table, for the errors."""
    table = _Table(mapping, where)
    screen = Screen(
        table.get("where", _condition),
        table.get("allow", _ids),
        table.get("deny", _ids) or (),
        table.get("available_from", _text) or "",
        table.get("available_until", _text) or "",
    )
    parts: dict[str, Any] = {
        "unseen": table.get("unseen", _unseen),
        "boosts": table.get("boosts", _each(_boost)),
        "bury": table.get("bury", _conditions),
        "pins": table.get("pins", _each(_pin)),
        "shares": table.get("shares", _each(_share)),
        "caps": table.get("caps", _by_field(_most)),
        "weights": table.get("weights", _by_field(_weight)),
        "diversity": table.get("diversity", _diversity),
    }
    table.end()
    said = {name: part for name, part in parts.items() if part is not None}
    return said if screen == Screen() else {"screens": (screen,), **said}


class _Table:
    """A table that is read key by key; changes: the keys that were asked for."""

    def __init__(self, mapping: Any, place: str) -> None:
        if not isinstance(mapping, Mapping):
            raise _wrong(place, "a table", mapping)
        self.mapping, self.place = mapping, place
        self.known: list[str] = []

    def get(self, key: str, read: Callable[[Any, str], T]) -> T | None:
        """What a reader makes of the value under a key; None where there is none."""
        self.known.append(key)
        value = self.mapping.get(key)
        return None if value is None else read(value, f"{self.place} {key}".lstrip())

    def need(self, key: str, read: Callable[[Any, str], T]) -> T:
        """The same of a key that must be there."""
        value = self.get(key, read)
        if value is None:
            raise RuleError(f"{self.place or 'it'} lacks {key}")
        return value

    def end(self) -> None:
        """Raises RuleError when the table holds a key that nothing asked for."""
        for key in self.mapping:
            if key not in self.known:
                near = nearest(str(key), self.known)
                raise RuleError(
                    f"{self.place or 'it'} has no {str(key)[:100]}{near} It may have {', '.join(self.known)}"
                )


def _wrong(place: str, wanted: str, came: Any) -> RuleError:
    shown = repr(came)
    return RuleError(f"{place} must be {wanted}; it is {shown if len(shown) <= 100 else shown[:100] + '...'}")


def _condition(value: Any, place: str) -> Condition:
    text = _text(value, place)
    try:
        return Condition.of(text)
    except RuleError as error:
        raise RuleError(f"{place}: {error}") from error


def _conditions(value: Any, place: str) -> tuple[Condition, ...]:
    return (_condition(value, place),) if isinstance(value, str) else _each(_condition)(value, place)


def _text(value: Any, place: str) -> str:
    if not isinstance(value, str):
        raise _wrong(place, "a text", value)
    return value


def _id(value: Any, place: str) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise _wrong(place, "the id of an item", value)
    return str(value)


def _ids(value: Any, place: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_each(_id)(value, place)))


def _unseen(value: Any, place: str) -> tuple[str, ...]:
    if isinstance(value, bool):
        return (ANY,) if value else ()
    return (value,) if isinstance(value, str) else _each(_text)(value, place)


def _each(read: Callable[[Any, str], T]) -> Callable[[Any, str], tuple[T, ...]]:
    """A reader of a list, each entry by a reader."""

    def reader(value: Any, place: str) -> tuple[T, ...]:
        if not isinstance(value, Sequence) or isinstance(value, str | bytes):
            raise _wrong(place, "a list", value)
        most = _IDS if read is _id else _ENTRIES
        if len(value) > most:
            raise RuleError(f"{place} has {len(value):,} entries; {most:,} are the most")
        return tuple(read(one, f"{place} no. {number}") for number, one in enumerate(value, 1))

    return reader


def _by_field(read: Callable[[Any, str], T]) -> Callable[[Any, str], tuple[tuple[str, T], ...]]:
    """A reader of a table from fields to values."""

    def reader(value: Any, place: str) -> tuple[tuple[str, T], ...]:
        if not isinstance(value, Mapping):
            raise _wrong(place, "a table from fields to numbers", value)
        return tuple((str(field), read(one, f"{place} {field}")) for field, one in value.items())

    return reader


def _number(low: float, high: float, wanted: str) -> Callable[[Any, str], float]:
    def reader(value: Any, place: str) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise _wrong(place, wanted, value)
        return float(value)

    return reader


def _whole(low: int, wanted: str) -> Callable[[Any, str], int]:
    def reader(value: Any, place: str) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= _MOST:
            raise _wrong(place, wanted, value)
        return value

    return reader


_most = _whole(1, f"a whole number from 1 to {_MOST:,}")
_part = _number(0, 1, "a number from 0 to 1")
_weight = _number(-1, 1, "a number from -1 to 1")
_factor = _number(0, 1e6, "a number from 0 to 1,000,000")
_addition = _number(-1e6, 1e6, "a number from -1,000,000 to 1,000,000")


def _boost(value: Any, place: str) -> Boost:
    table = _Table(value, place)
    where, factor, add = table.need("where", _condition), table.get("factor", _factor), table.get("add", _addition)
    table.end()
    if factor is None and add is None:
        raise RuleError(f"{place} needs a factor (2 doubles the worth) or something to add")
    return Boost(where, 1.0 if factor is None else factor, add or 0.0)


def _pin(value: Any, place: str) -> Pin:
    table = _Table(value, place)
    pin = Pin(table.need("item", _id), table.need("slot", _most), table.get("where", _condition))
    table.end()
    return pin


def _share(value: Any, place: str) -> Share:
    table = _Table(value, place)
    where, by = table.get("where", _condition), table.get("by", _text) or ""
    least, most = table.get("at_least", _part), table.get("at_most", _part)
    table.end()
    if (where is None) == (not by):
        raise RuleError(f"{place} needs either where (a condition) or by (a field)")
    if least is None and most is None:
        raise RuleError(f"{place} needs at_least or at_most, a part of the slots from 0 to 1")
    if by and least:
        raise RuleError(f"{place} cannot give at_least to every value of {by}; name the value with where")
    share = Share(where, by, least or 0.0, 1.0 if most is None else most)
    if share.at_least > share.at_most:
        raise RuleError(f"{place} wants at least {share.at_least} and at most {share.at_most}; turn them around")
    return share


def _diversity(value: Any, place: str) -> Diversity:
    table = _Table(value, place)
    by, strength = table.need("by", _text), table.get("strength", _part)
    table.end()
    return Diversity(by) if strength is None else Diversity(by, strength)
