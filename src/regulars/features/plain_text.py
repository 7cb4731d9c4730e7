"""Plain text: what a reader of a shop's page sees of a text that may be HTML."""

import html
from typing import Final

import polars as pl

_UNSEEN: Final = r"(?is)<!--.*?-->|<(script|style|head|template)\b[^>]*>.*?</(script|style|head|template)\s*>"
_TAG: Final = r"(?s)</?[A-Za-z][A-Za-z0-9:-]*(\s[^<>]*)?/?>|<![A-Za-z\[][^<>]*>|<\?[^<>]*>"
"""A tag begins with a letter: "size < 10 and > 5" has none."""
_SPACE: Final = r"[\s\p{Cc}\p{Zs}\u{200b}\u{2028}\u{2029}\u{feff}]+"


def plain_text(values: pl.Series) -> pl.Series:
    """Texts without the tags, scripts, comments and entities of HTML, each run of spaces a single one; NFC.

    HTML that was escaped once more (&lt;p&gt;), as feeds of products often have it, is read as HTML too. A text
    that is no HTML stays, whatever its language. What is null or holds nothing to read is null.
    """
    texts = values.cast(pl.String)
    if texts.str.contains("&", literal=True).any():
        texts = texts.map_elements(html.unescape, return_dtype=pl.String)
    if texts.str.contains("<", literal=True).any():
        texts = texts.str.replace_all(_UNSEEN, " ").str.replace_all(_TAG, " ")
        if texts.str.contains("&", literal=True).any():
            texts = texts.map_elements(html.unescape, return_dtype=pl.String)
    texts = texts.str.replace_all(_SPACE, " ").str.strip_chars().str.normalize("NFC")
    return texts.set(texts == "", None).alias(values.name)
