"""Figures side by side, for people."""

from collections.abc import Iterable
from itertools import groupby

from rich.table import Table

from benchmarks.figure import OURS, Figure


def table(figures: Iterable[Figure]) -> Table:
    """Side by side for people; `times` is a peer's CPU seconds over ours, above 1 where we are faster."""
    result = Table(title="CPU seconds decide: the machine may be shared", title_justify="left")
    for column in ("task", "data", "peer"):
        result.add_column(column)
    for column in ("seconds", "CPU s", "times", "peak MB"):
        result.add_column(column, justify="right")
    result.add_column("quality")
    for _, rows in groupby(figures, key=lambda figure: (figure.task, figure.data)):
        group = list(rows)
        ours = next((figure.cpu_seconds for figure in group if figure.peer == OURS), None)
        for at, figure in enumerate(group):
            result.add_row(*_cells(figure, ours), end_section=at == len(group) - 1)
    return result


def _cells(figure: Figure, ours: float | None) -> tuple[str, ...]:
    quality = "  ".join(f"{name} {value:.4f}" for name, value in figure.quality.items())
    times = figure.cpu_seconds / ours if ours and figure.cpu_seconds and figure.peer != OURS else None
    return (
        figure.task,
        figure.data,
        figure.peer,
        _number(figure.seconds),
        _number(figure.cpu_seconds),
        _number(times),
        _number(figure.peak_mb),
        str(figure.further.get("absent", quality)),
    )


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.0f}" if value >= 100 else f"{value:.3g}"
