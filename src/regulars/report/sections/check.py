"""What the check of the tables found."""

from regulars.data import CheckReport

from ..contents import Report
from ..markup import Content, Markup, joined, paragraph, table, tag
from ..numbers import count, plural, share

_EXAMPLES = 8
_LONGEST = 120  # letters of a refused row that are shown


def check(report: Report) -> Markup | None:
    """How many rows were used, why others were not, and what looks odd."""
    found = report.check
    if found is None:
        return None
    parts: list[Content] = [paragraph(_lead(found)), _tables(found)]
    if found.quarantined:
        parts += [tag("h3", "Set aside"), _reasons(found), _examples(found)]
    if found.warnings:
        parts += [tag("h3", "Worth a look"), tag("ul", [tag("li", warning) for warning in found.warnings])]
    return joined(parts)


def _lead(found: CheckReport) -> str:
    if not found.quarantined:
        return f"All {plural(found.rows, 'row')} could be used."
    used, aside = found.rows - found.quarantined, found.quarantined
    return (
        f"{count(used)} of {plural(found.rows, 'row')} could be used. {count(aside)} "
        f"({share(aside / max(1, found.rows))}) were set aside in {found.quarantine}, each with its line "
        "number and reason; nothing was dropped in silence."
    )


def _tables(found: CheckReport) -> Markup:
    rows = [
        (one.name, plural(len(one.files), "file"), *map(count, (one.rows, one.used, one.quarantined)))
        for one in found.tables
    ]
    return table(["Table", "", "Rows", "Used", "Set aside"], rows, numeric=(2, 3, 4))


def _reasons(found: CheckReport) -> Markup:
    rows = [
        (reason, name, count(n))
        for name, reasons in found.reasons.items()
        for reason, n in sorted(reasons.items(), key=lambda pair: -pair[1])
    ]
    return table(["Reason", "Table", "Rows"], rows, numeric=[2])


def _examples(found: CheckReport) -> Markup | None:
    if not found.examples:
        return None
    rows = [
        (one.reason, f"{one.file}, line {one.line}", tag("code", _cut(one.row))) for one in found.examples[:_EXAMPLES]
    ]
    return tag("details", tag("summary", "Some of these rows"), table(["Reason", "Where", "Row"], rows))


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[:_LONGEST] + " …"
