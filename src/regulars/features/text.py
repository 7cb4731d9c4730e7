"""Text: its words, weighed by how much they tell (TF-IDF)."""

from dataclasses import dataclass
from typing import Final, final

import numpy as np
import polars as pl

from regulars.core import Floats, Longs, Vocabulary, floats

from .parts import Entries
from .plain_text import plain_text

_BLOCK = 20_000  # texts taken apart at a time
_UNSPACED: Final = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_WORD: Final = rf"[{_UNSPACED}]|[\p{{L}}\p{{M}}\p{{N}}&&[^{_UNSPACED}]]{{2,}}"
"""Two letters or digits in a row, in any script; single signs where a script sets no spaces."""


@final
@dataclass(frozen=True)
class TextColumn:
    """A column of text: each word that a text has weighs (1 + log count) * idf; a text has length 1 (L2).

    words: the known ones; idf: float32, log(texts / texts with the word), above 0. phrases: two words that follow each
    other count as a word too.
    """

    column: str
    words: Vocabulary
    idf: Floats
    phrases: bool = False

    @classmethod
    def learn(cls, values: pl.Series, min_count: int, max_words: int, *, phrases: bool = False) -> "TextColumn":
        """The `max_words` most frequent words of those that `min_count` texts have, but not every text."""
        counts = pl.DataFrame(schema={"word": pl.String, "texts": pl.Int64})
        for start in range(0, len(values), _BLOCK):
            tokens = _tokens(values.slice(start, _BLOCK), phrases)
            some = tokens.unique().group_by("word").agg(pl.len().cast(pl.Int64).alias("texts"))
            counts = pl.concat([counts, some]).group_by("word").agg(pl.col("texts").sum())
        n = int((values.cast(pl.String).fill_null("") != "").sum())
        usable = counts.filter((pl.col("texts") >= min_count) & (pl.col("texts") < n))
        kept = usable.sort(["texts", "word"], descending=[True, False]).head(max_words)
        return cls(values.name, Vocabulary(kept["word"]), floats(np.log(n / kept["texts"].to_numpy())), phrases)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"{self.column}: {word}" for word in self.words.ids.to_list())

    def entries(self, values: pl.Series) -> Entries:
        parts = [self._entries(values.slice(start, _BLOCK), start) for start in range(0, len(values), _BLOCK)]
        rows, features, weights = zip(_NONE, *parts, strict=True)
        return Entries(np.concatenate(rows), np.concatenate(features), np.concatenate(weights))

    def _entries(self, values: pl.Series, first: int) -> Entries:
        """The entries of a block of texts, whose rows begin at `first`."""
        lookup = pl.DataFrame({"word": self.words.ids, "feature": np.arange(len(self.words), dtype=np.int64)})
        found = _tokens(values, self.phrases).join(lookup, on="word", how="inner")
        counted = found.group_by("row", "feature").len().sort("row", "feature")
        rows, features = counted["row"].to_numpy().astype(np.int64), counted["feature"].to_numpy()
        weights = (1 + np.log(counted["len"].to_numpy().astype(np.float64))) * self.idf[features]
        norms = np.sqrt(np.bincount(rows, weights**2, len(values)))
        return Entries(rows + first, features, floats(weights / norms[rows]))


_NONE: Final = Entries(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32))


def _tokens(values: pl.Series, phrases: bool) -> pl.DataFrame:
    """row and word of every word of the texts, in their order; HTML is read as plain text."""
    words = plain_text(values).str.normalize("NFKC").str.to_lowercase().str.extract_all(_WORD)
    lengths: Longs = words.list.len().fill_null(0).to_numpy().astype(np.int64)
    tokens = pl.DataFrame(
        {
            "row": np.repeat(np.arange(len(values), dtype=np.int64), lengths),
            "word": words.filter(lengths > 0).explode(),
        },
        schema={"row": pl.Int64, "word": pl.String},
    )
    if not phrases:
        return tokens
    pairs = tokens.with_columns(
        word=pl.col("word") + " " + pl.col("word").shift(-1),
        row=pl.when(pl.col("row") == pl.col("row").shift(-1)).then("row"),
    )
    return pl.concat([tokens, pairs.drop_nulls()])
