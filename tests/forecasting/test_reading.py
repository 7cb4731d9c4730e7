from datetime import date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from forecasting.panels import planted
from regulars.core.errors import BadTable, EmptyData, MissingColumn, SettingError
from regulars.forecasting import Calibrated, Columns, MovingAverage, changed, read

NAMES = Columns(("store", "product"))


def sales(*rows, **more):
    frame = pl.DataFrame(rows, ["store", "product", "date", "units"], orient="row", infer_schema_length=None)
    return frame.with_columns(**more)


def table(rows):
    return pl.DataFrame(rows, ["product", "date", "units"], orient="row")


def day(number):
    return date(2024, 1, number)


def test_rows_of_one_day_add_up_and_days_without_a_row_are_zero_after_the_first():
    told = read(
        sales(("a", 1, day(1), 2), ("a", 1, day(1), 3), ("a", 1, day(4), 1), ("a", 2, day(2), 7)), NAMES, step="day"
    )
    assert told.panel.units[0].tolist() == [5, 0, 0, 1]
    assert np.isnan(told.panel.units[1, 0])
    assert told.panel.units[1, 1:].tolist() == [7, 0, 0]
    assert told.notes == ("2 rows shared their series and day with another, and were added up",)


def test_gaps_of_measurements_are_missing():
    told = read(sales(("a", 1, day(1), 2), ("a", 1, day(3), 3)), NAMES, step="day", gaps="missing")
    assert np.isnan(told.panel.units[0]).tolist() == [False, True, False]


def test_returns_are_no_demand_but_kept():
    told = read(sales(("a", 1, day(1), 2), ("a", 1, day(1), -5), ("a", 1, day(2), 4)), NAMES, step="day")
    assert told.panel.units.tolist() == [[2, 4]]
    assert told.panel.past["returned"].tolist() == [[5, 0]]
    assert told.notes[1] == "1 rows below 0 are returns, and no demand"


def test_weeks_end_with_the_last_day_and_a_week_in_part_is_left_out():
    told = read(sales(*(("a", 1, day(number), number) for number in range(1, 18))), NAMES)
    assert told.panel.units.tolist() == [[sum(range(4, 11)), sum(range(11, 18))]]
    assert told.panel.calendar.start == day(4)
    assert told.notes == ("2024-01-01 to 2024-01-03 is no whole week, and was left out",)


def test_weeks_that_come_as_weeks_keep_their_dates():
    told = read(sales(("a", 1, day(2), 3), ("a", 1, day(9), 4), ("a", 1, day(23), 5)), NAMES)
    assert told.panel.units.tolist() == [[3, 4, 0, 5]]
    assert told.panel.dates().astype(str).tolist() == ["2024-01-02", "2024-01-09", "2024-01-16", "2024-01-23"]


def test_rows_without_units_are_the_future_and_tell_its_prices():
    frame = sales(("a", 1, day(1), 3), ("a", 1, day(2), 4), ("a", 1, day(3), None), price=pl.Series([1.0, 2.0, 0.5]))
    panel = read(frame, Columns(("store", "product"), known=("price",)), step="day").panel
    assert panel.units.tolist() == [[3, 4]]
    assert panel.known["price"].tolist() == [[1, 2, 0.5]]
    assert panel.ahead == 1


def test_the_day_of_a_time_is_that_of_the_shop():
    moment = pl.Series([datetime(2024, 1, 1, 23, 30), datetime(2024, 1, 2, 12, 0)]).dt.replace_time_zone("UTC")
    frame = sales(("a", 1, day(1), 3), ("a", 1, day(2), 4)).with_columns(moment.alias("date"))
    assert read(frame, NAMES, step="day", zone="UTC").panel.units.tolist() == [[3, 4]]
    assert read(frame, NAMES, step="day", zone="Europe/Berlin").panel.units.tolist() == [[7]]


