"""Times: every common form gives the same seconds, and what cannot be told is told."""

from datetime import UTC, date, datetime

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.data.moments import UNKNOWN, Clock
from regulars.data.times import Slashes, seconds, slashes

MOMENT = datetime(2020, 12, 31, 8, 26, 0, tzinfo=UTC)
AT = int(MOMENT.timestamp())
MIDNIGHT = AT - 8 * 3600 - 26 * 60


def read(*values, **clock):
    return seconds(pl.Series(list(values), strict=False), Clock(**clock)).tolist()


@pytest.mark.parametrize(
    "written",
    [
        "2020-12-31T08:26:00Z",
        "2020-12-31 08:26:00",
        "2020-12-31T08:26",
        "2020-12-31 08:26:00.123",
        "2020-12-31T09:26:00+01:00",
        "2020-12-31 03:26:00-0500",
        "2020-12-31 08:26:00+00",
        "2020-12-31 08:26:00 UTC",
        "2020/12/31 8:26",
        "31/12/2020 08:26",
        "31.12.2020 8:26:00",
        "12/31/2020 8:26 AM",
        "31-12-20 8:26",
        "31 Dec 2020 08:26",
        "31-DEC-2020 08:26:00",
        "Thu, 31 Dec 2020 08:26:00 GMT",
        "December 31, 2020 8:26 am",
        "20201231082600",
        "202012310826",
        "1609403160",
        "1609403160000",
        "1609403160000000",
        "1609403160000000000",
        "1609403160.75",
        "44196.351388888892",
    ],
)
def test_a_written_moment_is_read(written):
    assert read(written) == [AT]


def test_forms_may_change_from_row_to_row():
    assert read("2020-12-31", "31.12.2020", "20201231", "nonsense", None, "1609403160") == [
        MIDNIGHT,
        MIDNIGHT,
        MIDNIGHT,
        UNKNOWN,
        UNKNOWN,
        AT,
    ]


def test_numbers_are_read_by_their_size():
    assert read(AT, AT * 10**3, AT * 10**6, AT * 10**9, 20201231) == [AT, AT, AT, AT, MIDNIGHT]
    assert read(float(AT), float("nan"), None) == [AT, UNKNOWN, UNKNOWN]


def test_typed_times_keep_their_zone():
    local = pl.Series([datetime(2020, 12, 31, 9, 26)]).dt.replace_time_zone("Europe/Berlin")
    assert seconds(local, Clock()).tolist() == [AT]
    assert read(date(2020, 12, 31)) == [MIDNIGHT]


def test_times_without_a_zone_are_of_the_shops_zone():
    assert read("2020-12-31 09:26:00", zone="Europe/Berlin") == [AT]
    assert read(date(2020, 12, 31), zone="America/New_York") == [MIDNIGHT + 5 * 3600]
    assert read("2020-12-31T08:26:00Z", zone="Europe/Berlin") == [AT]


def test_the_hour_that_spring_skips_is_not_lost():
    skipped, after = read("2020-03-29 02:30:00", "2020-03-29 03:30:00", zone="Europe/Berlin")
    assert skipped == after


@pytest.mark.parametrize("written", ["30/02/2020", "2020-13-01", "2020-12-31 25:00", "12:30", "", "never", "1/2/3/4"])
def test_what_is_no_moment_is_unknown(written):
    assert read(written) == [UNKNOWN]


def test_day_or_month_first_is_the_choice_of_the_clock_unless_only_one_is_possible():
    assert read("02/03/2020", day_first=True) == read("2020-03-02")
    assert read("02/03/2020", day_first=False) == read("2020-02-03")
    assert read("12/31/2020 8:26", day_first=True) == [AT]
    assert read("02.03.2020", day_first=False) == read("2020-03-02")


def test_a_column_tells_which_of_day_and_month_comes_first():
    assert slashes(pl.Series(["12/13/2020", "1/2/2020", "11/11/2020"])) == Slashes(month_first=1, either=1)
    assert slashes(pl.Series(["13/12/2020 8:26", "31.12.2020"])) == Slashes(day_first=1, dotted=1)
    assert not slashes(pl.Series(["2020-12-31"])).any


def test_days_and_a_given_form_are_taken_at_their_word():
    assert read(3, form="days") == [3 * 86_400]
    assert read("31|12|2020 08|26", form="%d|%m|%Y %H|%M") == [AT]
    assert read(5, form="s") == [5]
    assert read(5_000, form="ms") == [5]


@given(
    st.datetimes(datetime(1990, 1, 1), datetime(2099, 12, 31)),
    st.sampled_from(
        ["%Y-%m-%dT%H:%M:%S", "%d/%m/%Y %H:%M:%S", "%d %b %Y %H:%M:%S", "%Y%m%d%H%M%S", "%m/%d/%Y %I:%M:%S %p"]
    ),
)
def test_reading_is_the_inverse_of_writing(moment, form):
    written = moment.replace(microsecond=0)
    assert read(written.strftime(form), day_first=not form.startswith("%m")) == [
        int(written.replace(tzinfo=UTC).timestamp())
    ]


def test_a_long_column_of_few_different_texts_is_read_alike():
    texts = [f"{1 + i % 28:02}/01/2020" for i in range(30_000)]
    assert seconds(pl.Series(texts), Clock()).tolist() == read(*texts[:28]) * 1071 + read(*texts[:12])
