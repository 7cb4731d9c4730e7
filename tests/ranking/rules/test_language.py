"""Conditions: what is read, what is refused and how that is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.core.errors import RuleError
from regulars.ranking.rules import Condition
from regulars.ranking.rules.syntax import (
    And,
    Arithmetic,
    Comparison,
    Has,
    Marked,
    Missing,
    Name,
    Not,
    Number,
    Or,
    Text,
    Within,
)
from rule_twins import nodes


@pytest.mark.parametrize(
    ("text", "node"),
    [
        ("price < 50", Comparison("<", Name("price"), Number(50))),
        ("price == 50.0", Comparison("=", Name("price"), Number(50))),
        ("price <> 50", Comparison("!=", Name("price"), Number(50))),
        ("brand = 'A\\'s'", Comparison("=", Name("brand"), Text("A's"))),
        ("price", Marked(Name("price"))),
        ("not discontinued", Not(Marked(Name("discontinued")))),
        ('brand not in ["A", "B"]', Not(Within(Name("brand"), (Text("A"), Text("B"))))),
        ("brand in context.favorites", Within(Name("brand"), Name("favorites", "context"))),
        ("stock[store] > 0", Comparison(">", Name("stock", key=Name("store")), Number(0))),
        ('stock["my store"] > 0', Comparison(">", Name("stock", key=Text("my store")), Number(0))),
        ('tags has all ["a"]', Has(Name("tags"), (Text("a"),), every=True)),
        ("price is not missing", Not(Missing(Name("price")))),
        ("`unit price` < 1", Comparison("<", Name("unit price"), Number(1))),
        ("a or b and c", Or((Marked(Name("a")), And((Marked(Name("b")), Marked(Name("c"))))))),
        (
            "a - b - c < 1",
            Comparison("<", Arithmetic("-", Arithmetic("-", Name("a"), Name("b")), Name("c")), Number(1)),
        ),
        ("added > 7 days", Comparison(">", Name("added"), Number(7, "day"))),
        ("PRICE < 1 AND NOT b", And((Comparison("<", Name("PRICE"), Number(1)), Not(Marked(Name("b")))))),
        ("größe < 1", Comparison("<", Name("größe"), Number(1))),
    ],
)
def test_a_condition_is_read_as_it_is_meant(text: str, node: object) -> None:
    assert Condition.of(text).node == node


@given(nodes())
def test_the_text_of_a_tree_is_read_as_the_same_tree(node: object) -> None:
    assert Condition.of(str(node)).node == node


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    _read_or_refused(text)


_WORDS = "price and or not in has is missing any all true now days context. item . ( ) [ ] , < = != - + * / 1 2.5"
_ODD = [
    "1e400",
    "9" * 400,
    '"a"',
    "'",
    "`x`",
    "2026-11-22",
    "2026-99-99",
    "__import__",
    "\\",
    "\n",
    "\0",
    "é",
    "İ",
    "\u0663",
]


@given(st.lists(st.sampled_from([*_WORDS.split(), *_ODD]), max_size=14).map(" ".join))
def test_any_row_of_words_and_signs_is_read_or_refused(text: str) -> None:
    _read_or_refused(text)


def _read_or_refused(text: str) -> None:
    try:
        condition = Condition.of(text)
    except RuleError:
        return
    again = Condition.of(condition.text)
    assert again.node == condition.node
    assert again.text == condition.text


@pytest.mark.parametrize("opening", ["(", "not ", "-", "a + (", "stock[a[", "1 - (-"])
def test_hostile_nesting_is_refused_without_a_crash(opening: str) -> None:
    with pytest.raises(RuleError):
        Condition.of(opening * (9_000 // len(opening)))


@pytest.mark.parametrize("chain", ["a < 1 and ", "a or ", "1 + "])
def test_a_long_chain_is_read_or_refused_without_a_crash(chain: str) -> None:
    _read_or_refused(chain * (9_000 // len(chain)) + "a < 1")


def test_a_condition_that_would_look_at_every_item_too_often_is_refused() -> None:
    Condition.of(" or ".join(["a < 1"] * 200))
    with pytest.raises(RuleError, match=r"more than 200 comparisons and sums; use in \[...\]"):
        Condition.of(" or ".join(["a < 1"] * 201))


def test_a_text_beyond_the_limit_is_refused_before_it_is_read() -> None:
    with pytest.raises(RuleError, match="10,000 letters at most"):
        Condition.of("a or " * 4_000 + "a")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "price < and brand",
            "a field, a number or a text is wanted; and stands there, at letter 9\n  price < and brand\n          ^^^",
        ),
        ("price <", "a field, a number or a text is wanted; the text ends, at letter 8\n  price <\n         ^"),
        (
            "1 < a < 3",
            "one comparison at a time; join two with and; < stands there, at letter 7\n  1 < a < 3\n        ^",
        ),
        ("a\nor\nb c", "and, or, or the end is wanted; c stands there, at letter 8\n  b c\n    ^"),
        ("a && b", "& means nothing here; write and, or, not in words, at letter 3\n  a && b\n    ^"),
        ('brand = "A', 'the quote that begins here does not end, at letter 9\n  brand = "A\n          ^'),
        ("5", "a condition is wanted, such as price < 50; 5 is a value, at letter 1\n  5\n  ^"),
        ("a.b < 1", None),
        ("price < 1e999", "that number is too large, at letter 9\n  price < 1e999\n          ^^^^^"),
        ("a = 2026-02-30", "there is no such day or moment, at letter 5\n  a = 2026-02-30\n      ^^^^^^^^^^"),
        ("(a < 1) + 2 < 3", None),
        ("stock[item.store] > 1", None),
        ("brand in 5", None),
        ("", None),
    ],
)
def test_a_mistake_is_told_with_its_place(text: str, message: str | None) -> None:
    with pytest.raises(RuleError) as error:
        Condition.of(text)
    if message is not None:
        assert str(error.value) == message


def test_a_long_line_is_shown_around_its_mistake() -> None:
    with pytest.raises(RuleError) as error:
        Condition.of("a < 1 and " * 100 + "b <")
    _, line, carets = str(error.value).split("\n")
    assert line.endswith("b <")
    assert len(line) <= 102
    assert len(carets) == len(line) + 1


def test_the_same_condition_in_other_spaces_has_one_text() -> None:
    assert Condition.of("price<50   and(brand='A')") == Condition.of('price < 50 and brand = "A"')
