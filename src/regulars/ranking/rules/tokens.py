"""From a text to its words and signs, and how a mistake in it is shown."""

import re
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final, NamedTuple

from regulars.core.errors import RuleError

LONGEST: Final = 10_000  # letters of one condition
_WIDTH = 100  # letters of the line that an error shows
_TOKENS = re.compile(
    r"""(?P<moment>[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9:.]+(?:Z|[+-][0-9]{2}:?[0-9]{2})?)?(?![\w:]))
    |(?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
    |(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    |(?P<quoted>`(?:[^`\\]|\\.)*`)
    |(?P<word>[^\W\d]\w*)
    |(?P<sign>==|!=|<>|<=|>=|[=<>()\[\],.+*/-])""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_LETTERS = {"n": "\n", "t": "\t", "r": "\r"}
_SPACE = re.compile(r"\s*")


class Token(NamedTuple):
    """kind: moment, number, text, quoted (a name), word, sign or end; text: as it stands; start: its first letter."""

    kind: str
    text: str
    start: int

    @property
    def inner(self) -> str:
        """What stands between the quotes."""
        return _ESCAPED.sub(lambda found: _LETTERS.get(found[1], found[1]), self.text[1:-1])


def tokens_of(text: str) -> list[Token]:
    """The tokens of a condition, one of the kind "end" last. Raises RuleError at what is none."""
    if len(text) > LONGEST:
        raise RuleError(f"a condition has {LONGEST:,} letters at most; this one has {len(text):,}. Use an allow list")
    found, place = [], _after_space(text, 0)
    while place < len(text):
        token = _TOKENS.match(text, place)
        if token is None:
            raise fault(text, place, 1, _reason(text[place]))
        found.append(Token(str(token.lastgroup), token.group(), place))
        place = _after_space(text, token.end())
    return [*found, Token("end", "", len(text))]


def fault(text: str, start: int, length: int, message: str) -> RuleError:
    """The mistake at a place of the text, with the line that it stands in and carets below it."""
    begin = text.rfind("\n", 0, start) + 1
    end = text.find("\n", start)
    line, column = text[begin : len(text) if end < 0 else end], start - begin
    if len(line) > _WIDTH:
        cut = max(0, column - _WIDTH // 2)
        line, column = line[cut : cut + _WIDTH], column - cut
    shown = "".join(letter if letter.isprintable() else " " for letter in line)
    carets = "^" * max(1, min(length, len(shown) - column))
    return RuleError(f"{message}, at letter {start + 1}\n  {shown}\n  {' ' * column}{carets}")


def nearest(name: str, known: Iterable[str]) -> str:
    """The end of a sentence about an unknown name: the known one that looks most like it, if one does."""
    close = get_close_matches(name, list(known), n=1)
    return f"; did you mean {close[0]}?" if close else "."


def _after_space(text: str, place: int) -> int:
    space = _SPACE.match(text, place)
    return space.end() if space else place


def _reason(letter: str) -> str:
    if letter in "\"'`":
        return "the quote that begins here does not end"
    if letter in "&|!":
        return f"{letter} means nothing here; write and, or, not in words"
    return f"{letter!r} means nothing here"
