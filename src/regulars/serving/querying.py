"""Query strings: what stands behind the question mark, as the endpoint declares it."""

from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from .problems import Problem, invalid, mistake_of

MOST = 1_000  # parameters


def query_of(raw: bytes, kind: type[msgspec.Struct]) -> Any:
    """The parameters of a request. Raises Problem."""
    if not raw:
        return _empty(kind)
    try:
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MOST)
    except ValueError as error:
        raise Problem("malformed", "the query must be percent-encoded UTF-8, of at most 1,000 parameters") from error
    return _converted(_gathered(pairs, kind), kind)


def _gathered(pairs: list[tuple[str, str]], kind: type[msgspec.Struct]) -> dict[str, Any]:
    lists, tables = _shapes(kind)
    found: dict[str, Any] = {}
    for name, value in pairs:
        table, opened, rest = name.partition("[")
        if opened and table in tables:
            _lay(found.setdefault(table, {}), name, rest.removesuffix("]"), value, whole=rest.endswith("]"))
        elif name in lists:
            found.setdefault(name, []).append(value)
        elif name in found:
            raise invalid(name, "given once")
        else:
            found[name] = value
    return found


def _lay(table: dict[str, str], name: str, key: str, value: str, *, whole: bool) -> None:
    """One value of context[key]=value."""
    if not whole or "[" in key or "]" in key:
        raise invalid(name, "one name in brackets, such as context[store]=12")
    if key in table:
        raise invalid(name, "given once")
    table[key] = value


def _converted(found: dict[str, Any], kind: type[msgspec.Struct]) -> Any:
    try:
        return msgspec.convert(found, kind, strict=False)
    except msgspec.ValidationError as error:
        where, wanted = mistake_of(error)
        if unknown := set(found) - (known := {field.name for field in msgspec.structs.fields(kind)}):
            where, wanted = "query", f"there is no {min(unknown)}; there is {', '.join(sorted(known)) or 'nothing'}"
        raise invalid("query" if where == "body" else where, wanted) from error


@lru_cache(256)
def _empty(kind: type[msgspec.Struct]) -> Any:
    return _converted({}, kind)


@lru_cache(256)
def _shapes(kind: type[msgspec.Struct]) -> tuple[frozenset[str], frozenset[str]]:
    """The parameters that may be repeated, and those that are tables: context[store]=12."""
    fields = {field.name: msgspec.inspect.type_info(field.type) for field in msgspec.structs.fields(kind)}
    plain = {name: one.type if isinstance(one, msgspec.inspect.Metadata) else one for name, one in fields.items()}
    lists = frozenset(name for name, one in plain.items() if isinstance(one, msgspec.inspect.ListType))
    return lists, frozenset(name for name, one in plain.items() if isinstance(one, msgspec.inspect.DictType))
