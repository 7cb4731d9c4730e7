import numpy as np
import polars as pl
import pytest

from regulars.features.text import TextColumn

STORIES = pl.Series("story", ["Red wool socks", "red RED cotton socks", None, "Blue cotton hat", ""])


def test_the_weights_of_a_text_are_those_worked_out_by_hand():
    """The six words are in one or two of the three texts: idf log(3/2) or log 3; counts weigh 1 + log(count)."""
    column = TextColumn.learn(STORIES, 1, 100)
    assert column.names == tuple(f"story: {word}" for word in ["cotton", "red", "socks", "blue", "hat", "wool"])
    np.testing.assert_allclose(column.idf, np.log([1.5, 1.5, 1.5, 3, 3, 3]), rtol=1e-6)
    entries = column.entries(STORIES)
    second = entries.rows == 1
    raw = np.log(1.5) * np.array([1, 1 + np.log(2), 1])  # cotton, red twice, socks
    assert entries.features[second].tolist() == [0, 1, 2]
    np.testing.assert_allclose(entries.values[second], raw / np.linalg.norm(raw), rtol=1e-6)
    assert set(entries.rows.tolist()) == {0, 1, 3}


def test_a_word_that_every_text_has_says_nothing():
    column = TextColumn.learn(pl.Series("t", ["the dog", "the cat", "the dog"]), 1, 100)
    assert column.names == ("t: dog", "t: cat")


def test_rare_words_are_left_out_and_the_most_frequent_kept():
    values = pl.Series("t", ["aa bb", "aa bb", "aa cc", "dd cc", "dd ee"])
    assert TextColumn.learn(values, 2, 100).names == ("t: aa", "t: bb", "t: cc", "t: dd")
    assert TextColumn.learn(values, 2, 1).names == ("t: aa",)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ÄRGER über STRASSE", {"ärger", "über", "strasse"}),
        ("T-shirt, 2-pack (100% cotton)", {"shirt", "pack", "100", "cotton"}),
        ("緑茶 tea", {"緑", "茶", "tea"}),
        ("\uff26\uff35\uff2c\uff2c width", {"full", "width"}),
        ("Чай зелёный", {"чай", "зелёный"}),
    ],
)
def test_words_are_found_in_any_script(text, words):
    column = TextColumn.learn(pl.Series("t", [text, "zz"]), 1, 100)
    assert {name.removeprefix("t: ") for name in column.names} - {"zz"} == words


def test_two_words_in_a_row_may_count_as_a_word():
    column = TextColumn.learn(pl.Series("t", ["ice cream", "cream ice", "ice"]), 1, 100, phrases=True)
    assert {name.removeprefix("t: ") for name in column.names} == {"cream", "ice cream", "cream ice"}


def test_blocks_of_texts_are_one_column(monkeypatch):
    whole = TextColumn.learn(STORIES, 1, 100)
    entries = whole.entries(STORIES)
    monkeypatch.setattr("regulars.features.text._BLOCK", 2)
    assert TextColumn.learn(STORIES, 1, 100).names == whole.names
    for part, again in zip(entries, whole.entries(STORIES), strict=True):
        np.testing.assert_array_equal(part, again)


def test_the_tags_of_html_are_no_words():
    html = pl.Series(
        "t", ["<div class='a'>red &amp; blue</div>", "<p>red</p><br>hat", "blue hat", "&lt;p&gt;red&lt;/p&gt; tea"]
    )
    column = TextColumn.learn(html, 1, 100)
    assert set(column.words.ids) == {"red", "blue", "hat", "tea"}
    assert set(column.entries(html).rows.tolist()) == {0, 1, 2, 3}


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (["Красное платье", "красное пальто"], {"красное", "платье", "пальто"}),
        (["赤い服", "赤の帽子"], {"赤", "い", "服", "の", "帽", "子"}),
        (["فستان أحمر", "قميص أحمر"], {"فستان", "أحمر", "قميص"}),
        (["שמלה אדומה", "כובע"], {"שמלה", "אדומה", "כובע"}),
        (["\uff32\uff25\uff24 Tea", "Tee für Zürich"], {"red", "tea", "tee", "für", "zürich"}),
    ],
)
def test_words_of_every_script_are_told_apart(texts, words):
    assert set(TextColumn.learn(pl.Series("t", [*texts, "other"]), 1, 100).words.ids) == {*words, "other"}
