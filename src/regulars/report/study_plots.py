"""Pictures of a search: how it went, which settings mattered, and what each of them did (extra `plots`)."""

import math

import polars as pl

from regulars.core import Frame
from regulars.core.errors import EmptyData, MissingExtra
from regulars.core.settings import Value
from regulars.tuning import Nested, State, Study
from regulars.tuning.space import Axis

try:
    import altair as alt
except ImportError as error:
    raise MissingExtra(str(error.name), "plots") from error

from .palette import LEAD, PAPER, QUIET, RIVAL
from .plots import label_of, legend, styled

SLICE = 255  # pixels of the picture of one setting
_COLORS = (LEAD, RIVAL, QUIET)


def history(study: Study) -> alt.LayerChart:
    """Every trial in its order, the best methods in colors, and the best value until then as a line."""
    points = _measured(study)
    shown = study.names()[: len(_COLORS)]
    points = points.with_columns(
        who=pl.when(pl.col("method").is_in(shown)).then("method").otherwise(pl.lit("others")),
        best=study.direction * (study.direction * pl.col("value")).cum_max(),
    )
    names = [*shown[:2], *(["others"] if points["who"].is_in(["others"]).any() else []), *shown[2:]]
    base = alt.Chart(points).encode(x=alt.X("trial:Q", title="Trial", scale=alt.Scale(nice=False)))
    y = alt.Y("value:Q", title=label_of(study.figure), scale=alt.Scale(zero=False))
    dots = base.mark_point(filled=True, size=44, opacity=0.85).encode(
        y=y,
        color=alt.Color(
            "who:N",
            scale=alt.Scale(domain=names, range=[*_COLORS, "#c9c5ba"][: len(names)]),
            legend=legend(),
        ),
    )
    line = base.mark_line(interpolate="step-after", color=LEAD, opacity=0.4, strokeWidth=2).encode(y="best:Q")
    return styled(alt.LayerChart(layer=[line, dots]), height=230)


def importance(study: Study, method: str) -> alt.LayerChart:
    """How much each setting of a method mattered for being among the best. Raises EmptyData when it is not known."""
    found = study.importance.get(method, {})
    if not found:
        raise EmptyData(f"which settings of {method} mattered is not known; it needs more trials")
    frame = pl.DataFrame({"setting": list(found), "part": [100 * part for part in found.values()]})
    base = alt.Chart(frame).encode(
        y=alt.Y("setting:N", sort=list(found), title=None, axis=alt.Axis(labelLimit=190, minExtent=190, maxExtent=190)),
        x=alt.X("part:Q", title="Part of what decides (%)", scale=alt.Scale(domain=[0, 100])),
    )
    bars = base.mark_bar(color=LEAD, size=12)
    return styled(alt.LayerChart(layer=[bars]), height=24 * frame.height, width=380)


def slice_of(study: Study, method: str, setting: str) -> alt.LayerChart:
    """The value of every trial of a method against one of its settings; the best and the first are marked.

    Raises EmptyData when the setting was not searched.
    """
    axis = next((axis for axis in study.axes.get(method, ()) if axis.name == setting), None)
    if axis is None:
        raise EmptyData(f"{setting} of {method} was not searched")
    best, first = study.best(method).number, study.first(method).number
    frame = pl.DataFrame(
        [
            {
                "at": axis.point(trial.settings[setting]) if not axis.choices else str(trial.settings[setting]),
                "value": trial.value,
                "mark": "best" if trial.number == best else "first" if trial.number == first else "trial",
            }
            for trial in study.of(method)
            if trial.done
        ]
    )
    base = alt.Chart(frame).encode(x=_scale(axis), y=alt.Y("value:Q", title=None, scale=alt.Scale(zero=False)))
    marks = base.mark_point(size=40, filled=True, opacity=0.7, color=QUIET).transform_filter("datum.mark == 'trial'")
    ring = base.mark_point(size=90, fill=PAPER, opacity=1, color=RIVAL, strokeWidth=2)
    dot = base.mark_point(size=90, filled=True, opacity=1, color=LEAD)
    layers = [
        marks,
        ring.transform_filter("datum.mark == 'first'"),
        dot.transform_filter("datum.mark == 'best'"),
    ]
    return styled(alt.LayerChart(layer=layers), height=150, width=SLICE)


def promises(nested: Nested) -> alt.LayerChart:
    """What tuning promised inside and kept outside, for each method, the mean of the folds; rings: single folds."""
    known = [one for one in nested.outcomes if not math.isnan(one.promised + one.kept)]
    if not known:
        raise EmptyData("no fold could be judged; there is nothing to draw")
    folds = pl.DataFrame(
        [
            {"method": one.method, "what": what, "gain": 100 * gain}
            for one in known
            for what, gain in (("promised", one.promised), ("kept", one.kept))
        ]
    )
    means = folds.group_by("method", "what", maintain_order=True).mean()
    order = nested.summary()["method"].to_list()
    encoded = {
        "y": alt.Y("method:N", sort=order, title=None, axis=alt.Axis(labelLimit=130, minExtent=130, maxExtent=130)),
        "x": alt.X("gain:Q", title="Gain by tuning (%)"),
        "color": alt.Color(
            "what:N",
            scale=alt.Scale(domain=["promised", "kept"], range=[RIVAL, LEAD]),
            legend=legend(),
        ),
    }
    rings = alt.Chart(folds).mark_point(size=30, opacity=0.6).encode(**encoded)
    dots = alt.Chart(means).mark_point(filled=True, size=90, opacity=1).encode(**encoded)
    return styled(alt.LayerChart(layer=[rings, dots]), height=34 * len(order), width=420)


def _scale(axis: Axis) -> alt.X:
    """The axis of a setting: its choices, or numbers with "never" and 0 at their ends."""
    if axis.choices:
        return alt.X(
            "at:N", title=axis.name, sort=[str(choice) for choice in axis.choices], axis=alt.Axis(labelAngle=0)
        )
    words = []
    if axis.never:
        words.append(f"datum.value > {axis.high} ? 'never'")
    if axis.zero:
        words.append(f"datum.value < {axis.low} ? '0'")
    format_ = "format(datum.value, '~g')" if axis.log or axis.high < 10 else "format(datum.value, ',')"
    label = " : ".join([*words, format_])
    ends = {"values": _ticks(axis)} if axis.log else {"tickCount": 4}
    return alt.X(
        "at:Q",
        title=axis.name,
        axis=alt.Axis(labelExpr=label, **ends),
        scale=alt.Scale(type="log" if axis.log else "linear", domain=[axis.bottom, axis.top], nice=False),
    )


def _ticks(axis: Axis) -> list[float]:
    """Powers of ten within a scale, thinned to a few, and its ends where they mean something else."""
    low, high = math.ceil(math.log10(axis.low)), math.floor(math.log10(axis.high))
    step = max(1, (high - low) // 4 + ((high - low) % 4 > 0))
    inner = [10.0**power for power in range(low, high + 1, step)]
    return [*([axis.bottom] if axis.zero else []), *inner, *([axis.top] if axis.never else [])]


def _measured(study: Study) -> Frame:
    rows = [
        {"trial": trial.number + 1, "method": trial.method, "value": trial.value}
        for trial in study.trials
        if trial.state is State.DONE
    ]
    if not rows:
        raise EmptyData("no trial of the study was measured; there is nothing to draw")
    return pl.DataFrame(rows)


def shown_value(value: Value) -> str:
    """A setting as people read it."""
    if isinstance(value, float):
        return "never" if math.isinf(value) else f"{value:.4g}"
    return str(value)
