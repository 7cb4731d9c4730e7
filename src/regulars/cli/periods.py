"""The two tests of a contest: one to choose by, and one after it to report."""

from dataclasses import replace
from datetime import UTC, datetime

from regulars.config import FILE
from regulars.core import DAY, Dataset
from regulars.core.errors import EmptyData, MissingColumn
from regulars.data import Prepared
from regulars.evaluation import Split, Splitter, TimeSplit

from .project import Project, within


def splits(project: Project, prepared: Prepared) -> tuple[Split, Split]:
    """The validation split and the test split; the validation is the same cut of what the test may learn from.

    Raises MissingColumn and EmptyData when the log does not have what the cut needs.
    """
    test, earlier = tested(project, prepared)
    with within(f"{FILE} [split]"):
        try:
            return _told(project, earlier.cut(test.train), test.train), test
        except EmptyData as error:
            raise EmptyData(f"for the validation, which comes before the test: {error}") from error


def tested(project: Project, prepared: Prepared) -> tuple[Split, Splitter]:
    """The test split, and the splitter that cuts the validation out of what the test may learn from.

    Raises MissingColumn and EmptyData when the log does not have what the cut needs.
    """
    splitter, data = project.splitter(), prepared.dataset
    with within(f"{FILE} [split]"):
        if isinstance(splitter, TimeSplit):
            _need_days(splitter, prepared)
        return _told(project, splitter.cut(data), data), _before(splitter, data)


def _told(project: Project, split: Split, data: Dataset) -> Split:
    """The split, its questions asked with what the shop knows when a customer comes back, if it says so."""
    known = project.config.known
    if not known:
        return split
    with within("known"):
        return split.knowing(data, known)


def _before(splitter: Splitter, data: Dataset) -> Splitter:
    """The splitter of the validation: of a dated test the days before its date, else the same."""
    if not isinstance(splitter, TimeSplit) or not splitter.date:
        return splitter
    begin, end = splitter.window(data)
    return replace(splitter, date=datetime.fromtimestamp(2 * begin - end, UTC).isoformat())


def _need_days(splitter: TimeSplit, prepared: Prepared) -> None:
    if "time" not in prepared.check.tables[0].columns:
        raise MissingColumn(
            "a test by time needs the times of the events, and no column tells them. Name it under [events.columns] in "
            f'{FILE}: time = "COLUMN"; or test without times: [split] kind = "strong", random = true'
        )
    data = prepared.dataset
    covered = (int(data.time.max()) - int(data.time.min())) / DAY
    if not splitter.date and covered <= 2 * splitter.days:
        raise EmptyData(
            f"[split] days = {splitter.days:g} withholds {splitter.days:g} days for the test and as many for the "
            f"validation; the log covers {covered:.1f} days, so that nothing is left to learn from. "
            + (f"Set days to {covered / 4:.2g} or less, or give a longer log" if covered > 1 else "Give a longer log")
        )
