"""What of the rules nothing answers to: told at the start of a service, and to whoever sends a filter."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from regulars.core.errors import RuleError

from .catalog import Catalog
from .comparing import senseless
from .syntax import Name, Text
from .tokens import nearest

if TYPE_CHECKING:
    from .rules import Rules

_GROUPS = ("number", "flag", "time", "text")  # kinds with one value for each item
_TIMES = ("time", "number")


def check(rules: "Rules", catalog: Catalog, context: Sequence[str] = ()) -> None:
    """Raises RuleError at the first name that is neither a field of the catalog nor among the names of the context, and
    at the first comparison that can hold for no item, such as of a number with a word."""
    for where, condition in rules.conditions:
        for name in condition.names:
            if mistake := _mistake(name, catalog, context):
                raise RuleError(f"{where}: {mistake}\n  {condition}")
        if mistake := senseless(condition.node, catalog):
            raise RuleError(f"{where}: {mistake}\n  {condition}")
    for where, field, kinds in _fields(rules):
        kind = catalog.fields.get(field)
        if kind is None:
            raise RuleError(f"{where.split()[0]}: {_no_field(field, list(catalog.columns))}")
        if kind not in kinds:
            raise RuleError(f"{where}; {field} is a {kind}")


def _mistake(name: Name, catalog: Catalog, context: Sequence[str]) -> str:
    """What is wrong with a name; empty where nothing is."""
    fields = catalog.fields
    if name.scope == "customer" or (name.scope == "context" and name.name in context):
        return ""
    if name.scope == "context":
        return f"the context has no {name.name}{nearest(name.name, context)} It has {', '.join(context) or 'nothing'}"
    if name.name not in fields:
        known = [*fields, *(context if not name.scope else ())]
        return "" if name.name in known else _no_field(name.name, known)
    if name.key is not None and fields[name.name] != "map":
        return f"{name.name} is a {fields[name.name]}, not a map; take out [{name.key}]"
    if name.key is None and fields[name.name] == "map":
        return f'{name.name} is a map; say of which key, as in {name.name}["..."]'
    if isinstance(name.key, Text) or name.key is None:
        return ""
    return _mistake(Name(name.key.name, name.key.scope or "context"), catalog, context)


def _no_field(name: str, known: Sequence[str]) -> str:
    listed = ", ".join(sorted(known)[:20]) + (", ..." if len(known) > 20 else "")
    return f"the items have no field {name}{nearest(name, known)} There are {listed or 'none yet'}"


def _fields(rules: "Rules") -> Iterator[tuple[str, str, Sequence[str]]]:
    """What is wanted where, the field that is named there, and the kinds that it may be of."""
    for screen in rules.screens:
        for where in ("available_from", "available_until"):
            if field := getattr(screen, where):
                yield f"{where} wants a field of times", field, _TIMES
    yield from (("shares want a field with one value for each item", one.by, _GROUPS) for one in rules.shares if one.by)
    yield from (("caps want a field with one value for each item", field, _GROUPS) for field, _ in rules.caps)
    yield from (("weights want a field of numbers", field, ("number",)) for field, _ in rules.weights)
    if rules.diversity:
        wanted = "diversity wants a field with one value, or a vector, for each item"
        yield wanted, rules.diversity.by, (*_GROUPS, "vector")
