"""regulars forecast, as a shop has it."""

import json

import numpy as np
import polars as pl
import pytest

from cli.corner import TABLES

QUICK = ("--method", "moving_average", "--method", "naive")
OWN = """
[forecast]
paths = ["sales.csv"]
keys = ["place", "product"]
time = "week"
units = "sold"
known = ["price"]
horizon = 3
"""


def sales(folder):
    """Two places with three products each, 60 weeks; the last 4 rows of each have a price but no units yet."""
    random = np.random.default_rng(0)
    weeks = pl.date_range(pl.date(2023, 1, 2), pl.date(2024, 3, 18), "1w", eager=True).to_list()
    rows = []
    for place in ("north", "south"):
        for product in range(3):
            for number, week in enumerate(weeks):
                price = float(random.choice([1.0, 0.7]))
                sold = int(random.poisson(20 * (product + 1) / price**2))
                rows.append((place, product, week, sold if number < len(weeks) - 4 else None, price))
    table = pl.DataFrame(rows, ["place", "product", "week", "sold", "price"], orient="row")
    table.write_csv(folder / "sales.csv")


def test_the_purchases_of_the_log_become_a_table_with_quantiles(shop):
    said = shop.ok("forecast", *QUICK, "--horizon", "2", "--json").json
    table = pl.read_parquet(shop.output / "forecast.parquet")
    assert table.columns == ["item_id", "date", "step", "units", "q05", "q25", "q50", "q75", "q95"]
    assert table.height == 2 * said["series"]
    assert (table["q05"] <= table["q95"]).all()
    assert pl.read_csv(shop.output / "forecast.csv").height == table.height
    assert json.loads((shop.output / "forecast.json").read_text())["horizon"] == 2


def test_a_table_of_its_own_with_prices_ahead(shop):
    sales(shop.folder)
    shop.write(TABLES + OWN)
    said = shop.ok("forecast", "--method", "trees", "--threads", "1", "--json").json
    assert (said["series"], said["past"], said["horizon"]) == (6, 60, 3)
    cheaper = shop.ok("forecast", "--method", "trees", "--threads", "1", "--what-if", "price=0.7", "--json").json
    assert cheaper["units"] > 1.2 * said["units"]


def test_what_sells_rarely_adds_up_by_the_mean_and_is_left_at_nothing_by_the_median(shop):
    weeks = pl.date_range(pl.date(2023, 1, 2), pl.date(2024, 1, 29), "1w", eager=True).to_list()
    random = np.random.default_rng(0)
    rows = [("north", product, week, int(random.poisson(0.3))) for product in range(20) for week in weeks]
    table = pl.DataFrame(rows, ["place", "product", "week", "sold"], orient="row")
    table.with_columns(price=1.0).write_csv(shop.folder / "sales.csv")
    shop.write(TABLES + OWN)
    assert shop.ok("forecast", "--method", "counts", "--json").json["units"] == 0
    assert 'aim = "mean" of [forecast] adds up' in shop.ok("forecast", "--method", "counts").said
    shop.write(TABLES + OWN + 'aim = "mean"\n')
    assert shop.ok("forecast", "--method", "counts", "--json").json["units"] == pytest.approx(20 * 3 * 0.3, rel=0.3)


def test_a_table_of_sales_alone_is_enough(bare):
    sales(bare.folder)
    bare.write(OWN, rest=False)
    assert bare.ok("forecast", *QUICK, "--json").json["series"] == 6
    assert "lacks [events]" in bare.run("buy-again").said


def test_it_says_how_good_it_is_beside_the_seasonal_naive_forecast(shop):
    sales(shop.folder)
    shop.write(TABLES + OWN)
    said = shop.ok("forecast", *QUICK, "--judge", "--json").json
    told = {(row["forecaster"], row["metric"]): row["value"] for row in said["judged"]}
    assert told["forecast", "mase"] < told["seasonal_naive", "mase"]
    assert 0.5 < told["forecast", "coverage"] <= 1
    assert "mase" in shop.ok("forecast", *QUICK, "--judge").said


@pytest.mark.parametrize(
    ("text", "words", "told"),
    [
        ("", ["--method", "crystal"], "no way to forecast called 'crystal'"),
        ('[forecast]\nkeys = ["store"]\n', QUICK, "keys of [forecast] ['store'] are not in the events"),
        ('[forecast]\npaths = ["gone.csv"]\nkeys = ["a"]\n', QUICK, "gone.csv"),
        ('[forecast]\nstep = "month"\n', QUICK, "month"),
        ("[forecast]\nmost = 5\n", [*QUICK, "--what-if", "price"], "such as price=0.9"),
        ("[forecast]\nmost = 5\n", [*QUICK, "--what-if", "price=0.9"], "not known ahead"),
        ("[forecast]\nquantiles = [0.9, 0.1]\n", QUICK, "must rise between 0 and 1"),
        ("[forecast]\nquantiles = [0.5, 1.0]\n", QUICK, "must be less than 1.0"),
    ],
)
def test_what_cannot_be_is_said(shop, text, words, told):
    shop.write(TABLES + text)
    answer = shop.run("forecast", *words)
    assert answer.code > 0
    assert told in answer.said


def test_series_that_sold_rarely_are_left_out_and_told(shop):
    shop.write(TABLES + "[forecast]\nmost = 5\n")
    said = shop.ok("forecast", *QUICK, "--json").json
    assert said["series"] == 5
    assert "sold too rarely" in said["notes"][-1]


def test_the_page_has_rounds_and_the_change_of_prices(shop):
    sales(shop.folder)
    shop.write(TABLES + OWN)
    words = ("--method", "regression", "--judge", "--what-if", "price=0.9", "--report", "--threads", "1")
    said = shop.ok("forecast", *words)
    page = (shop.output / "forecast.html").read_text(encoding="utf-8")
    told = json.loads((shop.output / "forecast.json").read_text())
    assert str(shop.output / "forecast.html") in said.said
    assert told["units"] > told["units_as_planned"]
    assert "How good is it?" in page
    assert "With price times 0.9" in page
    assert "north · product 2" in page


def test_the_file_may_ask_for_the_page_and_products_have_their_names(shop):
    shop.write(TABLES + "[forecast]\nmost = 5\nreport = true\n")
    shop.ok("forecast", *QUICK)
    assert "How good is it?" not in (page := (shop.output / "forecast.html").read_text(encoding="utf-8"))
    assert " no. " in page


def test_a_promotion_is_set_and_a_price_is_multiplied(shop):
    sales(shop.folder)
    rows = pl.read_csv(shop.folder / "sales.csv")
    random = np.random.default_rng(1)
    flag = pl.Series("promotion", random.integers(0, 2, rows.height))
    rows.with_columns(flag, sold=(pl.col("sold") * (1 + flag)).cast(pl.Int64)).write_csv(shop.folder / "sales.csv")
    shop.write(TABLES + OWN.replace('known = ["price"]', 'known = ["price", "promotion"]'))
    words = ("forecast", "--method", "regression", "--threads", "1", "--json", "--what-if")
    on, off = (shop.ok(*words, f"promotion={value}").json["units"] for value in (1, 0))
    assert on > 1.5 * off
    answer = shop.run(*words[:-2], "--what-if", "price=nan")
    assert answer.code > 0
    assert "cannot be changed by nan" in answer.said


def test_a_page_of_a_forecast_without_quantiles(shop):
    sales(shop.folder)
    shop.write(TABLES + OWN + "quantiles = []\n")
    shop.ok("forecast", *QUICK, "--judge", "--report")
    assert "Do the areas hold" not in (shop.output / "forecast.html").read_text(encoding="utf-8")
