"""What of the rules nothing answers to: told at the start of a service, and to whoever sends a filter."""

from collections.abc import Iterator, Sequence

from regulars.core.errors import RuleError

from .catalog import Catalog
from .rules import Rules
from .syntax import Name, Text
from .tokens import nearest


def check(rules: Rules, catalog: Catalog, context: Sequence[str] = ()) -> None:
    """Raises RuleError at the first name that is neither a field of the catalog nor among the names of the context."""
    for where, condition in rules.conditions:
        for name in condition.names:
            if mistake := _mistake(name, catalog, context):
                raise RuleError(f"{where}: {mistake}\n  {condition}")
    for where, field in _fields(rules):
        if field not in catalog.columns:
            raise RuleError(f"{where}: {_no_field(field, list(catalog.columns))}")
    diverse = rules.diversity and catalog.columns[rules.diversity.by].kind
    for what, kinds in (("caps", [catalog.columns[field].kind for field, _ in rules.caps]), ("diversity", [diverse])):
        if wrong := {"list", "map"}.intersection(kind for kind in kinds if kind):
            raise RuleError(f"{what} want a field with one value for each item, not a {wrong.pop()}")


def _mistake(name: Name, catalog: Catalog, context: Sequence[str]) -> str:
    """What is wrong with a name; empty where nothing is."""
    fields = catalog.fields
    if name.scope == "customer" or (name.scope == "context" and name.name in context):
        return ""
    if name.scope == "context":
        return f"the context has no {name.name}{nearest(name.name, context)}. It has {', '.join(context) or 'nothing'}"
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
    return f"the items have no field {name}{nearest(name, known)}. There are {listed or 'none yet'}"


def _fields(rules: Rules) -> Iterator[tuple[str, str]]:
    """Every field that is named outside of a condition, and where."""
    for screen in rules.screens:
        for where in ("available_from", "available_until"):
            if field := getattr(screen, where):
                yield where, field
    yield from (("shares", share.by) for share in rules.shares if share.by)
    yield from (("caps", field) for field, _ in rules.caps)
    yield from (("weights", field) for field, _ in rules.weights)
    if rules.diversity:
        yield "diversity", rules.diversity.by
