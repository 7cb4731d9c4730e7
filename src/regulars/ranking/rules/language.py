"""The language of conditions, read by hand: one method for each line of the grammar, nothing is ever executed.

```text
either     := both ("or" both)*
both       := contrary ("and" contrary)*
contrary   := "not" contrary | test
test       := sum [("=" | "!=" | "<" | "<=" | ">" | ">=") sum | ["not"] "in" list | "has" ["any" | "all"] list
                  | "is" ["not"] "missing"]
sum        := product (("+" | "-") product)*
product    := signed (("*" | "/") signed)*
signed     := "-" signed | NUMBER [UNIT] | TEXT | DATE | "true" | "false" | "now" | name | "(" either ")"
name       := [("item" | "context" | "customer") "."] NAME ["[" (TEXT | name) "]"]
list       := "[" sum ("," sum)* "]" | name
```
"""

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from typing import Final

from regulars.core.errors import RuleError

from .syntax import (
    SCOPES,
    UNITS,
    WORDS,
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
    asks_now,
    names_in,
)
from .tokens import Token, fault, tokens_of

DEEPEST: Final = 40  # brackets, nots and signs inside of each other
MOST: Final = 200  # tests and sums of one condition: each looks at every item
_SIGNS = {"==": "=", "<>": "!="} | {sign: sign for sign in ("=", "!=", "<", "<=", ">", ">=")}
_VALUES = Number | Text | Flag | Moment | Now | Name | Negative | Arithmetic
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Condition:
    """A condition that was understood. text: canonical, the same for the same meaning up to spaces and quotes."""

    text: str
    node: Node = field(compare=False, repr=False)

    @classmethod
    def of(cls, text: str) -> "Condition":
        """Raises RuleError, which shows the place and says what was wanted there."""
        return _read(text)

    @classmethod
    def joined(cls, node: Node) -> "Condition":
        """The condition of a tree."""
        return cls(str(node), node)

    def __str__(self) -> str:
        return self.text

    @cached_property
    def names(self) -> tuple[Name, ...]:
        """The names in it, each once."""
        return tuple(dict.fromkeys(names_in(self.node)))

    @cached_property
    def asks_now(self) -> bool:
        """Whether it says `now`."""
        return asks_now(self.node)


def seconds_of(text: str) -> float | None:
    """A day or moment in ISO 8601 as seconds UTC; None where the text is none. Without a zone it is UTC."""
    if len(text) < 10 or not text[:4].isdecimal() or text[4] != "-":
        return None
    try:
        moment = datetime.fromisoformat(text)
        return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH).total_seconds()
    except (ValueError, OverflowError):
        return None


@lru_cache(maxsize=512)
def _read(text: str) -> Condition:
    return Condition.joined(_Reader(text).read())


