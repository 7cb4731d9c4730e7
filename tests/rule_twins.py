"""The rules again, slowly: one item, one condition, one slot at a time, without arrays. And shops to try them on."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from hypothesis import strategies as st

from regulars.core import Allowed, Queries, Recommendations, Vocabulary, top_k
from regulars.ranking.rules import Catalog
from regulars.ranking.rules.language import seconds_of
from regulars.ranking.rules.syntax import (
    And,
    Arithmetic,
    Comparison,
    Flag,
    Has,
    Marked,
    Missing,
    Moment,
    Name,
    Negative,
    Node,
    Not,
    Now,
    Number,
    Or,
    Text,
    Value,
    Within,
)

Document = Mapping[str, Any]
FIELDS: dict[str, str] = {
    "price": "number",
    "size": "number",
    "brand": "text",
    "maker": "text",
    "old": "flag",
    "since": "time",
    "tags": "list",
    "stock": "map",
}
START = 1_700_000_000


class Time(float):
    """Seconds UTC."""


def is_true(node: Node, item: Document, context: Document, now: int) -> bool:
    """Whether a condition is true of an item."""
    return truth(node, item, context, now) is True


def truth(node: Node, item: Document, context: Document, now: int) -> bool | None:
    """True, false or not known."""

    def value(of: Value) -> Any:
        return value_of(of, item, context, now)

    match node:
        case Not(inner):
            found = truth(inner, item, context, now)
            return None if found is None else not found
        case And(parts):
            return _every([truth(part, item, context, now) for part in parts])
        case Or(parts):
            return _some([truth(part, item, context, now) for part in parts])
        case Comparison(sign, left, right):
            return compared(sign, value(left), value(right))
        case Within(of, Name("tags")):
            tags, found = item.get("tags") or [], value(of)
            return _contains(tags, found) if tags else False
        case Within(of, options):
            return _some([compared("=", value(of), option) for option in _listed(options, value)])
        case Has(of, options, every):
            found = [_contains(value(of), option) for option in _listed(options, value)]
            return _every(found) if every else _some(found)
        case Missing(of):
            return value(of) is None or value(of) == []
        case Marked(of):
            found = value(of)
            return found == "true" if isinstance(found, str) else isinstance(found, float) and found != 0


def value_of(value: Value, item: Document, context: Document, now: int) -> Any:
    """A float, a Time, a text, a list, or None for what is not known."""
    match value:
        case Number():
            return value.amount
        case Text(text):
            return text
        case Flag(flag):
            return float(flag)
        case Moment(text):
            seconds = seconds_of(text)
            return None if seconds is None else Time(seconds)
        case Now():
            return Time(now)
        case Negative(of):
            inner = value_of(of, item, context, now)
            return -float(inner) if isinstance(inner, float) else None
        case Arithmetic(sign, left, right):
            sides = value_of(left, item, context, now), value_of(right, item, context, now)
            return _calculated(sign, *sides)
        case Name(name, scope, key):
            if scope == "item" or (not scope and name in FIELDS):
                found = item.get(name)
                if key is not None:
                    word = key.value if isinstance(key, Text) else context.get(key.name)
                    found = found.get(word) if isinstance(found, dict) else None
                return plain(found, FIELDS.get(name, ""))
            return plain(context.get(name), "") if key is None else None


def plain(found: Any, kind: str) -> Any:
    if found is None or isinstance(found, dict) or (isinstance(found, float) and math.isnan(found)):
        return [] if kind == "list" else None
    if kind == "time":
        return Time(found)
    if isinstance(found, bool | int):
        return float(found)
    return found


def compared(sign: str, left: Any, right: Any) -> bool | None:
    left, right = _beside(left, right), _beside(right, left)
    if left is None or right is None or isinstance(left, list) or isinstance(right, list):
        return None
    if isinstance(left, str) != isinstance(right, str) or (isinstance(left, str) and sign not in ("=", "!=")):
        return None
    answers: dict[str, Callable[[], bool]] = {
        "=": lambda: left == right,
        "!=": lambda: left != right,
        "<": lambda: left < right,
        "<=": lambda: left <= right,
        ">": lambda: left > right,
        ">=": lambda: left >= right,
    }
    return None if _nan(left) or _nan(right) else answers[sign]()


def _calculated(sign: str, left: Any, right: Any) -> Any:
    left, right = _beside(left, right), _beside(right, left)
    if not isinstance(left, float) or not isinstance(right, float):
        return None
    times = isinstance(left, Time), isinstance(right, Time)
    with np.errstate(all="ignore"):
        match sign:
            case "+":
                found, time = np.float64(left) + np.float64(right), any(times)
            case "-":
                found, time = np.float64(left) - np.float64(right), times == (True, False)
            case "*":
                found, time = np.float64(left) * np.float64(right), False
            case _:
                found, time = (np.float64(left) / np.float64(right) if right else math.nan), False
    return None if _nan(found) else Time(found) if time else float(found)


def _beside(value: Any, other: Any) -> Any:
    """A text as a date or a number, where it stands beside one."""
    if not isinstance(value, str) or not isinstance(other, float):
        return value
    if isinstance(other, Time):
        seconds = seconds_of(value)
        return None if seconds is None else Time(seconds)
    if value in ("true", "false"):
        return float(value == "true")
    digits = value.removeprefix("-").split(".")
    reads = len(digits) <= 2 and all(part.isascii() and part.isdigit() and len(part) <= 15 for part in digits)
    return float(value) if reads else value


def _contains(held: Any, option: Any) -> bool | None:
    if option is None or isinstance(option, list):
        return None
    if isinstance(held, list):
        words = [str(Number(one)) if isinstance(one, float) else one for one in held]
        return (str(Number(option)) if isinstance(option, float) else option) in words
    return False if held is None else compared("=", held, option) is True


def _listed(options: Any, value: Callable[[Value], Any]) -> list[Any]:
    if not isinstance(options, Name):
        return [value(option) for option in options]
    found = value(options)
    return found if isinstance(found, list) else [] if found is None else [found]


def _every(parts: Sequence[bool | None]) -> bool | None:
    return False if False in parts else None if None in parts else True


def _some(parts: Sequence[bool | None]) -> bool | None:
    return True if True in parts else None if None in parts else False


def _nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)


# ---- what to try

WORDS = ["A", "B", "Ä b", "12", 'C "x"']
TEXTS = ["A", "B", "Ä b", 'C "x"']  # none that reads as a number: only what is the same for all items is read so
_numbers = st.one_of(st.integers(-3, 6).map(float), st.sampled_from([0.5, 2.25]))
_moments = st.integers(START - 5, START + 5)


def documents(n: int = 6) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Some items; each field may be missing."""
    maybe = {
        "price": _numbers,
        "size": _numbers,
        "brand": st.sampled_from(TEXTS),
        "maker": st.sampled_from(TEXTS),
        "old": st.booleans(),
        "since": _moments,
        "tags": st.lists(st.sampled_from(WORDS), unique=True, max_size=3),
        "stock": st.dictionaries(st.sampled_from(["berlin", "rome"]), _numbers, max_size=2),
    }
    return st.lists(st.fixed_dictionaries({}, optional=maybe), min_size=1, max_size=n)


