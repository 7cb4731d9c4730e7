"""The tree of a condition, and its canonical text; reading the text again makes the same tree."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Final

UNITS: Final = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400, "week": 604_800}
WORDS: Final = frozenset(
    ["and", "or", "not", "in", "has", "any", "all", "is", "missing", "true", "false", "now"]
)  # names that stand in backquotes
SCOPES: Final = ("item", "context", "customer")
_PLAIN = re.compile(r"[^\W\d]\w*")
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}


@dataclass(frozen=True)
class Number:
    """A number; unit: of a span of time, empty for a plain number."""

    value: float
    unit: str = ""

    def __str__(self) -> str:
        whole = self.value == int(self.value) and abs(self.value) < 1e15
        digits = str(int(self.value)) if whole else repr(self.value)
        return f"{digits} {self.unit}{'' if self.value == 1 else 's'}" if self.unit else digits

    @property
    def amount(self) -> float:
        """The number, a span in seconds."""
        return self.value * UNITS.get(self.unit, 1)


@dataclass(frozen=True)
class Text:
    """A text in quotes; beside a time it is read as a date."""

    value: str

    def __str__(self) -> str:
        return '"' + "".join(_ESCAPES.get(letter, letter) for letter in self.value) + '"'


@dataclass(frozen=True)
class Flag:
    """true or false."""

    value: bool

    def __str__(self) -> str:
        return "true" if self.value else "false"


@dataclass(frozen=True)
class Moment:
    """A day or a moment, as it was written: 2026-11-22, 2026-11-22T18:30."""

    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Now:
    """The moment of asking."""

    def __str__(self) -> str:
        return "now"


@dataclass(frozen=True)
class Name:
    """A field of the items or a variable of the context; scope: empty where the name alone must do.

    key: of a map, a text or the name of a variable of the context.
    """

    name: str
    scope: str = ""
    key: "Text | Name | None" = None

    def __str__(self) -> str:
        taken = self.name.lower() in WORDS or (not self.scope and self.name in SCOPES)
        plain = _PLAIN.fullmatch(self.name) and not taken
        quoted = self.name if plain else "`" + self.name.replace("\\", "\\\\").replace("`", "\\`") + "`"
        return (f"{self.scope}." if self.scope else "") + quoted + (f"[{self.key}]" if self.key else "")


@dataclass(frozen=True)
class Negative:
    """The number below zero."""

    of: "Value"

    def __str__(self) -> str:
        return f"-{_inside(self.of, 3)}"


@dataclass(frozen=True)
class Arithmetic:
    """left + right, and so on; sign: one of + - * /."""

    sign: str
    left: "Value"
    right: "Value"

    def __str__(self) -> str:
        rank = _rank(self)
        return f"{_inside(self.left, rank)} {self.sign} {_inside(self.right, rank + 1)}"


Value = Number | Text | Flag | Moment | Now | Name | Negative | Arithmetic


@dataclass(frozen=True)
class Marked:
    """A flag of the items or of the context that is set."""

    value: Name | Flag

    def __str__(self) -> str:
        return str(self.value)


@dataclass(frozen=True)
class Comparison:
    """left < right, and so on; sign: one of = != < <= > >=."""

    sign: str
    left: Value
    right: Value

    def __str__(self) -> str:
        return f"{self.left} {self.sign} {self.right}"


@dataclass(frozen=True)
class Within:
    """value in [...], or in a list of the items or of the context."""

    value: Value
    options: tuple[Value, ...] | Name

    def __str__(self) -> str:
        return f"{self.value} in {_listed(self.options)}"


@dataclass(frozen=True)
class Has:
    """A list of the items or of the context has any, or all, of the options."""

    value: Name
    options: tuple[Value, ...] | Name
    every: bool = False

    def __str__(self) -> str:
        if not self.every and isinstance(self.options, tuple) and len(self.options) == 1:
            return f"{self.value} has {self.options[0]}"
        return f"{self.value} has {'all' if self.every else 'any'} {_listed(self.options)}"


@dataclass(frozen=True)
class Missing:
    """Nothing is known of the value."""

    value: Value

    def __str__(self) -> str:
        return f"{self.value} is missing"


@dataclass(frozen=True)
class Not:
    """The contrary; of what is not known it is not known either."""

    of: "Node"

    def __str__(self) -> str:
        return f"not ({self.of})" if isinstance(self.of, And | Or) else f"not {self.of}"


@dataclass(frozen=True)
class And:
    """All of them."""

    parts: tuple["Node", ...]

    def __str__(self) -> str:
        return " and ".join(f"({part})" if isinstance(part, And | Or) else str(part) for part in self.parts)


@dataclass(frozen=True)
class Or:
    """One of them at least."""

    parts: tuple["Node", ...]

    def __str__(self) -> str:
        return " or ".join(f"({part})" if isinstance(part, Or) else str(part) for part in self.parts)


Node = Marked | Comparison | Within | Has | Missing | Not | And | Or


def names_in(node: Node | Value | tuple[Value, ...] | None) -> Iterator[Name]:
    """Every name of a tree, those in brackets too."""
    if isinstance(node, Name):
        yield node
        yield from names_in(node.key and _of_context(node.key))
    elif isinstance(node, tuple):
        for part in node:
            yield from names_in(part)
    elif node is not None and not isinstance(node, Number | Text | Flag | Moment | Now):
        for one in fields(node):
            inner = getattr(node, one.name)
            if not isinstance(inner, str | bool):
                yield from names_in(inner)


def asks_now(node: object) -> bool:
    """Whether the moment of asking plays a part."""
    if isinstance(node, tuple):
        return any(asks_now(part) for part in node)
    inner = (getattr(node, one.name) for one in fields(node)) if hasattr(node, "__dataclass_fields__") else ()  # type: ignore[arg-type]
    return isinstance(node, Now) or any(asks_now(part) for part in inner)


def _of_context(key: Text | Name) -> Text | Name:
    """A name in brackets is never a field of the items."""
    return Name(key.name, key.scope or "context") if isinstance(key, Name) else key


def _rank(value: Value) -> int:
    if isinstance(value, Arithmetic):
        return 1 if value.sign in "+-" else 2
    return 3 if isinstance(value, Negative) else 4


def _inside(value: Value, rank: int) -> str:
    return f"({value})" if _rank(value) < rank else str(value)


def _listed(options: tuple[Value, ...] | Name) -> str:
    return str(options) if isinstance(options, Name) else f"[{', '.join(map(str, options))}]"
