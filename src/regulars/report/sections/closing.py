"""What to do next, and how all of this was measured."""

from collections.abc import Mapping

from ..advice import advice
from ..contents import Report
from ..figures import Figures
from ..markup import Content, Markup, joined, table, tag
from ..numbers import megabytes, plural, score, seconds
from .comparison import spoken


def next_steps(report: Report) -> Markup | None:
    """The advice that follows from the findings."""
    given = advice(report)
    if not given:
        return None
    return tag("ol", [tag("li", tag("strong", f"{one.do}."), " ", one.because) for one in given], cls="steps")


def protocol(report: Report) -> Markup | None:
    """Enough to do it again: split, filters, settings, seed, versions; and what it cost."""
    facts = dict(_facts(report))
    told = set(facts.values())
    facts |= {name[:1].upper() + name[1:]: value for name, value in report.protocol.items() if value not in told}
    parts: list[Content] = []
    if facts:
        parts.append(
            tag("dl", [tag("div", tag("dt", name), tag("dd", value)) for name, value in facts.items()], cls="facts")
        )
    if report.settings:
        rows = [(name, _settings(settings)) for name, settings in report.settings.items()]
        parts += [tag("h3", "Settings"), table(["Method", "Settings"], rows)]
    if report.figures is not None and report.figures.cost.height:
        parts += [tag("h3", "Time and memory"), _cost(report.figures)]
    if report.validation is not None and report.test is not None:
        parts += [tag("h3", "The choice, on the earlier period"), _validation(report.validation, report.winner)]
    return joined(parts) if parts else None


def _facts(report: Report) -> list[tuple[str, str]]:
    figures = report.figures
    if figures is None:
        return []
    leaks = figures.leaks or "nothing that the methods learned lies after the moment of asking"
    return [
        ("Split", figures.split),
        ("Future in the past", leaks),
        ("Asked", f"{plural(figures.queries, 'customer')}, each once; answers from the full catalog, none sampled"),
        ("Length of the lists", ", ".join(str(k) for k in sorted(figures.k))),
        ("Intervals", "95 %, bootstrap over customers"),
        ("Differences", "paired over customers; p values corrected for the number of comparisons (Holm)"),
        ("Chosen", report.winner or "nothing was chosen beforehand; the page speaks for the best"),
    ]


def _settings(settings: Mapping[str, object]) -> str:
    if not settings:
        return "none"
    return ", ".join(f"{key} = {value}" for key, value in settings.items())


def _cost(figures: Figures) -> Markup:
    columns = (
        ("fit_seconds", "Learning", seconds),
        ("fit_cpu_seconds", "Learning, CPU", seconds),
        ("answer_seconds", "Answering all", seconds),
        ("peak_mb", "Peak memory", megabytes),
    )
    kept = [column for column in columns if column[0] in figures.cost.columns]
    rows = [
        (row["name"], *(said(row[column]) for column, _, said in kept)) for row in figures.cost.iter_rows(named=True)
    ]
    return table(["Method", *(head for _, head, _ in kept)], rows, numeric=range(1, len(kept) + 1))


def _validation(figures: Figures, winner: str) -> Markup:
    rows = [
        (
            tag("strong", row["name"]) if row["name"] == winner else row["name"],
            score(row["mean"]),
            spoken(row["verdict"]),
        )
        for row in figures.ranked(figures.main).iter_rows(named=True)
    ]
    return table(["Method", "NDCG", "Against the best"], rows, figures.split, numeric=[1])
