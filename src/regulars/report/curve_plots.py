"""Pictures of how a network learned: a figure after each epoch, the kept epoch marked (extra `plots`).

plots.save(curve_plots.curve([7.1, 6.4, 6.2], "Loss", best=3), "loss.svg")
"""

from collections.abc import Sequence

import polars as pl

from regulars.core.errors import EmptyData, MissingExtra

try:
    import altair as alt
except ImportError as error:
    raise MissingExtra("altair", "plots") from error

from .palette import INK, LEAD, PAPER, QUIET
from .plots import styled

WIDE, HIGH = 255, 150  # pixels
_POINTS = 400  # of a line: more are closer than the pixels


def curve(values: Sequence[float], title: str, *, best: int = 0) -> alt.LayerChart:
    """One figure by epochs, from 1; best: the epoch whose weights were kept, 0 for none to mark. Raises EmptyData."""
    if not values:
        raise EmptyData(f"there is no epoch whose {title} could be drawn")
    frame = pl.DataFrame({"epoch": range(1, len(values) + 1), "value": values})
    kept = frame.filter(pl.col("epoch") == best).with_columns(label=pl.lit(f"epoch {best}"))
    thinned = frame.gather_every(max(1, len(values) // _POINTS))
    x = alt.X(
        "epoch:Q",
        title="Epoch",
        scale=alt.Scale(domain=[1, max(len(values), 2)], nice=False),
        axis=alt.Axis(values=_ticks(len(values)), format="d"),
    )
    y = alt.Y("value:Q", title=title, scale=alt.Scale(zero=False), axis=alt.Axis(tickCount=4))
    marks = alt.Chart(kept).encode(x=x, y=y)
    late, high = best > 0.6 * len(values), kept.height and 2 * kept["value"][0] > min(values) + max(values)
    layers = [
        alt.Chart(thinned).mark_line(color=LEAD, strokeWidth=2).encode(x=x, y=y),
        marks.mark_rule(color=QUIET, strokeDash=[2, 3]).encode(y=alt.value(0), y2=alt.value(HIGH)),
        marks.mark_point(color=LEAD, fill=PAPER, opacity=1, size=46, strokeWidth=2),
        marks.mark_text(align="right" if late else "left", dx=-7 if late else 7, color=INK, fontSize=12.5).encode(
            text="label:N", y=alt.value(HIGH - 10 if high else 8)
        ),
    ]
    return styled(alt.LayerChart(layer=layers if kept.height else layers[:1]), height=HIGH, width=WIDE)


def _ticks(epochs: int) -> list[int]:
    """A few whole epochs, the first among them."""
    step = next(step for power in range(9) for step in (10**power, 2 * 10**power, 5 * 10**power) if epochs <= 6 * step)
    return [1, *range(max(step, 2), epochs + 1, step)]
