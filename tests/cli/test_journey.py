"""As a user goes: init, check, compare, fit, recommend, similar, report; and what each leaves behind."""

import json
import re

import numpy as np
import polars as pl
import pytest

from cli.corner import GROUPS, SHELF, TABLES, events, items, laid_out
from regulars.config import read

ANSWERS = ["user_id", "item_id", "rank", "score", "source", "reason"]


@pytest.fixture(scope="module")
def lists(gone_through):
    return pl.read_parquet(gone_through[0].output / "recommendations.parquet")


def test_init_finds_the_three_tables_and_says_what_it_guessed(gone_through):
    shop, said = gone_through
    config = read(shop.config)
    text = shop.config.read_text()
    assert [table.paths for table in config.events] == [("events.csv",)]
    assert (config.items.paths, config.items.name, config.items.category) == (("items.csv",), ("title",), "category")
    assert config.customers.paths == ("customers.csv",)
    assert config.kinds == {"view": 0.2, "cart": 0.5, "purchase": 1.0, "return": -1.0}
    assert config.name == "corner"
    assert "# guessed" in text
    assert text.count("#") > 12
    assert "regulars check" in said["init"].err


def test_check_counts_every_row_and_keeps_the_dataset(gone_through):
    shop, said = gone_through
    rows = pl.read_csv(shop.folder / "events.csv").height
    assert f"{rows:,} events of 60 customers and 40 items" in said["check"].out
    assert (shop.output / "prepared" / "quarantine.csv").read_text().splitlines() == ["table,file,line,reason,row"]


def test_compare_chooses_on_validation_and_reports_the_test(gone_through):
    shop, said = gone_through
    compared = json.loads((shop.output / "comparison.json").read_text())
    best = max(
        (row for row in compared["validation"]["metrics"] if row["metric"] == "ndcg@10"), key=lambda row: row["mean"]
    )
    assert compared["winner"] == best["name"]
    assert compared["decided_by"] == "ndcg@10 on validation"
    assert f"chosen on the validation period: {best['name']}" in said["compare"].out
    methods = {"popularity", "trending", "personal", "item_knn", "ease", "als", "personal_and_als"}
    for period in ("validation", "test"):
        table = pl.DataFrame(compared[period]["metrics"], infer_schema_length=None)
        assert set(table["name"]) == methods
        assert (table["low"] <= table["mean"]).all()
        assert (table["mean"] <= table["high"]).all()
    means = {row["name"]: row["mean"] for row in compared["test"]["metrics"] if row["metric"] == "ndcg@10"}
    assert min(means["item_knn"], means["ease"], means["als"]) > 0.5 > 0.3 > means["popularity"]


def test_the_validation_comes_before_the_test(gone_through):
    compared = json.loads((gone_through[0].output / "comparison.json").read_text())
    cuts = [re.search(r"\d{4}-\d\d-\d\d", compared[period]["split"])[0] for period in ("validation", "test")]
    assert cuts == ["2024-01-17", "2024-02-14"]


def test_fit_fits_the_winner(gone_through):
    shop, said = gone_through
    winner = json.loads((shop.output / "comparison.json").read_text())["winner"]
    assert said["fit"].out.startswith(f"{winner}, fitted in ")
    assert json.loads((shop.output / "model.json").read_text())["method"] == winner


def test_every_customer_gets_a_full_list_with_a_reason(gone_through, lists):
    assert lists.columns == ANSWERS
    assert lists.select("user_id", "item_id").is_unique().all()
    assert lists.group_by("user_id").len()["len"].to_list() == [10] * 60
    for _, rows in lists.group_by("user_id"):
        assert rows["rank"].to_list() == list(range(1, 11))
        assert (np.diff(rows["score"]) <= 0).all()
    assert not lists["reason"].is_null().any()
    assert (lists["reason"].str.len_chars() > 10).all()
    assert set(lists["source"]) <= {"popularity", "trending", "personal", "item_knn", "ease", "als"}


