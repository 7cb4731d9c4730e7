"""Which method finds what customers do next, for whom and for which products, and what their lists are like."""

from ..contents import Report
from ..figures import Figures
from ..markup import Content, Markup, bar, figure, joined, paragraph, table, tag
from ..numbers import plural, quoted, score, share, span

_SHOWN = ("ndcg", "recall", "hit_rate")
_SLICED = ("traffic", "repeat", "age", "activity")


def comparison(report: Report) -> Markup | None:
    """The plot of all methods with intervals, and the figures as a table."""
    figures = report.figures
    if figures is None:
        return None
    from .. import plots

    ranked = figures.ranked(figures.main)
    alt = "; ".join(
        f"{row['name']} {score(row['mean'])} ({span(row['low'], row['high'])}), {row['verdict']}"
        for row in ranked.iter_rows(named=True)
    )
    return joined(
        [
            paragraph(asked(report, figures)),
            figure(
                Markup(plots.svg(plots.comparison(figures, winner=report.winner))),
                f"{plots.label_of(figures.main)}: {alt}.",
                _reading(figures),
            ),
            _table(report, figures),
        ]
    )


def asked(report: Report, figures: Figures) -> str:
    """What the methods were asked, in one or two sentences."""
    text = (
        f"Every method learned from the past and was asked for each of {plural(figures.queries, 'customer')} what they "
        f"would want next; then we looked at what they did ({figures.split})."
    )
    if report.winner and report.validation is not None and report.test is not None:
        text += (
            f" The choice, {quoted(report.winner)}, was made on an earlier period, so these figures do not flatter it."
        )
    return text


def _reading(figures: Figures) -> str:
    k = figures.k[0]
    return (
        f"NDCG is 1 when the first {k} places hold what the customer went on to want, best first, and 0 when they hold "
        "none of it. The bar is the 95 % interval: with other customers of the same kind the mean would lie in it. "
        "“No difference” means that this log cannot tell the two apart."
    )


def _table(report: Report, figures: Figures) -> Markup:
    k = figures.k[0]
    metrics = [f"{name}@{k}" for name in _SHOWN if f"{name}@{k}" in set(figures.metrics["metric"])]
    heads = {"ndcg": "NDCG", "recall": "Recall", "hit_rate": "Customers with a hit"}
    rows: list[list[Content]] = []
    for name in figures.ranked(figures.main)["name"]:
        measured = [figures.row(name, metric) for metric in metrics]
        means = [[score(row["mean"]), " ", tag("small", span(row["low"], row["high"]))] for row in measured]
        rows.append([_name(report, name), *means, spoken(measured[0]["verdict"])])
    head = ["Method", *(heads[metric.partition("@")[0]] for metric in metrics), "NDCG against the best"]
    caption = (
        f"The first {k} places, with 95 % intervals. Recall is the share of what customers wanted that was listed."
    )
    return table(head, rows, caption, numeric=range(1, 1 + len(metrics)))


def _name(report: Report, name: str) -> Content:
    return tag("strong", name) if name == report.leader else name


def slices(report: Report) -> Markup | None:
    """For which products and customers the leader works, beside the baseline and the best rival."""
    figures = report.figures
    if figures is None or not figures.slices.height:
        return None
    from .. import plots

    names = shown(report, figures)
    present = figures.slices["slicing"].unique().to_list()
    metric = figures.recall
    parts: list[Content] = [
        paragraph(
            f"The same lists, judged for one part of what was wanted at a time: "
            f"{plots.label_of(metric).lower()} places. "
            "The customers are those who wanted something of that part."
        )
    ]
    for slicing in _SLICED:
        if slicing in present:
            alt = _slices_alt(figures, slicing, names, metric)
            picture = plots.svg(plots.slices(figures, slicing, names, metric))
            parts += [tag("h3", plots.slicing_name(slicing)), figure(Markup(picture), alt)]
    return joined(parts)


def shown(report: Report, figures: Figures) -> list[str]:
    """The leader, the baseline, and the best of the others."""
    ranked = figures.ranked(figures.main)["name"].to_list()
    return list(dict.fromkeys([report.leader, report.baseline, *ranked]))[:3]


def _slices_alt(figures: Figures, slicing: str, names: list[str], metric: str) -> str:
    from .. import plots

    rows = figures.slices.filter(slicing=slicing, metric=metric, name=names[0]).select("part", "mean")
    told = ", ".join(f"{plots.part_name(slicing, part)} {score(mean)}" for part, mean in rows.iter_rows())
    return f"{plots.slicing_name(slicing)}: {plots.label_of(metric)} of {names[0]}: {told}."


def lists(report: Report) -> Markup | None:
    """Whether everybody gets the same: overlap, share of the catalog shown, leaning to best sellers."""
    figures = report.figures
    if figures is None or not figures.catalog.height:
        return None
    k = figures.k[0]
    columns = (
        (f"overlap@{k}", "Shared by two customers"),
        (f"coverage@{k}", "Catalog shown"),
        (f"popularity@{k}", "Leaning to best sellers"),
        (f"category_diversity@{k}", "Mix of categories"),
    )
    measured = set(figures.catalog["metric"])
    kept = [(metric, head) for metric, head in columns if metric in measured]
    rows = [
        [_name(report, name), *(_gauge(figures.of_catalog(name, metric)) for metric, _ in kept)]
        for name in figures.ranked(figures.main)["name"]
    ]
    caption = (
        "Shared: how much of their lists two customers have in common on average. Catalog: products that are on at "
        "least one list. Best sellers: 50 % is like a draw from the catalog, 100 % only the most popular. "
        "Mix: pairs on a list that are of different categories."
    )
    return joined(
        [
            paragraph(same_for_all(report, figures)),
            table(["Method", *(head for _, head in kept)], rows, caption),
        ]
    )


def _gauge(value: float) -> Markup:
    return bar(value, share(value))


def same_for_all(report: Report, figures: Figures) -> str:
    """Whether customers get lists of their own, in one sentence."""
    k = figures.k[0]
    overlap = figures.of_catalog(report.leader, f"overlap@{k}")
    shared = f"Two customers share {share(overlap)} of their {k} places from {quoted(report.leader)}"
    if overlap > 0.5:
        return f"{shared}: nearly everybody gets the same."
    return f"{shared}: the lists are {'partly ' if overlap > 0.2 else ''}personal."


def spoken(verdict: str) -> str:
    """The verdict of a comparison with the best, as a table says it."""
    return "the best" if verdict == "reference" else verdict