def contexts() -> st.SearchStrategy[dict[str, Any]]:
    """What is known of the moment."""
    optional = {
        "store": st.sampled_from(["berlin", "rome", "oslo"]),
        "limit": _numbers,
        "wished": st.sampled_from(WORDS),
        "words": st.lists(st.sampled_from(WORDS), max_size=3),
        "member": st.booleans(),
    }
    return st.fixed_dictionaries({}, optional=optional)


def literals() -> st.SearchStrategy[Value]:
    """Values that are the same for all items."""
    return st.one_of(
        _numbers.map(lambda number: Number(number) if number >= 0 else Negative(Number(-number))),
        st.builds(Number, st.sampled_from([0.0, 1.0, 3.0]), st.sampled_from(["second", "minute"])),
        st.sampled_from(WORDS).map(Text),
        st.booleans().map(Flag),
        st.sampled_from([Moment("2023-11-14"), Moment("2023-11-14T22:13:21"), Text("2023-11-14"), Now()]),
        st.sampled_from([Name("limit"), Name("limit", "context"), Name("wished"), Name("store"), Name("member")]),
    )


def values() -> st.SearchStrategy[Value]:
    """Values of conditions."""
    names = st.one_of(
        st.sampled_from([*(Name(field) for field in FIELDS if field != "stock"), Name("price", "item")]),
        st.sampled_from([Name("stock", key=Text("rome")), Name("stock", key=Name("store")), Name("nobody")]),
    )
    simple = st.one_of(names, literals())
    numbers = simple.filter(lambda value: not isinstance(value, Text | Flag))
    sums = st.recursive(
        numbers,
        lambda one: st.one_of(st.builds(Negative, one), st.builds(Arithmetic, st.sampled_from("+-*/"), one, one)),
        max_leaves=3,
    )
    return st.one_of(simple, sums)


def nodes() -> st.SearchStrategy[Node]:
    """Conditions."""
    lists = st.sampled_from([Name("words"), Name("wished")])
    options = st.one_of(st.lists(values(), max_size=6).map(tuple), lists)
    wanted = st.one_of(st.lists(literals(), max_size=3).map(tuple), lists)
    held = st.sampled_from([Name("tags"), Name("words"), Name("brand"), Name("wished"), Name("nobody")])
    marks = st.sampled_from([Name("old"), Name("price"), Name("member"), Name("brand"), Name("nobody"), Flag(True)])
    tests = st.one_of(
        st.builds(Comparison, st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), values(), values()),
        st.builds(Within, values(), options),
        st.builds(Within, literals(), st.just(Name("tags"))),
        st.builds(Has, held, wanted, st.booleans()),
        st.builds(Missing, values()),
        st.builds(Marked, marks),
    )
    return st.recursive(
        tests,
        lambda inner: st.one_of(
            st.builds(Not, inner),
            st.lists(inner, min_size=2, max_size=3).map(tuple).map(And),
            st.lists(inner, min_size=2, max_size=3).map(tuple).map(Or),
        ),
        max_leaves=5,
    )


def catalog_of(items: Sequence[Document]) -> Catalog:
    """The catalog of some documents, with times as times, whose ids are a, b, c and so on."""
    as_times = [{name: _moment(value) if name == "since" else value for name, value in item.items()} for item in items]
    return Catalog.of_documents(as_times, vocabulary(len(items)))


def vocabulary(n: int) -> Vocabulary:
    return Vocabulary(pl.Series([f"i{item}" for item in range(n)], dtype=pl.String))


def asked(n: int = 1, context: Document | None = None, now: int = START) -> Queries:
    """The same question n times."""
    frame = pl.DataFrame({name: [value] * n for name, value in (context or {}).items()})
    return Queries.of([[]] * n, times=now, context=frame)


class Ranked:
    """A recommender with scores [n_users, n_items] of its own, by the row number of the customer; NaN: cannot tell."""

    def __init__(self, scores: Any) -> None:
        self.scores = np.asarray(scores, dtype=np.float32)

    def recommend(self, queries: Queries, k: int, allowed: Allowed | None = None) -> Recommendations:
        return top_k(self.scores[queries.users], k, allowed, "ranked")


def _moment(seconds: int) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(seconds, UTC).isoformat()
