"""Real logs with all their faults, against the counts that are known of them."""

import os
from pathlib import Path

import polars as pl
import pytest

from regulars.data import Checks, Sources, Table, prepare

FOLDER = Path(os.environ.get("REGULARS_DATA", ""))
pytestmark = pytest.mark.skipif(
    not os.environ.get("REGULARS_DATA"), reason="REGULARS_DATA, the folder of public data sets, is not set"
)
ONLINE_RETAIL = FOLDER / "online-retail" / "online_retail.parquet"


def test_online_retail_loses_its_strangers_and_repeats_and_nets_its_cancellations(tmp_path):
    shop = prepare(Sources(Table(ONLINE_RETAIL)), tmp_path / "shop")
    (table,) = shop.check.tables
    assert (table.rows, table.used, shop.check.customers) == (541_909, 401_604, 4_372)
    assert table.reasons == {"no customer": 135_080, "the same row was there before": 5_225}
    log = pl.read_parquet(ONLINE_RETAIL).filter(pl.col("CustomerID").is_not_null()).unique()
    cancelled = log.filter(pl.col("InvoiceNo").str.starts_with("C"))
    returns = next(kind for kind in shop.check.kinds if kind.name == "return")
    assert returns.events == cancelled.height == shop.check.returns + shop.check.orphans
    money = (log["Quantity"] * log["UnitPrice"]).sum()
    assert shop.dataset.context["value"].sum() == pytest.approx(money)
    assert shop.check.sessions == log.n_unique(["CustomerID", "InvoiceNo"])
    assert shop.check.outliers[0].customer == "17841"


def test_a_csv_of_the_same_log_says_the_same(tmp_path):
    log = pl.read_parquet(ONLINE_RETAIL).head(30_000)
    written = log.with_columns(pl.col("InvoiceDate").dt.strftime("%-m/%-d/%Y %-H:%M"))
    written.write_csv(tmp_path / "log.csv")
    typed, text = (prepare(Sources(table)) for table in (Table(frame=log), Table(tmp_path / "log.csv")))
    assert any("read as 12/31" in note for note in text.check.tables[0].notes)
    assert text.check.tables[0].reasons == typed.check.tables[0].reasons
    assert text.dataset.users.ids.to_list() == [str(one) for one in typed.dataset.users.ids]
    for name in ("user", "item", "time", "weight"):
        assert getattr(text.dataset, name).tolist() == getattr(typed.dataset, name).tolist(), name
    assert text.dataset.context["value"].to_list() == pytest.approx(typed.dataset.context["value"].to_list())


def test_pieces_of_a_day_stay_in_the_log_of_fashion():
    folder = FOLDER / "hm"
    sources = Sources(
        Table(folder / "transactions_lastweek.parquet"),
        items=Table(folder / "articles.parquet"),
        customers=Table(folder / "customers.parquet"),
    )
    shop = prepare(sources)
    assert (shop.check.events, shop.check.quarantined, shop.check.duplicates) == (240_311, 0, 22_395)
    assert (shop.check.unknown_items, shop.dataset.n_items) == (0, 105_542)
    assert shop.dataset.items.ids[0].startswith("0")  # article 0786022008 keeps its zero


def test_the_core_of_a_log_is_what_filtering_by_hand_leaves():
    path = FOLDER / "ml-100k" / "ratings.parquet"
    shop = prepare(Sources(Table(path)), checks=Checks(min_user_events=30, min_item_events=50))
    left = pl.read_parquet(path)
    before = 0
    while left.height != before:
        before = left.height
        left = left.filter(pl.len().over("user_id") >= 30).filter(pl.len().over("item_id") >= 50)
    assert set(shop.dataset.items.ids) == set(left["item_id"])
    assert set(shop.dataset.users.ids) == set(left["user_id"])
    assert len(shop.dataset) == left.height == 100_000 - shop.check.quarantined
