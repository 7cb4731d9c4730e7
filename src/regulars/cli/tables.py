"""Tables for the terminal: numbers to the right, names never broken, columns left out where they would not fit."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.markup import escape
from rich.table import Table

from .console import out

_GAP = 2  # letters between two columns


def show(frame: pl.DataFrame, title: str = "", *, spare: Sequence[str] = (), whole: Sequence[str] = ()) -> None:
    """A frame as a table.

    spare: columns that are left out, in this order, as long as the terminal is too narrow. whole: columns whose values
    stand in one line, beside the first one and the numbers.
    """
    cells = {name: [cell(value) for value in frame[name]] for name in frame.columns}
    kept = {*whole, *frame.columns[:1], *(name for name, kind in frame.schema.items() if kind.is_numeric())}
    least = {name: _least(name, texts, name in kept) for name, texts in cells.items()}
    gone = _too_many(least, spare)
    left = [name for name in cells if name not in gone]
    widths = _shared({name: least[name] for name in left}, {name: _most(name, cells[name]) for name in left})
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    for name in left:
        right = frame.schema[name].is_numeric()
        table.add_column(name, justify="right" if right else "left", width=widths[name], overflow="fold")
    for row in zip(*(cells[name] for name in left), strict=True):
        table.add_row(*map(escape, row))
    if title:
        out.print(f"[bold]{escape(title)}[/]", soft_wrap=True)
    out.print(table)
    if gone:
        out.print(f"[dim]{', '.join(name for name in spare if name in gone)}: in a wider terminal, or with --json[/]")
    out.print()


def cell(value: Any) -> str:
    """One value as people read it: floats with four digits behind the point, two from 10 on and none from 100 on,
    thousands apart, a dash for nothing."""
    if value is None or (isinstance(value, float) and value != value):
        return "-"
    if isinstance(value, float):
        digits = 4 if abs(value) < 10 else 2 if abs(value) < 100 else 0
        return f"{round(value, digits) + 0.0:,.{digits}f}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _too_many(least: Mapping[str, int], spare: Sequence[str]) -> set[str]:
    """The first of the spare columns, as many as must go so that no word of the others is broken."""
    gone: set[str] = set()
    for name in spare:
        if name in least and sum(least[one] + _GAP for one in least if one not in gone) - _GAP > out.width:
            gone.add(name)
    return gone


def _shared(least: Mapping[str, int], most: Mapping[str, int]) -> dict[str, int]:
    """Widths of columns that fill the terminal at most; what is left is shared, and who needs little has it all."""
    widths = dict(least)
    room = out.width - sum(least.values()) - _GAP * (len(least) - 1)
    needy = sorted(widths, key=lambda name: most[name] - least[name])
    for place, name in enumerate(needy):
        more = max(0, min(most[name] - least[name], room // (len(needy) - place)))
        widths[name] += more
        room -= more
    return widths


def _least(name: str, texts: Sequence[str], whole: bool) -> int:
    """The width below which a column would break a word, or a value that must stay whole."""
    parts = [*name.split(), *(texts if whole else (word for text in texts for word in text.split()))]
    return max(map(cell_len, parts), default=0)


def _most(name: str, texts: Sequence[str]) -> int:
    """The width at which nothing is wrapped."""
    return max(map(cell_len, [name, *texts]))