class _Reader:
    """Reads one text; changes: the place where it stands, how deep it is, and how much it found."""

    def __init__(self, text: str) -> None:
        self.text, self.tokens = text, tokens_of(text)
        self.place, self.depth, self.found = 0, 0, 0

    def read(self) -> Node:
        """The whole text as a condition."""
        if self.next.kind == "end":
            raise RuleError('a condition is wanted, such as price < 50 and brand in ["A", "B"]; the text is empty')
        start = self.next
        node = self._condition(self._either(), start)
        if self.next.kind != "end":
            raise self._wrong("and, or, or the end is wanted")
        return node

    @property
    def next(self) -> Token:
        return self.tokens[self.place]

    def _either(self) -> Node | Value:
        return self._chain("or", self._both, Or)

    def _both(self) -> Node | Value:
        return self._chain("and", self._contrary, And)

    def _chain(self, word: str, inner: object, kind: type[And] | type[Or]) -> Node | Value:
        start = self.next
        parts = [inner()]  # type: ignore[operator]
        while self._takes(word):
            parts[-1] = self._condition(parts[-1], start)
            start = self.next
            parts.append(self._condition(inner(), start))  # type: ignore[operator]
        return kind(tuple(parts)) if len(parts) > 1 else parts[0]

    def _contrary(self) -> Node | Value:
        if not self._takes("not"):
            return self._test()
        self._deeper()
        start = self.next
        node = Not(self._condition(self._contrary(), start))
        self.depth -= 1
        return node

    def _test(self) -> Node | Value:
        start = self.next
        self._another(start)
        left = self._sum()
        if self.next.text in _SIGNS:
            return self._comparison(left, start)
        if self._takes("is"):
            contrary = self._takes("not")
            self._wants("missing", "after is")
            missing = Missing(self._value(left, start))
            return Not(missing) if contrary else missing
        if self._word(self.next) == "not" and self._word(self.tokens[self.place + 1]) == "in":
            self.place += 1
            return Not(self._within(left, start))
        if self._word(self.next) == "in":
            return self._within(left, start)
        if self._takes("has"):
            return self._has(left, start)
        return left

    def _comparison(self, left: Node | Value, start: Token) -> Node:
        sign = _SIGNS[self._step().text]
        after = self.next
        node = Comparison(sign, self._value(left, start), self._value(self._sum(), after))
        if self.next.text in _SIGNS:
            raise self._wrong("one comparison at a time; join two with and")
        return node

    def _within(self, left: Node | Value, start: Token) -> Node:
        self.place += 1
        return Within(self._value(left, start), self._list())

    def _has(self, left: Node | Value, start: Token) -> Node:
        if not isinstance(left, Name):
            raise self._fault(start, "has wants the name of a list before it")
        if self._takes("any"):
            return Has(left, self._list())
        if self._takes("all"):
            return Has(left, self._list(), every=True)
        after = self.next
        return Has(left, (self._value(self._sum(), after),))

    def _list(self) -> tuple[Value, ...] | Name:
        if self.next.text != "[":
            start = self.next
            value = self._sum()
            if not isinstance(value, Name):
                raise self._fault(start, 'a list is wanted, such as ["A", "B"], or the name of one')
            return value
        self.place += 1
        options: list[Value] = []
        while self.next.text != "]":
            start = self.next
            options.append(self._value(self._sum(), start))
            if not self._takes(","):
                break
        self._wants("]", "at the end of the list")
        return tuple(options)

    def _sum(self) -> Node | Value:
        return self._arithmetic("+-", self._product)

    def _product(self) -> Node | Value:
        return self._arithmetic("*/", self._signed)

    def _arithmetic(self, signs: str, inner: object) -> Node | Value:
        start, before = self.next, self.depth
        left: Node | Value = inner()  # type: ignore[operator]
        while self.next.kind == "sign" and self.next.text in signs:
            self._deeper()
            self._another(self.next)
            sign, after = self._step().text, self.next
            left = Arithmetic(sign, self._number(left, start), self._number(inner(), after))  # type: ignore[operator]
        self.depth = before
        return left

    def _signed(self) -> Node | Value:
        token = self._step()
        match token.kind, self._word(token):
            case "sign", "-":
                self._deeper()
                start = self.next
                value = Negative(self._number(self._signed(), start))
                self.depth -= 1
                return value
            case "sign", "(":
                self._deeper()
                inside = self._either()
                self._wants(")", "at the end of what stands in brackets")
                self.depth -= 1
                return inside
            case "number", _:
                return self._amount(token)
            case "text", _:
                return Text(token.inner)
            case "moment", _:
                if seconds_of(token.text) is None:
                    raise self._fault(token, "there is no such day or moment")
                return Moment(token.text)
            case "word", "true" | "false":
                return Flag(self._word(token) == "true")
            case "word", "now":
                return Now()
            case (("word" | "quoted"), word) if token.kind == "quoted" or word not in WORDS:
                return self._name(token)
            case _:
                self.place -= token.kind != "end"
                raise self._wrong("a field, a number or a text is wanted")

    def _amount(self, token: Token) -> Number:
        value = float(token.text)
        if not math.isfinite(value):
            raise self._fault(token, "that number is too large")
        unit = self.next.text.removesuffix("s") if self.next.kind == "word" else ""
        if unit not in UNITS:
            return Number(value)
        self.place += 1
        return Number(value, unit)

    def _name(self, token: Token) -> Name:
        scope = ""
        if self.next.text == ".":
            if token.kind != "word" or token.text not in SCOPES:
                wanted = f'only {", ".join(SCOPES)} may stand before a dot; of a map, write {token.text}["..."]'
                raise self._fault(self.next, wanted)
            scope = token.text
            self.place += 1
            token = self._step()
            if token.kind not in ("word", "quoted") or (token.kind == "word" and self._word(token) in WORDS):
                raise self._fault(token, f"a name is wanted after {scope}.")
        name = token.inner if token.kind == "quoted" else token.text
        if not name:
            raise self._fault(token, "a name has one letter at least")
        return Name(name, scope, self._key())

    def _key(self) -> Text | Name | None:
        if not self._takes("["):
            return None
        token = self._step()
        key: Text | Name
        if token.kind == "text":
            key = Text(token.inner)
        elif token.kind == "quoted" or (token.kind == "word" and self._word(token) not in WORDS):
            key = self._name_of_key(token)
        else:
            raise self._fault(token, 'a key is wanted, as in stock["berlin"] or stock[store]')
        self._wants("]", "after the key")
        return key

    def _name_of_key(self, token: Token) -> Name:
        self._deeper()
        key = self._name(token)
        self.depth -= 1
        if key.scope == "item":
            raise self._fault(token, "the key is the same for all items: a text or a variable of the context")
        return key

    def _value(self, value: Node | Value, start: Token) -> Value:
        if isinstance(value, _VALUES):
            return value
        raise self._fault(start, "a field, a number or a text is wanted, not a condition")

    def _number(self, value: Node | Value, start: Token) -> Value:
        if isinstance(value, Text | Flag):
            raise self._fault(start, "+ - * / want numbers")
        return self._value(value, start)

    def _condition(self, value: Node | Value, start: Token) -> Node:
        if isinstance(value, Name | Flag):
            return Marked(value)
        if isinstance(value, _VALUES):
            raise self._fault(start, f"a condition is wanted, such as price < 50; {value} is a value")
        return value

    def _step(self) -> Token:
        token = self.next
        if token.kind != "end":
            self.place += 1
        return token

    def _takes(self, text: str) -> bool:
        found = self._word(self.next) == text and self.next.kind in ("word", "sign")
        self.place += found
        return found

    def _wants(self, text: str, where: str) -> None:
        if not self._takes(text):
            raise self._wrong(f"{text} is wanted {where}")

    def _word(self, token: Token) -> str:
        return token.text.lower() if token.kind == "word" else token.text

    def _deeper(self) -> None:
        self.depth += 1
        if self.depth > DEEPEST:
            raise self._fault(self.next, f"more than {DEEPEST} levels of brackets, nots or sums; say it more simply")

    def _another(self, token: Token) -> None:
        self.found += 1
        if self.found > MOST:
            raise self._fault(token, f"more than {MOST} comparisons and sums; use in [...], or an allow list")

    def _wrong(self, wanted: str) -> RuleError:
        came = "the text ends" if self.next.kind == "end" else f"{self.next.text[:40]} stands there"
        return self._fault(self.next, f"{wanted}; {came}")

    def _fault(self, token: Token, message: str) -> RuleError:
        return fault(self.text, token.start, len(token.text), message)
