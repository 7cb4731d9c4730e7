"""Figure: one measured line, for a table and for machines."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from itertools import groupby

from rich.table import Table

OURS = "regulars"


@dataclass(frozen=True)
class Figure:
    """What one library needed for one task, and how good the result is.

    seconds, cpu_seconds: medians of the repetitions, CPU over all threads. peak_mb: of the process, imports and data
    included. quality: such as {"recall@20": .1}. further: threads, versions, machine, single repetitions and the like.
    A peer that could not run has no seconds and says why in `further["absent"]`.
    """

    task: str
    data: str
    peer: str
    seconds: float | None = None
    cpu_seconds: float | None = None
    peak_mb: float | None = None
    quality: Mapping[str, float] = field(default_factory=dict)
    further: Mapping[str, object] = field(default_factory=dict)

    def line(self) -> str:
        """One line of JSON."""
        return json.dumps(asdict(self), sort_keys=False)


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
