"""Quarantine: the file of the rows that cannot be used, each with its place, the reason and what it said."""

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import polars as pl

HEADER = ("table", "file", "line", "reason", "row")
_EXAMPLES = 3
_LONGEST = 20_000  # letters kept of a raw row


@dataclass(frozen=True)
class Example:
    """One row of the quarantine file."""

    table: str
    file: str
    line: int
    reason: str
    row: str


class Quarantine:
    """Writes refused rows as they come, counts them by (table, file, reason), and keeps the first few as examples."""

    def __init__(self, path: Path) -> None:
        self.counts: Counter[tuple[str, str, str]] = Counter()
        self.examples: list[Example] = []
        self._file = path.open("w", encoding="utf-8", newline="", errors="replace")
        csv.writer(self._file).writerow(HEADER)

    def __enter__(self) -> "Quarantine":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._file.close()

    def reasons(self, table: str) -> dict[str, int]:
        """Refused rows of a table by reason, most first."""
        found: Counter[str] = Counter()
        for (name, _, reason), n in self.counts.items():
            found[reason] += n if name == table else 0
        return {reason: n for reason, n in found.most_common() if n}

    def rows(self, table: str, file: str, lines: Sequence[int] | pl.Series, reason: str, rows: pl.DataFrame) -> None:
        """Refuses the rows of a frame for one reason; they are written as JSON objects."""
        if rows.height:
            self.texts(table, file, lines, reason, as_json(rows))

    def texts(
        self, table: str, file: str, lines: Sequence[int] | pl.Series, reason: str, texts: Sequence[str] | pl.Series
    ) -> None:
        """Refuses raw rows for one reason."""
        frame = pl.DataFrame({"line": lines, "row": texts}).select(
            pl.lit(table).alias("table"),
            pl.lit(file).alias("file"),
            pl.col("line").cast(pl.Int64),
            pl.lit(reason).alias("reason"),
            pl.col("row").cast(pl.String).str.slice(0, _LONGEST),
        )
        room = _EXAMPLES - sum(e.table == table and e.reason == reason for e in self.examples)
        self.examples.extend(Example(*row) for row in frame.head(max(room, 0)).rows())
        self._file.write(frame.write_csv(include_header=False))
        self.counts[table, file, reason] += frame.height


def as_json(rows: pl.DataFrame) -> pl.Series:
    """Each row as one JSON object; bytes are left out."""
    plain = rows.select(
        pl.lit("(bytes)").alias(name)
        if dtype == pl.Binary
        else pl.col(name).cast(pl.String)
        if dtype.is_temporal()
        else pl.col(name)
        for name, dtype in rows.schema.items()
    )
    return plain.select(pl.struct(pl.all()).struct.json_encode().alias("row"))["row"]
