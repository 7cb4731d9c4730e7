"""The page of a search: how it went, what was best, which settings mattered and what each of them did."""

import math
from pathlib import Path

from regulars.core.errors import CannotWrite
from regulars.tuning import Nested, Study

from .markup import Content, Markup, figure, joined, paragraph, table, tag
from .numbers import count, megabytes, plural, quoted, score, seconds
from .page import document

SLICES = 6  # settings of a method that are drawn
BEST = 8  # trials in the table of the best
METHODS = 4  # that have a section of their own


def html(study: Study, shop: str, nested: Nested | None = None) -> str:
    """The page as text; one file that needs nothing else. Raises MissingExtra without the extra `plots`."""
    made = [("methods", "What the search found", _methods(study))]
    if nested is not None and nested.outcomes:
        made.append(("nested", "How much of it is kept", _nested(nested)))
    if study.names():
        made.append(("history", "How the search went", _history(study)))
    made += [(f"method-{place}", f"Settings of {name}", _method(study, name)) for place, name in _detailed(study)]
    return document(f"{shop}: settings", "Settings", shop, _lead(study), made)


def draw(study: Study, folder: Path) -> list[Path]:
    """Writes history.svg, and importance-NAME.svg and slice-NAME-SETTING.svg for the best methods; returns the paths.

    Raises CannotWrite, and MissingExtra without the extra `plots`.
    """
    from . import plots, study_plots

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CannotWrite(f"{folder} cannot be made: {error}. Choose another folder for --plots") from error
    charts = {"history": study_plots.history(study)} if study.names() else {}
    for _, name in _detailed(study):
        if study.importance.get(name):
            charts[f"importance-{name}"] = study_plots.importance(study, name)
        for setting in _told(study, name):
            charts[f"slice-{name}-{setting}"] = study_plots.slice_of(study, name, setting)
    return [plots.save(chart, folder / f"{name}.svg") for name, chart in charts.items()]


def _detailed(study: Study) -> list[tuple[int, str]]:
    """The best methods of which more than the first trial was measured."""
    tried = [name for name in study.names() if sum(trial.done for trial in study.of(name)) > 1]
    return list(enumerate(tried[:METHODS]))


def _lead(study: Study) -> Markup:
    if not study.names():
        return paragraph(study.nothing())
    name = study.names()[0]
    best, gain = study.best(name), study.gain(name)
    gained = "" if math.isnan(gain) else f", {gain:+.1%} beside its first settings"
    return tag(
        "p",
        f"{plural(len(study.trials), 'trial')} on the validation period ({study.asked}). ",
        f"The best is {quoted(name)} with {score(best.value)}{gained}. ",
        "These figures flatter, as the best of many was chosen by them; the test period shows what is left of it.",
        cls="lead",
    )


def _methods(study: Study) -> Markup:
    rows: list[list[Content]] = [
        [
            row["method"],
            count(row["trials"]),
            count(row["pruned"]),
            count(row["failed"]),
            score(row["start"]),
            score(row["best"]),
            seconds(row["seconds"]),
        ]
        for row in study.standings().to_dicts()
    ]
    head = ["Method", "Trials", "Stopped early", "Failed", "At first", "Best", "Time"]
    less = "" if study.direction > 0 else ", the less the better"
    caption = f"{study.figure} on the validation period{less}. More trials go to what promises more."
    failing = [paragraph(row["reason"]) for row in study.standings().to_dicts() if row["reason"]]
    return joined([table(head, rows, caption, numeric=range(1, len(head))), failing])


def _nested(nested: Nested) -> Markup:
    from . import plots, study_plots

    rows: list[list[Content]] = [
        [
            tag("strong", one.method) if one.chosen else one.method,
            one.fold,
            f"{score(one.inside_first)} to {score(one.inside_best)}",
            _percent(one.promised),
            f"{score(one.outside_first)} to {score(one.outside_best)}",
            _percent(one.kept),
            one.verdict,
        ]
        for one in nested.outcomes
    ]
    words = (
        "Settings were chosen inside, on a validation before each of these tests, and judged outside, on the test, "
        f"beside the settings to begin with. In short: {nested.said()}."
    )
    head = ["Method", "Test", "Inside", "Promised", "Outside", "Kept", "Tuned, on the test"]
    caption = f"{nested.figure}; the method that the search chose in each fold stands out."
    told = nested.summary().select("method", "promised", "kept").iter_rows()
    alt = "; ".join(f"{name}: promised {_percent(promised)}, kept {_percent(kept)}" for name, promised, kept in told)
    picture = figure(Markup(plots.svg(study_plots.promises(nested))), f"{alt}.")
    return joined([paragraph(words), picture, table(head, rows, caption, numeric=range(2, 6))])


def _percent(value: float | None) -> str:
    return "" if value is None or math.isnan(value) else f"{value:+.1%}"


def _history(study: Study) -> Markup:
    from . import plots, study_plots

    best = study.best()
    alt = f"{plural(len(study.trials), 'trial')}; the best is no. {best.number + 1} with {score(best.value)}."
    caption = "A dot for each trial that was measured to its end; the line is the best until then."
    return figure(Markup(plots.svg(study_plots.history(study))), alt, caption)


def _method(study: Study, name: str) -> Markup:
    from . import plots, study_plots

    parts: list[Content] = [_best_trials(study, name)]
    if found := study.importance.get(name):
        most = ", ".join(f"{setting} {part:.0%}" for setting, part in list(found.items())[:3])
        caption = "How much each setting decides whether a trial is among the best tenth (PED-ANOVA)."
        picture = Markup(plots.svg(study_plots.importance(study, name)))
        parts += [tag("h3", "What mattered"), figure(picture, f"Importance of the settings: {most}.", caption)]
    pictures = [
        figure(
            Markup(plots.svg(study_plots.slice_of(study, name, setting))),
            f"{study.figure} of the trials against {setting}; the best is at "
            f"{study_plots.shown_value(study.best(name).settings[setting])}.",
        )
        for setting in _told(study, name)
    ]
    words = f"{study.figure} of each trial against one setting; the others vary too. Filled: the best; ring: the first."
    parts += [tag("h3", "What each setting did"), paragraph(words), tag("div", pictures, cls="beside")]
    return joined(parts)


def _told(study: Study, name: str) -> list[str]:
    """The settings of a method that are drawn: those that mattered most, else the first ones."""
    searched = [axis.name for axis in study.axes[name]]
    ranked = list(study.importance.get(name, {})) or searched
    return ranked[:SLICES]


def _best_trials(study: Study, name: str) -> Markup:
    from . import study_plots

    done = [trial for trial in study.of(name) if trial.done]
    best = sorted(done, key=lambda trial: -study.direction * trial.value)[:BEST]
    searched = [axis.name for axis in study.axes[name]]
    varied = [setting for setting in searched if len({trial.settings[setting] for trial in best}) > 1]
    rows: list[list[Content]] = [
        [
            str(trial.number + 1),
            score(trial.value),
            *(study_plots.shown_value(trial.settings[setting]) for setting in varied),
            seconds(trial.cost.seconds),
            megabytes(trial.cost.peak_mb),
        ]
        for trial in best
    ]
    same = [
        f"{setting} {study_plots.shown_value(best[0].settings[setting])}"
        for setting in searched
        if setting not in varied
    ]
    caption = "The best trials." + (f" The same in all: {', '.join(same)}." if same else "")
    head = ["Trial", study.figure, *varied, "Time", "Memory"]
    return table(head, rows, caption, numeric=range(1, len(head)))