def test_dates_may_be_text():
    frame = sales(("a", 1, "2024-01-01", 3), ("a", 1, "2024-01-02", 4))
    assert read(frame, NAMES, step="day").panel.units.tolist() == [[3, 4]]
    with pytest.raises(BadTable, match="'soon'"):
        read(sales(("a", 1, "2024-01-01", 3), ("a", 1, "soon", 4)), NAMES)


def test_a_store_that_was_shut_for_weeks_has_no_demand_to_observe_there():
    mondays = [day(1), day(8), day(15), day(22), day(29), date(2024, 2, 5)]
    rows = [("a", product, mondays[week], 5) for product in (1, 2) for week in (0, 5)]
    rows += [("b", product, monday, 3) for product in (1, 2) for monday in mondays]
    told = read(sales(*rows), NAMES)
    assert np.isnan(told.panel.units[0]).tolist() == [False, True, True, True, True, False]
    assert not np.isnan(told.panel.units[2:]).any()
    assert "2 series were shut for 4 weeks or longer" in told.notes


def test_days_without_stock_are_not_observed():
    frame = sales(("a", 1, day(1), 3), ("a", 1, day(2), 0), ("a", 1, day(3), 4), stock=pl.Series([True, False, True]))
    panel = read(frame, Columns(("store", "product"), in_stock="stock"), step="day").panel
    assert np.isnan(panel.units[0]).tolist() == [False, True, False]
    assert panel.out_of_stock.tolist() == [[False, True, False]]


def test_days_on_which_a_store_is_shut_are_known_for_the_future_too():
    rows = [
        ("a", 1, day(1), 3),
        ("a", 1, day(2), 0),
        ("a", 1, day(3), 4),
        ("a", 1, day(4), None),
        ("a", 1, day(5), None),
    ]
    told = read(sales(*rows, open=pl.Series([1, 0, 1, 0, 1])), Columns(("store", "product"), open="open"), step="day")
    assert np.isnan(told.panel.units[0]).tolist() == [False, True, False]
    assert told.panel.closed.tolist() == [[False, True, False, True, False]]
    assert told.panel.closing(4).tolist() == [[True, False, False, False]]
    assert "2 days of series were or will be shut, by 'open'" in told.notes
    assert changed(told.panel, 6).closed.shape == (1, 9)


def test_rows_that_say_no_product_or_date_are_left_out_and_told():
    told = read(
        sales(("a", 1, day(1), 3), ("a", None, day(2), 4), ("a", 1, None, 4), ("a", 1, day(2), 1)), NAMES, step="day"
    )
    assert told.panel.units.tolist() == [[3, 1]]
    assert told.notes == ("2 rows without a key or a date were left out",)


def test_attributes_are_joined_by_the_keys_that_they_have():
    static = pl.DataFrame({"product": [2, 1], "brand": ["x", "y"]})
    panel = read(sales(("a", 1, day(1), 3), ("a", 2, day(1), 3)), NAMES, step="day", static=static).panel
    assert panel.static["brand"].to_list() == ["y", "x"]


@pytest.mark.parametrize(
    ("frame", "error", "words"),
    [
        (pl.DataFrame({"store": [1]}), MissingColumn, "the table has \\['store'\\]"),
        (sales(("a", 1, day(1), None)).with_columns(pl.col("units").cast(pl.Int64)), EmptyData, "no row has a number"),
        (sales(("a", 1, day(1), "many")), BadTable, "must hold numbers"),
        (sales(("a", 1, 17, 2)), BadTable, "must hold dates"),
        (sales(("a", 1, day(1), 2), ("a", 1, day(2), 2)), EmptyData, "not a whole week"),
        (sales(("a", 1, day(1), 2), ("a", 1, date(9024, 1, 1), 2)), BadTable, "one of the dates wrong"),
        (sales(("a", 1, day(1), float("inf"))), BadTable, "infinite"),
    ],
)
def test_a_table_that_cannot_be_used_says_why(frame, error, words):
    with pytest.raises(error, match=words):
        read(frame, NAMES)


