"""regulars buy-again, as a shop has it."""

import polars as pl
import pytest

from cli.corner import SHELF, TABLES, events


def test_everybody_gets_lines_with_chances_dates_and_reasons(shop):
    said = shop.ok("buy-again", "--method", "weibull", "-k", "4", "--json").json
    assert said["method"] == "weibull"
    assert said["horizon_weeks"] == 2
    table = pl.read_parquet(shop.output / "buy-again.parquet")
    assert said["rows"] == table.height
    assert table.columns == ["user_id", "rank", "item_id", "probability", "expected_date", "reason"]
    assert table["probability"].is_between(0, 1).all()
    assert table.group_by("user_id").len()["len"].max() <= 4
    assert table["reason"].str.contains("last bought").all()
    assert pl.read_csv(shop.output / "buy-again.csv").height == table.height


def test_what_is_not_on_the_shelf_is_not_named(shop):
    shop.write(TABLES + 'available = "on_shelf"\n')
    shop.ok("buy-again", "--method", "frequency", "-k", "40")
    named = set(pl.read_parquet(shop.output / "buy-again.parquet")["item_id"].cast(pl.String))
    assert named
    assert all(SHELF[int(item)] for item in named)


def test_new_products_stand_apart(shop):
    words = ("--method", "frequency", "-k", "6", "--new", "2", "--customer", "c-003", "--json")
    rows = shop.ok("buy-again", *words).json
    assert {row["part"] for row in rows} == {"repeat", "explore"}
    assert [row["rank"] for row in rows] == list(range(1, len(rows) + 1))


def test_one_customer_is_shown_with_names(shop):
    said = shop.ok("buy-again", "--method", "weibull", "--customer", "c-003")
    assert "for c-003" in said.said
    assert "last bought" in said.said


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--method", "crystal"], "must be one of frequency, gamma, weibull, lstm, trees, stacked"),
        (["--customer", "nobody"], "nobody"),
        (["--method", "frequency", "--new", "30", "-k", "5"], "--new 30 are more than the 5 products"),
        (["--horizon-weeks", "80", "--method", "frequency"], "from 1 to 52"),
    ],
)
def test_a_mistake_is_named(shop, words, told):
    answer = shop.run("buy-again", *words)
    assert answer.code > 0
    assert told in answer.said


def test_a_log_of_a_few_weeks_is_told_what_is_missing(bare):
    lines = "\n".join(f"a,milk,2024-03-{day:02d},purchase" for day in range(1, 20))
    answer = bare.text(f"user_id,item_id,time,kind\n{lines}\n").run("buy-again", "--method", "weibull")
    assert answer.code > 0
    assert "56 days or more" in answer.said


@pytest.mark.parametrize("words", [("buy-again", "--method", "weibull"), ("forecast",)])
def test_views_are_not_taken_for_purchases(bare, words):
    lines = "\n".join(f"a,milk,2024-0{month}-{day:02d},view" for month in (3, 4, 5) for day in range(1, 20))
    answer = bare.text(f"user_id,item_id,time,kind\n{lines}\n").run(*words)
    assert answer.code > 0
    assert "no event is a purchase: the log has view" in answer.said


def test_the_page_has_the_customers_that_were_asked_for(shop):
    said = shop.ok("buy-again", "--method", "weibull", "--customer", "c-003", "--report", "--beside", "frequency")
    page = (shop.output / "buy-again.html").read_text(encoding="utf-8")
    assert str(shop.output / "buy-again.html") in said.said
    assert page.count("data-name=") == 1
    assert "Customer c-003" in page
    assert "Corner shop: bought again" in page


def test_the_file_may_ask_for_the_page(shop):
    shop.write(TABLES + "[repurchase]\nreport = true\n")
    said = shop.ok("buy-again", "--method", "frequency", "--beside", "frequency", "--json").json
    assert said["files"][-1] == str(shop.output / "buy-again.html")
    assert (shop.output / "buy-again.html").stat().st_size < 2_000_000


def test_what_was_learned_serves_until_the_tables_change(shop):
    first = shop.ok("buy-again", "--method", "weibull", "-k", "3")
    lines = pl.read_parquet(shop.output / "buy-again.parquet")
    again = shop.ok("buy-again", "--method", "weibull", "-k", "3")
    assert "as it was fitted on" not in first.said
    assert "as it was fitted on" in again.said
    assert pl.read_parquet(shop.output / "buy-again.parquet").equals(lines)
    assert "as it was fitted on" not in shop.ok("buy-again", "--method", "weibull", "--fresh").said


def test_a_kept_model_tells_of_later_purchases_too_when_asked(shop):
    words = ("buy-again", "--method", "weibull", "--customer", "c-003", "-k", "40")
    early = shop.ok(*words, "--json").json
    log = events()
    now = int(log["timestamp"].max())
    bought = pl.DataFrame([("c-003", early[-1]["item_id"], now, "purchase")], schema=log.schema, orient="row")
    shop.log(pl.concat([log, bought]))
    late = shop.ok(*words, "--fitted", "--json").json
    told = next(row for row in late if row["item_id"] == early[-1]["item_id"])
    assert told["reason"].endswith("last bought today")
    assert "as it was fitted on" not in shop.ok(*words).said  # the tables changed


def test_a_model_that_was_never_kept_is_missed(shop):
    answer = shop.run("buy-again", "--method", "gamma", "--fitted")
    assert answer.code > 0
    assert "gamma is not fitted yet" in answer.said


def test_a_campaign_gets_everybody_who_is_due_on_its_days(shop):
    shop.ok("buy-again", "--method", "weibull", "-k", "40")
    everybody = pl.read_parquet(shop.output / "buy-again.parquet").drop_nulls("expected_date")
    days = everybody["expected_date"].sort()
    first, last = days[0], days[len(days) // 2]
    said = shop.ok("buy-again", "--method", "weibull", "--due", str(first), str(last), "--json").json
    table = pl.read_parquet(shop.output / "due.parquet")
    assert said["rows"] == table.height > 0
    assert table.columns == ["expected_date", "user_id", "item_id", "probability", "reason"]
    wanted = everybody.filter(pl.col("expected_date").is_between(first, last))
    keys = ["user_id", "item_id", "expected_date"]
    assert table.select(keys).sort(keys).equals(wanted.select(keys).sort(keys))
    assert table["expected_date"].is_sorted()
    assert table["probability"].is_between(0, 1).all()


@pytest.mark.parametrize(
    ("days", "told"),
    [(("soon", "2024-05-01"), "two days"), (("2024-05-02", "2024-05-01"), "must not be before the first")],
)
def test_days_that_cannot_be_are_named(shop, days, told):
    answer = shop.run("buy-again", "--method", "frequency", "--due", *days)
    assert answer.code > 0
    assert told in answer.said
