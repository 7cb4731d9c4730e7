"""How the networks learned: their loss and the figure of the withheld events, epoch by epoch."""

import polars as pl

from regulars.core import Frame

from ..contents import Report
from ..markup import Markup, figure, joined, paragraph, tag
from ..numbers import plural, score

_LOSS, _FIGURE = "loss", "ndcg@10"


def learning(report: Report) -> Markup | None:
    """Two curves of each method that learns in epochs."""
    if not report.curves.height:
        return None
    intro = (
        "These methods learn in epochs: each looks at the whole log once. The newest events of some customers were "
        "withheld from them, and after each epoch it was seen how well they were foretold; the weights of the best "
        "epoch were kept."
    )
    return joined([paragraph(intro), [_method(name, rows) for (name,), rows in _groups(report.curves)]])


def _groups(curves: Frame) -> list[tuple[tuple[object, ...], Frame]]:
    return list(curves.group_by("name", maintain_order=True))


def best_epoch(figures: pl.Series) -> int:
    """The first epoch, from 1, with the highest figure; 0 when nothing was withheld."""
    found = figures.fill_nan(None).arg_max()
    return 0 if found is None else found + 1


def _method(name: object, rows: Frame) -> Markup:
    from .. import curve_plots, plots

    losses, figures = rows[_LOSS], rows[_FIGURE].fill_nan(None)
    best = best_epoch(figures)
    said = f"It learned {plural(rows.height, 'epoch')}; the loss went from {score(losses[0])} to {score(losses[-1])}."
    pictures = [("Loss for each target", losses)]
    if best:
        said += f" Epoch {best} was kept, with an NDCG of {score(figures[best - 1])} in the first 10."
        pictures.append(("NDCG in the first 10", figures.drop_nulls()))
    drawn = [
        figure(Markup(plots.svg(curve_plots.curve(values.to_list(), title, best=best))), f"{title} of {name}. {said}")
        for title, values in pictures
    ]
    return tag("article", tag("h3", str(name)), paragraph(said), tag("div", drawn, cls="beside"))
