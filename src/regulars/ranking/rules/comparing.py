"""Comparing: what a condition compares that can never hold, told before it silently never does."""

import re
from collections.abc import Iterator
from dataclasses import fields
from itertools import permutations
from typing import Final

from .catalog import Catalog
from .columns import Maps
from .language import seconds_of
from .syntax import (
    Arithmetic,
    Comparison,
    Flag,
    Has,
    Moment,
    Name,
    Negative,
    Node,
    Now,
    Number,
    Text,
    Value,
    Within,
)

_AMOUNTS: Final = ("number", "time", "flag")
_NUMBER: Final = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,15})?|true|false")


def senseless(node: Node, catalog: Catalog) -> str:
    """The first comparison of a tree that holds for no item whatever it has, and what to write; empty for none."""
    return next((said for said in _senseless(node, catalog) if said), "")


def _senseless(node: object, catalog: Catalog) -> Iterator[str]:
    match node:
        case Comparison(sign, left, right):
            yield _compared(sign, left, right, catalog)
        case Within(value, options):
            yield _within(value, options, catalog)
        case Has(value, options):
            yield from (_compared("=", value, one, catalog) for one in _plain(value, options, catalog))
        case Negative(value):
            yield _calculated(value, catalog)
        case Arithmetic(_, left, right):
            yield _calculated(left, catalog) or _calculated(right, catalog)
    if isinstance(node, tuple):
        inner = list(node)
    else:
        inner = [getattr(node, one.name) for one in fields(node)] if hasattr(node, "__dataclass_fields__") else []  # type: ignore[arg-type]
    for one in inner:
        yield from _senseless(one, catalog)


def _plain(value: Name, options: tuple[Value, ...] | Name, catalog: Catalog) -> tuple[Value, ...]:
    """The options that `has` compares one by one, as its field is no list."""
    return () if _kind(value, catalog) == "list" or isinstance(options, Name) else options


def _within(value: Value, options: tuple[Value, ...] | Name, catalog: Catalog) -> str:
    if _kind(value, catalog) == "list":
        listed = str(options) if isinstance(options, Name) else f"[{', '.join(map(str, options))}]"
        return f"{value} is a list; write {value} has any {listed}"
    if isinstance(options, Name):
        return "" if _kind(options, catalog) == "list" else _compared("=", value, options, catalog)
    return next((said for one in options if (said := _compared("=", value, one, catalog))), "")


def _compared(sign: str, left: Value, right: Value, catalog: Catalog) -> str:
    """What is wrong with left and right beside each other."""
    both = permutations((left, right))
    return next((said for one, other in both if (said := _beside(sign, one, other, catalog))), "")


def _beside(sign: str, one: Value, other: Value, catalog: Catalog) -> str:
    kind, beside = _kind(one, catalog), _kind(other, catalog)
    if kind == "list":
        return f"{one} is a list; write {one} has {other}"
    if kind == "vector":
        return f"{one} is a vector, which compares with nothing"
    if kind == "text" and sign not in ("=", "!="):
        return f"{one} is a text, which is = or != another, and not {sign}"
    if kind == "text" and beside in _AMOUNTS:
        return f"{one} is a text, and {other} is none" + (f'; write "{other}"' if isinstance(other, Number) else "")
    if isinstance(other, Text) and kind == "time" and seconds_of(other.value) is None:
        return f"{one} is a time, and {other} is none, such as 2026-11-22"
    if isinstance(other, Text) and kind in ("number", "flag") and not _NUMBER.fullmatch(other.value):
        return f"{one} is a {kind}, and {other} is none"
    return ""


def _calculated(value: Value, catalog: Catalog) -> str:
    kind = _kind(value, catalog)
    return f"{value} is a {kind}, with which nothing can be calculated" if kind in ("text", "list", "vector") else ""


def _kind(value: Value, catalog: Catalog) -> str:
    """Of a field of the items, or of what is no text anyway; empty for what only the moment tells."""
    match value:
        case Number() | Negative() | Arithmetic():
            return "number" if not isinstance(value, Arithmetic) else _sum(value, catalog)
        case Flag():
            return "flag"
        case Moment() | Now():
            return "time"
        case Name(name, scope, key) if scope in ("", "item") and name in catalog.columns:
            column = catalog.columns[name]
            if isinstance(column, Maps):
                inner = column.columns.get(key.value) if isinstance(key, Text) else None
                return inner.kind if inner is not None else ""
            return column.kind
    return ""


def _sum(value: Arithmetic, catalog: Catalog) -> str:
    """A time where exactly one side is one; what the context tells may be one, too."""
    sides = _kind(value.left, catalog), _kind(value.right, catalog)
    return "" if "" in sides else "time" if sides.count("time") == 1 else "number"
