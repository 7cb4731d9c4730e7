"""The page of a forecast: what is in it, with and without rounds and a change of prices, and that its sums are true."""

import re
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from forecasting.panels import bare, planted
from regulars.forecasting import (
    Calibrated,
    Combination,
    Judgment,
    MovingAverage,
    Regression,
    SeasonalNaive,
    changed,
    rolled,
)
from regulars.report.demand import Demand, Look, nodes
from regulars.report.demand.covered import inside
from report.reader import Reader

pytest.importorskip("altair")

EVIL = "</script><script>alert(1)</script>"


@pytest.fixture(scope="module")
def found():
    panel, _ = planted()
    units = panel.units.copy()
    units[3, 60:64] = np.nan
    promotion = (panel.known["price"] < 0.7).astype(np.float32)
    panel = replace(panel, units=units, known={**panel.known, "promotion": promotion})
    way = Calibrated(Regression())
    model = way.fit(panel, 4)
    origins = [68, 72, 76]
    ways = {"seasonal_naive": SeasonalNaive(), "forecast": way, "moving_average": MovingAverage()}
    judgment = Judgment({name: rolled(one, panel, origins, horizon=4) for name, one in ways.items()})
    cheaper = model.forecast(changed(panel, 4, times={"price": 0.9}))
    return Demand(
        panel,
        model.forecast(panel),
        cheaper,
        "price times 0.9",
        judgment,
        ("3 rows below 0 are returns, and no demand",),
        {"product": {0: EVIL, 1: "tea"}},
        Look(nodes=3, series=4),
    )


def written(found):
    from regulars.report.demand.page import page

    return page(found, shop=EVIL, protocol={"Seed": "1"})


@pytest.fixture(scope="module")
def page(found):
    return written(found)


@pytest.fixture(scope="module")
def read(page):
    return Reader(page)


def test_a_product_called_script_is_harmless(read, page):
    assert read.tags.count("script") == 1
    assert not [name for name, _ in read.attributes if name.startswith("on")]
    assert "&lt;script&gt;alert(1)" in page
    assert read.open == []


def test_nothing_comes_from_the_network(read, page):
    links = [value or "" for name, value in read.attributes if name in {"href", "src", "xlink:href"}]
    assert all(link.startswith("#") for link in links)
    assert not {"link", "iframe", "object", "img"} & set(read.tags)
    assert "http" not in re.sub(r"http://www\.w3\.org/\d+/\w+", "", page)


def test_every_id_is_there_once(read):
    ids = [value for name, value in read.attributes if name == "id"]
    assert len(ids) == len(set(ids))


def test_everything_stores_products_and_series_can_be_chosen(read, found):
    named = [(value or "").split(" (")[0] for name, value in read.attributes if name == "data-name"]
    groups = [value for name, value in read.attributes if name == "data-group"]
    assert named[0] == "all series"
    assert groups == ["Everything", *["By store"] * 3, *["By product"] * 3, *["Single series"] * 4]
    assert sum(name.startswith("store") and "·" not in name for name in named) == 3
    stores = np.nansum(found.panel.units, axis=1).reshape(6, 4).sum(axis=1)
    assert named[1] == f"store {stores.argmax()}"


def test_the_sums_of_the_page_are_those_of_the_forecast(read, found):
    total, other = (round(float(one.point.sum())) for one in (found.forecast, found.changed))
    assert f"will sell about {total:,} units" in read.text
    assert f"With price times 0.9 it would be {other:,} units" in read.text
    wape = found.judgment.table.filter(forecaster="forecast", metric="wape")["value"][0]
    assert f"missed by {100 * wape:.1f} % of the units" in read.text


def test_a_sum_has_quantiles_from_the_rounds_and_none_without_them(found):
    whole = nodes(found)[0]
    assert whole.units[-1] == pytest.approx(np.nansum(found.panel.units[:, -1]))
    assert whole.point == pytest.approx(found.forecast.point.sum(axis=0), rel=1e-5)
    assert (whole.quantiles[:, 0] <= whole.quantiles[:, -1]).all()
    narrow = (whole.quantiles[:, -1] - whole.quantiles[:, 0]) / whole.point
    apart = found.forecast.quantiles[:, :, -1].sum(axis=0) - found.forecast.quantiles[:, :, 0].sum(axis=0)
    assert (narrow < 0.8 * apart / whole.point).all(), "errors of series make up for one another in part"
    assert nodes(replace(found, judgment=None))[0].quantiles is None


