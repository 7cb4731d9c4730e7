import polars as pl
import pytest

from regulars.features.plain_text import plain_text

READ_AS = {
    "<p>Cotton &amp; silk<br/>60 %</p>": "Cotton & silk 60 %",
    "&lt;p&gt;Escaped&amp;nbsp;once&lt;/p&gt;": "Escaped once",
    "<div class=\"a\" data-b='1'><!-- no --><h1>Title</h1>text</div>": "Title text",
    "<style>p { color: red }</style><script>if (a < b) { }</script>seen": "seen",
    "size < 10 and > 5": "size < 10 and > 5",
    "I <3 tea": "I <3 tea",
    "  two\n\n\tlines\u00a0": "two lines",
    "綿100%の<b>シャツ</b>": "綿100%の シャツ",
    "قميص <i>قطن</i>": "قميص قطن",
    "cafe\u0301": "café",
    "cut off <a href='": "cut off <a href='",
}


@pytest.mark.parametrize(("written", "read"), READ_AS.items())
def test_a_text_is_what_a_reader_of_the_page_sees(written, read):
    assert plain_text(pl.Series("t", [written])).to_list() == [read]


@pytest.mark.parametrize("written", [None, "", "   \n", "<br>", "<script>x()</script>", "\u200b"])
def test_a_text_without_anything_to_read_is_null(written):
    assert plain_text(pl.Series("t", [written, "there"])).to_list() == [None, "there"]


def test_a_column_without_values_stays_one():
    for values in (pl.Series("t", [], dtype=pl.String), pl.Series("t", [None, None])):
        made = plain_text(values)
        assert made.dtype == pl.String
        assert made.null_count() == len(made) == len(values)
        assert made.name == "t"


def test_a_long_broken_page_takes_no_time():
    plain_text(pl.Series("t", ["<" * 200_000, "<a " * 50_000, "<!--" * 50_000, "&" * 100_000]))
