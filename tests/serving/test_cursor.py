"""Cursors: they carry ids of any shape, and nobody writes them but the service."""

import base64
import zlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from regulars.core.errors import QuestionError
from regulars.serving.cursor import Cursors

ids = st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), min_size=1)


@given(shown=st.lists(ids, max_size=50), about=st.text(), secret=st.binary(max_size=64))
@example(shown=[f"i{7919 * n % 100_000:05d}" for n in range(2_000)], about="home", secret=b"")
def test_what_was_shown_comes_back(shown: list[str], about: str, secret: bytes):
    cursors = Cursors(secret)
    assert cursors.read(cursors.written(shown, about), about) == tuple(shown)


@given(text=st.text(min_size=1) | st.binary(min_size=1).map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
def test_any_other_text_is_an_error_that_says_what_to_do(text: str):
    with pytest.raises(QuestionError, match="hand back the cursor"):
        Cursors(b"secret").read(text, "home")


def test_no_cursor_has_shown_nothing():
    assert Cursors().read("", "home") == ()


def test_a_cursor_is_of_one_question_and_one_service():
    cursor = Cursors(b"a").written(["1", "2"], "home\0anna")
    for cursors, about in ((Cursors(b"b"), "home\0anna"), (Cursors(b"a"), "home\0bert")):
        with pytest.raises(QuestionError):
            cursors.read(cursor, about)


def test_a_cursor_that_unpacks_to_too_much_is_refused():
    cursors = Cursors()
    bomb = zlib.compress(b"1\n" * 5_000_000)
    with pytest.raises(QuestionError):
        cursors.read(base64.urlsafe_b64encode(cursors._mark(bomb, "home") + bomb).decode(), "home")


def test_hundred_pages_of_ten_fit_into_an_address():
    shown = [str(1_000_000 + 7919 * n % 100_000) for n in range(1_000)]
    assert len(Cursors().written(shown, "home")) < 8_000