def test_the_reason_names_a_product_that_the_customer_met(gone_through, lists):
    titles = dict(items().select("item_id", "title").rows())
    events = pl.read_csv(gone_through[0].folder / "events.csv", schema_overrides={"item_id": pl.String})
    met = {customer: {titles[item] for item in rows["item_id"]} for (customer,), rows in events.group_by("customer_id")}
    told = lists.filter(pl.col("reason").str.starts_with("because you"))
    assert told.height > 500
    for customer, reason in told.select("user_id", "reason").rows():
        assert any(title in reason for title in met[customer]), reason


def test_customers_are_recommended_what_their_community_buys(lists):
    best = lists.filter(pl.col("rank") <= 5)
    community = best["user_id"].str.slice(2).cast(pl.Int32) % 4
    group = best["item_id"].cast(pl.Int32) // 10
    assert (community == group).mean() > 0.95


def test_both_files_say_the_same_and_keep_the_zeros_of_the_ids(gone_through, lists):
    text = pl.read_csv(gone_through[0].output / "recommendations.csv", infer_schema=False)
    assert text.columns == ANSWERS
    assert text.select("user_id", "item_id", "reason").equals(lists.select("user_id", "item_id", "reason"))
    assert text["item_id"].str.len_chars().unique().to_list() == [4]


def test_similar_items_come_from_the_same_community(gone_through):
    shop, _ = gone_through
    found = shop.ok("similar", "0001", "0031", "-k", "3", "--json").json
    assert [row["of"] for row in found] == ["0001"] * 3 + ["0031"] * 3
    assert all(row["of"][:3] == row["item_id"][:3] != row["item_id"] for row in found)
    assert "tea no." in shop.ok("similar", "0001").out


def test_the_report_is_one_page_that_needs_nothing_else(gone_through):
    page = (gone_through[0].output / "report.html").read_text(encoding="utf-8")
    assert page.lstrip().lower().startswith("<!doctype html>")
    assert not re.search(r"<(?:script|link|img|iframe|object)\b[^>]*\b(?:src|href)\s*=\s*[\"']?(?:https?:)?//", page)
    assert not re.search(r"@import|url\(\s*[\"']?(?:https?:)?//", page)
    for word in ("corner", " no. ", "because you", "personal_and_als", "95"):
        assert word in page


def test_no_scratch_is_left_behind(gone_through):
    names = {path.name for path in gone_through[0].output.iterdir()}
    assert names == {
        "prepared",
        "model",
        "model.json",
        "comparison.json",
        "recommendations.parquet",
        "recommendations.csv",
        "report.html",
    }


def test_what_is_forbidden_is_never_recommended(shop):
    rules = 'k = 5\nexclude_seen = true\navailable = "on_shelf"\nfallback = ["popularity"]'
    shop.write(TABLES.replace("k = 5", rules)).ok("fit", "--method", "item_knn")
    shop.ok("recommend")
    lists = pl.read_parquet(shop.output / "recommendations.parquet")
    assert lists.height == 300
    sold = [name for name, for_sale in zip(items()["item_id"], SHELF, strict=True) if for_sale]
    assert lists["item_id"].is_in(sold).all()
    events = pl.read_csv(shop.folder / "events.csv", schema_overrides={"item_id": pl.String})
    seen = events.select(user_id="customer_id", item_id="item_id").unique()
    assert lists.join(seen, on=["user_id", "item_id"]).height == 0


def test_a_stock_of_numbers_says_what_is_available(shop):
    stock = items().with_columns(stock=pl.Series([-1.0, 0.0, None, 1.0] * 10))
    shop.log(stock, "items.csv").write(TABLES.replace("k = 5", 'k = 5\navailable = "stock"'))
    shop.ok("fit", "--method", "popularity")
    shop.ok("recommend")
    assert set(pl.read_csv(shop.output / "recommendations.csv", infer_schema=False)["item_id"]) <= {
        f"{n:04d}" for n in range(3, 40, 4)
    }