def test_a_sum_of_medians_is_told_by_how_far_earlier_sums_lay_off():
    random = np.random.default_rng(0)
    panel = bare((random.random((60, 60)) < 0.25).astype(int).tolist())  # the median of each is 0, of all it is 15
    way = Combination((MovingAverage(window=40),))
    judgment = Judgment({"forecast": rolled(way, panel, [48, 52, 56], horizon=4)})
    told = Demand(panel, way.fit(panel, 4).forecast(panel), judgment=judgment, adds_up=False)
    assert told.forecast.point.sum() == 0
    whole = nodes(told)[0]
    assert whole.point == pytest.approx(15, abs=5)
    assert not whole.rounds
    assert nodes(replace(told, adds_up=True))[0].point.sum() == 0
    read = Reader(written(told))
    assert f"60 series will sell about {whole.point.sum():.0f} units" in read.text
    assert "they add up to 0" in read.text
    bare_page = Reader(written(replace(told, judgment=None)))
    assert "they add up to 0, which is too little" in bare_page.text


def test_rounds_promotions_prices_and_what_was_not_observed_are_drawn(found):
    drawn = nodes(replace(found, look=Look(nodes=0, series=24)))
    gone = next(node for node in drawn if node.name == "store 0 · product 3")
    assert int(gone.shut.sum()) == 4
    assert list(gone.flags) == ["promotion"]
    assert list(gone.numbers) == ["price"]
    assert len(gone.flags["promotion"]) == len(gone.dates) + 4, "also of the steps to come"
    assert [one.dates[0] for one in gone.rounds] == [found.panel.dates()[origin] for origin in (68, 72, 76)]


def test_an_area_far_beyond_the_lines_is_cut():
    from regulars.report.demand.plots import fan

    panel = bare([[3, 4, 5, 4, 3, 4]])
    told = MovingAverage().fit(panel, 2).forecast(panel).with_quantiles((0.05, 0.95), np.array([[[1, 6], [1, 900.0]]]))
    assert fan(nodes(Demand(panel, told))[0]).to_dict()["layer"][1]["encoding"]["y"]["scale"]["domain"] == [0, 8]


def test_what_will_be_closed_is_a_stripe_and_no_line_down_to_nothing():
    from regulars.report.demand.plots import fan

    closed = np.zeros((1, 44), dtype=bool)
    closed[0, [33, 41]] = True
    units = [None if place == 33 else 10 + place % 7 for place in range(40)]
    panel = bare([units], "day", closed=closed)
    told = MovingAverage().fit(panel, 4).forecast(panel)
    assert told.point[0, 1] == 0
    node = nodes(Demand(panel, told))[0]
    assert node.stripes.tolist() == panel.dates(4)[[33, 41]].tolist()
    drawn = [layer.data for layer in fan(node).layer]
    assert all(0 not in data["units"].to_list() for data in drawn if data.columns == ["day", "units", "text"])


def test_sections_come_and_go_with_what_there_is_to_tell(found):
    alone = Reader(written(replace(found, judgment=None, changed=None, change="", notes=())))
    assert "How good is it?" not in alone.text
    assert "What if" not in alone.text
    assert "Sums have none: how far sums lie off is known only after --judge." in alone.text
    assert "Nothing had to be put right." in alone.text


def test_what_reading_put_right_is_told_in_a_sentence(read):
    assert "3 rows below 0 are returns, and no demand." in read.text
    assert "Known ahead: price, promotion, for 4 weeks to come." in read.text


def test_coverage_counts_what_fell_between_the_quantiles(found):
    told = inside(found.judgment).filter(step=0, interval="90 % interval").row(0, named=True)
    table = found.judgment.table.filter(forecaster="forecast", metric="coverage").row(0, named=True)
    assert told["value"] == pytest.approx(table["value"])
    assert (told["low"], told["high"]) == pytest.approx((table["low"], table["high"]))


def test_all_colors_of_the_pictures_are_changed_in_the_dark(page):
    from regulars.report.palette import DARK

    pictures = "".join(re.findall(r"<svg.*?</svg>", page, flags=re.S))
    assert set(re.findall(r'(?:fill|stroke)="(#[0-9a-f]{6})"', pictures)) <= set(DARK)


def test_one_series_of_one_step_ahead_makes_a_page():
    panel = bare([[3, 0, 2, 5, None, 4, 3, 0]], "day")
    told = Calibrated(MovingAverage()).fit(panel, 1).forecast(panel)
    read = Reader(written(Demand(panel, told)))
    assert "In the 1 day from 9 January 2024 on, 1 series will sell about" in read.text
    assert [value for name, value in read.attributes if name == "data-group"] == ["Single series"]


def test_a_series_that_cannot_be_told_is_drawn_without_a_forecast():
    panel = bare([[3, 4, 5, 4, 3, 4], [None] * 6])
    told = MovingAverage().fit(panel, 2).forecast(panel)
    assert np.isnan(told.point[1]).all()
    assert "unknown" not in Reader(written(Demand(panel, told))).text


def test_the_same_findings_make_the_same_page(found, page):
    assert written(found) == page


def test_names_stand_for_ids_and_numbers_say_what_they_number(found):
    labels = found.labels
    assert labels[1] == "store 0 · tea"
    assert labels[2] == "store 0 · product 2"
    assert replace(found, names={"store": {0: "North"}}).labels[2] == "North · product 2"
    assert pl.Series(labels).n_unique() == 24