def test_other_steps_than_days_and_weeks_are_refused():
    with pytest.raises(SettingError, match="month"):
        read(sales(("a", 1, day(1), 2)), NAMES, step="month")


def test_a_column_cannot_be_two_things():
    with pytest.raises(SettingError, match="two things at once"):
        read(table([("a", "2024-01-01", 1)]), Columns(("product", "product")), step="day")


def test_a_shop_that_closed_between_two_sales_is_not_observed_while_a_slow_one_is():
    days = [date(2024, 1, 1) + timedelta(days=n) for n in range(120)]
    steady = [("steady", str(day), 5) for n, day in enumerate(days) if not 60 <= n < 76]
    slow = [("slow", str(day), 5) for n, day in enumerate(days) if n % 20 == 0] + [("slow", str(days[-1]), 1)]
    over = [("over", str(day), 5) for day in days[:90]]
    told = read(table(steady + slow + over), Columns(("product",)), step="day")
    units = dict(zip(told.panel.keys["product"], told.panel.units, strict=True))
    assert np.flatnonzero(np.isnan(units["steady"])).tolist() == list(range(60, 76))
    assert not np.isnan(units["slow"]).any()
    assert (units["over"][90:] == 0).all(), "what is over sells nothing"
    assert "1 series were shut for 14 days or longer" in told.notes


def test_who_is_still_shut_at_the_end_is_told():
    days = [str(date(2024, 1, 1) + timedelta(days=n)) for n in range(60)]
    rows = [
        (store, product, day, 5) for store in "ab" for product in "xy" for day in days[: 30 if store == "b" else 60]
    ]
    frame = pl.DataFrame(rows, ["store", "product", "date", "units"], orient="row")
    told = read(frame, Columns(("store", "product")), step="day")
    assert any(note.startswith("2 of them still are at the end") for note in told.notes)


def test_days_of_another_zone_are_told_where_no_zone_is_set():
    rows = table([("a", f"2024-01-{day:02d}T23:30:00-05:00", 1) for day in range(1, 11)])
    assert any("days of UTC" in note for note in read(rows, Columns(("product",)), step="day").notes)
    there = read(rows, Columns(("product",)), step="day", zone="America/New_York")
    assert not there.notes
    assert str(there.panel.dates()[0]) == "2024-01-01"


@pytest.mark.parametrize("text", ["2024-01-{:02d}", "2024-01-{:02d} 20:15:00", "2024-01-{:02d}T20:15:00Z"])
def test_a_date_is_no_zone(text):
    rows = table([("a", text.format(day), 1) for day in range(1, 15)])
    told = read(rows, Columns(("product",)), step="day")
    assert not told.notes
    assert told.panel.n_steps == 14


def test_series_without_attributes_are_told():
    rows = table([("a", f"2024-01-{day:02d}", 1) for day in range(1, 11)] + [("b", "2024-01-03", 1)])
    brands = pl.DataFrame({"product": ["a"], "brand": ["acme"]})
    told = read(rows, Columns(("product",)), step="day", static=brands)
    assert "1 of 2 series have no row in the attributes" in told.notes
    assert told.panel.static.columns == ["brand"]


def test_levels_of_quantiles_rise_between_0_and_1():
    panel = read(
        table([("a", f"2024-01-{day:02d}", day % 3) for day in range(1, 29)]), Columns(("product",)), step="day"
    ).panel
    model = Calibrated(MovingAverage()).fit(panel, 2)
    for wrong in ((0.9, 0.1), (0.5, 0.5), (0.0, 0.5), (0.5, 1.2)):
        with pytest.raises(SettingError, match="must rise between 0 and 1"):
            model.forecast(panel, wrong)


def test_prices_cannot_be_changed_to_what_is_no_number():
    panel, _ = planted()
    for times in ({"price": float("nan")}, {"price": -1.0}):
        with pytest.raises(SettingError, match="cannot be changed"):
            changed(panel, 2, times=times)