def test_a_customer_is_answered_at_once_with_titles(gone_through):
    shop, _ = gone_through
    answer = shop.ok("recommend", "--customer", "c-003", "--customer", "c-004", "-k", "2")
    assert "for c-003" in answer.out
    assert "for c-004" in answer.out
    assert f"{GROUPS[3]} no." in answer.out
    rows = shop.ok("recommend", "--customer", "c-003", "-k", "2", "--json").json
    assert [list(row) for row in rows] == [ANSWERS, ANSWERS]
    assert [row["rank"] for row in rows] == [1, 2]


def test_the_settings_of_the_command_line_go_before_those_of_the_file(shop):
    def fitted(*words):
        shop.ok("fit", "--method", "als", *words)
        return next(path.name for path in (shop.output / "model").glob("arrays-*"))  # named by their checksum

    first = fitted("--seed", "1", "--threads", "1")
    assert fitted("--seed", "1", "--threads", "1") == first
    assert fitted("--seed", "2", "--threads", "1") != first
    assert fitted("--threads", "1") == fitted("--seed", "0", "--threads", "1")


def test_a_test_from_a_date_has_its_validation_before_the_date(shop):
    shop.write(TABLES + '[split]\ndays = 14\ndate = "2024-02-01"\n[methods.popularity]\n', rest=False)
    said = shop.ok("compare", "--json").json
    assert "2024-02-01" in said["test"]["split"]
    assert "2024-01-18" in said["validation"]["split"]


def test_pictures_of_the_figures_name_the_methods(shop):
    shop.write(TABLES)
    folder = shop.output.parent / "pictures"
    shop.ok("compare", "--method", "popularity", "--method", "personal", "--plots", str(folder))
    text = (folder / "comparison.svg").read_text()
    assert text.startswith("<svg")
    assert "popularity" in text
    assert "personal" in text
    assert "slices-traffic.svg" in {path.name for path in folder.iterdir()}


def test_the_category_may_have_any_name(shop):
    shop.log(items().rename({"category": "aisle"}), "items.csv")
    shop.write(TABLES.replace('category = "category"', 'category = "aisle"'))
    said = shop.ok("evaluate", "popularity", "--json").json
    assert "category_diversity@5" in {row["metric"] for row in said["catalog"]}


def test_a_database_file_lies_beside_the_configuration(shop):
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(shop.folder / "shop.db")) as base, base:
        base.execute("create table log (customer_id text, item_id text, timestamp integer, event_type text)")
        base.executemany("insert into log values (?, ?, ?, ?)", events().rows())
    shop.write('[events]\nurl = "sqlite:///shop.db"\ntable = "log"\n')
    assert shop.ok("check", "--json").json["events"] == events().height


def test_a_shop_may_lie_in_a_folder_of_any_name(tmp_path):
    shop = laid_out(tmp_path / "my [best] shop *" / "日本")
    shop.write(TABLES.replace('"events.csv"', '"ev*.csv"').replace("Corner", "[bold]Corner[/]"))
    for words in (("check",), ("compare",), ("fit",), ("recommend",), ("report",), ("similar", "0001")):
        answer = shop.ok(*words)
    assert "tea no." in answer.out
    assert "[bold]Corner[/]" in (shop.output / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "split",
    [
        'kind = "time"\ndays = 20\nkinds = ["purchase"]\nstrangers = true',
        'kind = "last"',
        'kind = "ratio"',
        'kind = "strong"',
        'kind = "cold"',
        'kind = "given"\ncolumn = "fold"\nwithheld = ["test", "valid"]',
    ],
)
def test_every_kind_of_split_can_decide_and_report(shop, split):
    fold = pl.int_range(pl.len()) * 10 // pl.len()
    parts = pl.when(fold == 9).then(pl.lit("test")).when(fold == 8).then(pl.lit("valid")).otherwise(pl.lit("train"))
    shop.log(events().with_columns(fold=parts))
    shop.write(f"{TABLES}[split]\n{split}\n[methods.popularity]\n[methods.item_knn]\n", rest=False)
    said = shop.ok("compare", "--json").json
    assert said["winner"] in ("popularity", "item_knn")
    assert said["test"]["queries"] > 0
    assert said["validation"]["queries"] > 0
