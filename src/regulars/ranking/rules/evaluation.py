"""From the tree of a condition to the items that it is true of, by numpy on whole columns.

A condition is true, false or not known (SQL's three values): what compares with something missing is not known, and the
contrary of that is not known either. So a tree is asked twice, what it is true of and what it is false of, and `not`
only changes the question. Flags and lists are different: a flag that is missing is not set, a missing list is empty.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import reduce
from typing import Any, Final

import numpy as np

from regulars.core import MISSING, Bools

from .catalog import Catalog
from .columns import Amounts, Lists, Maps, Numbers, Texts, word_of
from .language import Condition, seconds_of
from .masks import Mask
from .syntax import (
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

Variables = Mapping[tuple[str, str], Any]  # (context or customer, name) -> value
Truth = Bools | np.bool_  # of every item, or of all alike
_CONTRARY: Final = {"=": "!=", "!=": "=", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}
_COMPARE: Final[Mapping[str, Callable[..., Any]]] = {
    "=": np.equal,
    "!=": np.not_equal,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}
_FEW = 4  # up to so many options are compared one by one
_NO, _YES = np.False_, np.True_
_FLAGS: Final = {"true": np.float64(1), "false": np.float64(0)}
_DIGITS: Final = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,15})?")


@dataclass(frozen=True, eq=False)
class Quantity:
    """Numbers of every item, or one number; slope: by how much it grows with each second, NaN where that differs."""

    values: Amounts | np.float64
    slope: float = 0.0
    time: bool = False


Options = tuple[Any, ...]  # operands of a list out of the condition or out of the context
Operand = Quantity | Texts | Lists | str | Options | None  # None: not known of any item


def resolved(name: Name, catalog: Catalog) -> tuple[str, str]:
    """Where a name points: its scope, "item" where the catalog has such a field and "context" where not, and the name.

    Without a scope, a field of the items goes before a variable of the context.
    """
    return name.scope or ("item" if name.name in catalog.columns else "context"), name.name


def mask_of(condition: Condition, catalog: Catalog, variables: Variables, now: float) -> Mask:
    """The items that a condition is true of, and for how long that holds while the clock runs."""
    evaluation = Evaluation(catalog, variables, now)
    with np.errstate(all="ignore"):
        truth = evaluation.truth(condition.node, _YES)
    values = np.full(catalog.room, truth) if np.ndim(truth) == 0 else np.asarray(truth)
    depends = frozenset(name.name for name in condition.names if name.scope in ("", "item"))
    return Mask(values, evaluation.low, evaluation.high, depends)


class Evaluation:
    """One condition over one catalog; narrows low <= now < high, between which the answer stays the same."""

    def __init__(self, catalog: Catalog, variables: Variables, now: float) -> None:
        self.catalog, self.variables, self.now = catalog, variables, now
        self.low, self.high = -math.inf, math.inf

    def truth(self, node: Node, wanted: np.bool_) -> Truth:
        """What a tree is true of, or where `wanted` is false: what it is false of."""
        match node:
            case Not(inner):
                return self.truth(inner, ~wanted)
            case And(parts):
                return _joined([self.truth(part, wanted) for part in parts], every=bool(wanted))
            case Or(parts):
                return _joined([self.truth(part, wanted) for part in parts], every=not wanted)
            case Comparison(sign, left, right):
                return self._compared(sign if wanted else _CONTRARY[sign], self._value(left), self._value(right))
            case Within(value, options):
                return self._within(self._value(value), self._options(options), wanted)
            case Has(value, options, every):
                return self._has(self._value(value), self._options(options), every=every, wanted=wanted)
            case Missing(value):
                return np.equal(self._missing(self._value(value)), wanted)
            case Marked(value):
                return np.equal(self._marked(self._value(value)), wanted)

    def _value(self, value: Value) -> Operand:
        match value:
            case Number():
                return Quantity(np.float64(value.amount))
            case Text(text):
                return text
            case Flag(flag):
                return Quantity(np.float64(flag))
            case Moment(text):
                return _time(text)
            case Now():
                return Quantity(np.float64(self.now), slope=1.0, time=True)
            case Negative(of):
                inner = self._value(of)
                return Quantity(-inner.values, -inner.slope) if isinstance(inner, Quantity) else None
            case Arithmetic(sign, left, right):
                return _calculated(sign, self._value(left), self._value(right))
            case Name():
                return self._named(value)

    def _named(self, name: Name) -> Operand:
        scope, plain = resolved(name, self.catalog)
        if scope != "item":
            return _operand(self.variables.get((scope, plain)) if name.key is None else None)
        column = self.catalog.columns.get(plain)
        if isinstance(column, Maps) and name.key is not None:
            column = column.columns.get(self._key(name.key))
        elif name.key is not None:
            return None
        if isinstance(column, Numbers):
            return Quantity(column.values, time=column.kind == "time")
        return column if isinstance(column, Texts | Lists) else None

    def _key(self, key: Text | Name) -> str:
        if isinstance(key, Text):
            return key.value
        return word_of(self.variables.get((key.scope or "context", key.name))) or ""

    def _options(self, options: tuple[Value, ...] | Name) -> Operand:
        if isinstance(options, Name):
            named = self._named(options)
            return () if named is None else named  # a list that is missing is empty
        return tuple(self._value(option) for option in options)

    def _compared(self, sign: str, left: Operand, right: Operand) -> Truth:
        left, right = _as_number(left, right), _as_number(right, left)
        if isinstance(left, Quantity) and isinstance(right, Quantity):
            self._narrow(left, right)
            truth = _COMPARE[sign](left.values, right.values)
            known = _known(left) & _known(right) if sign == "!=" else _YES
            return _both(truth, known)
        if sign not in ("=", "!=") or left is None or right is None:
            return _NO
        return _same_text(left, right, sign == "=")

    def _narrow(self, left: Quantity, right: Quantity) -> None:
        """Until when, and since when, what is left of a sign stays on its side."""
        slope = left.slope - right.slope
        if slope == 0:
            return
        ahead = np.atleast_1d((right.values - left.values) / slope)  # seconds from now to where both are equal
        soon, past = ahead[ahead > 0], ahead[ahead < 0]
        if math.isnan(slope) or (ahead == 0).any():
            self.low, self.high = self.now, math.nextafter(self.now, math.inf)
            return
        self.high = min(self.high, self.now + soon.min(initial=math.inf))
        self.low = max(self.low, math.nextafter(self.now + past.max(initial=-math.inf), math.inf))

    def _within(self, value: Operand, options: Operand, wanted: np.bool_) -> Truth:
        if isinstance(options, Lists):
            if value is None:
                return _NO if wanted else self._missing(options)
            return self._has(options, (value,), every=False, wanted=wanted)
        listed = options if isinstance(options, tuple) else (options,)
        if len(listed) > _FEW and isinstance(value, Texts) and all(isinstance(one, str) for one in listed):
            return _spelled(value, listed, wanted)
        if len(listed) > _FEW and isinstance(value, Quantity) and (numbers := _plain(listed)) and not value.slope:
            found = np.isin(value.values, numbers)
            return found if wanted else _both(~found, _known(value))
        sign = "=" if wanted else "!="
        return _joined([self._compared(sign, value, option) for option in listed], every=not wanted)

    def _has(self, value: Operand, options: Operand, *, every: bool, wanted: np.bool_) -> Truth:
        listed = options if isinstance(options, tuple) else (options,)
        found = [self._contains(value, option, wanted) for option in listed]
        return _joined(found, every=every == bool(wanted))

    def _contains(self, value: Operand, option: Operand, wanted: np.bool_) -> Truth:
        if option is None:
            return _NO
        if isinstance(value, Lists):
            return self._among(value, option, wanted)
        if isinstance(value, tuple) and (word := _word(option)) is not None:
            return np.bool_((word in map(_word, value)) == wanted)
        if isinstance(value, tuple):
            return self._within(option, value, wanted)
        if value is None:
            return ~wanted
        present = self._compared("=", value, option)
        return present if wanted else _both(~present, _known(option))

    def _among(self, lists: Lists, option: Operand, wanted: np.bool_) -> Truth:
        """The items whose list has one word."""
        word = _word(option)
        if word is None:
            return _NO
        present = np.zeros(self.catalog.room, dtype=np.bool_)
        present[lists.rows[lists.codes == lists.spellings.code(word)]] = True
        return present if wanted else ~present

    def _missing(self, value: Operand) -> Truth:
        if isinstance(value, Lists):
            empty = np.ones(self.catalog.room, dtype=np.bool_)
            empty[value.rows] = False
            return empty
        return ~_known(value)

    def _marked(self, value: Operand) -> Truth:
        if not isinstance(value, Quantity):
            return np.bool_(value == "true") if isinstance(value, str) else _NO
        return _both(value.values != 0, _known(value))


def _operand(value: Any) -> Operand:
    """A variable of the context as what it compares as."""
    match value:
        case bool() | int() | float():
            return _number(value)
        case str():
            return value
        case date():
            return _time(value.isoformat())
        case list() | tuple():
            return tuple(_operand(one) for one in value if one is not None)
        case _:
            return None


def _number(value: float) -> Quantity | None:
    try:
        number = float(value)
    except OverflowError:
        return None
    return None if math.isnan(number) else Quantity(np.float64(number))


def _time(text: str) -> Quantity | None:
    seconds = seconds_of(text)
    return None if seconds is None else Quantity(np.float64(seconds), time=True)


def _as_number(value: Operand, beside: Operand) -> Operand:
    """A text beside a time is a date, beside a number it is one if it reads so: what stands in an address is text."""
    if not isinstance(value, str) or not isinstance(beside, Quantity):
        return value
    if beside.time:
        return _time(value)
    if value in _FLAGS:
        return Quantity(_FLAGS[value])
    return _number(float(value)) if _DIGITS.fullmatch(value) else value


def _known(value: Operand) -> Truth:
    if isinstance(value, Quantity):
        return np.equal(value.values, value.values)
    if isinstance(value, Texts):
        return value.codes >= 0
    return np.bool_(value is not None and value != ())


def _calculated(sign: str, left: Operand, right: Operand) -> Quantity | None:
    left, right = _as_number(left, right), _as_number(right, left)
    if not isinstance(left, Quantity) or not isinstance(right, Quantity):
        return None
    a, b = left.values, right.values
    match sign:
        case "+":
            return Quantity(a + b, left.slope + right.slope, left.time or right.time)
        case "-":
            return Quantity(a - b, left.slope - right.slope, left.time and not right.time)
        case "*":
            return Quantity(a * b, _scaled(left.slope, b) + _scaled(right.slope, a))
        case _:
            slope = math.nan if right.slope else _scaled(left.slope, np.where(b == 0, math.nan, 1 / b))
            return Quantity(np.where(b == 0, math.nan, a / b), slope)


def _scaled(slope: float, by: Any) -> float:
    """The slope of a product; NaN where it differs from item to item."""
    if slope == 0:
        return 0.0
    return slope * float(by) if np.ndim(by) == 0 else math.nan


def _same_text(left: Operand, right: Operand, wanted: bool) -> Truth:
    """Where two texts are the same, or where `wanted` is false: where they are known to differ."""
    if isinstance(left, str) and isinstance(right, str):
        return np.bool_((left == right) == wanted)
    if isinstance(right, Texts) and isinstance(left, str):
        left, right = right, left
    if not isinstance(left, Texts):
        return _NO
    if isinstance(right, str):
        code = left.spellings.code(right)
        equal: Bools = left.codes == code
        return equal if wanted else ~equal & (left.codes >= 0)
    if not isinstance(right, Texts):
        return _NO
    known = (left.codes >= 0) & (right.codes >= 0)
    codes = np.array([left.spellings.code(text) for text in right.spellings.texts()] or [MISSING], dtype=np.int32)
    same: Bools = left.codes == codes[right.codes]
    return known & (same if wanted else ~same)


def _spelled(column: Texts, options: Sequence[str], wanted: np.bool_) -> Bools:
    """Where a text is one of many."""
    table = np.zeros(len(column.spellings) + 1, dtype=np.bool_)  # the last place is that of MISSING
    table[[code for code in map(column.spellings.code, options) if code >= 0]] = True
    found: Bools = table[column.codes]
    return found if wanted else ~found & (column.codes >= 0)


def _plain(options: Sequence[Operand]) -> list[float]:
    """The options as numbers; none where they are something else, or the clock moves them."""
    plain = [one for one in options if isinstance(one, Quantity) and np.ndim(one.values) == 0 and not one.slope]
    return [float(one.values) for one in plain] if len(plain) == len(options) else []


def _word(value: Operand) -> str | None:
    """One value as an entry of a list."""
    if isinstance(value, str):
        return value
    if isinstance(value, Quantity) and np.ndim(value.values) == 0:
        return word_of(float(value.values))
    return None


def _joined(parts: Sequence[Truth], *, every: bool) -> Truth:
    """Where all parts are true, or where one of them is; what holds for all items alike decides first."""
    alike = [part for part in parts if np.ndim(part) == 0]
    if any(bool(part) != every for part in alike):
        return np.bool_(not every)
    single = [part for part in parts if isinstance(part, np.ndarray)]
    if not single:
        return np.bool_(every)
    joined: Bools = reduce(np.logical_and if every else np.logical_or, single)
    return joined


def _both(left: Truth, right: Truth) -> Truth:
    both: Truth = left if right is _YES else np.logical_and(left, right)
    return both
