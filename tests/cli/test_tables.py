"""Bad tables end to end: every row is used or in quarantine, and a table that cannot be used says what to do."""

import gzip
import io

import numpy as np
import polars as pl
import pytest

from cli.corner import DAYS, START, TABLES, customers, events, items
from regulars.core import DAY
from regulars.data import Prepared

HEADER = "customer_id,item_id,timestamp,event_type\n"
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


def parquet():
    buffer = io.BytesIO()
    events().write_parquet(buffer)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("events.csv", b"customer_id,price,timestamp\n1,2,3\n", "events need a column for item; the table has cust"),
        ("events.csv", b"", "is empty (0 bytes); wanted csv with a header and rows. Was the export cut off?"),
        ("events.csv", HEADER.encode(), "has a header and no rows; nothing is left to work with"),
        ("events.csv", PICTURE, "should be csv and is a PNG picture; give the table itself: CSV, JSON Lines or Parq"),
        ("events.csv", b"PK\x03\x04rest", "is a zip archive or an Excel workbook (save its sheet as CSV"),
        ("events.csv", b"<!DOCTYPE html><html>", "is a web page, perhaps a login or an error; wanted csv"),
        ("events.parquet", parquet()[:9_000], "is a damaged or cut-off Parquet file"),
        ("events.parquet", HEADER.encode(), "should be parquet and is text; rename it, or say format ="),
        ("events.csv.gz", gzip.compress(parquet()), "should be csv and is a Parquet file; rename it"),
        ("events.csv.gz", gzip.compress(events().write_csv().encode())[:9_000], "copy or export it again"),
        ("events.csv", f"{HEADER}a,1,gestern,view\n".encode(), "none of the 1 rows of events can be used: a time that"),
    ],
)
def test_a_table_that_cannot_be_used_says_what_came_and_what_to_do(bare, name, content, said):
    (bare.folder / name).write_bytes(content)
    answer = bare.write(f'[events]\npaths = ["{name}"]\n').run("check")
    assert answer.code == 3
    assert said in answer.said
    assert name in answer.said or "the table has" in answer.said
    assert not (bare.output / "prepared").exists()


@pytest.mark.parametrize("paths", ["events.csv", "no/*.csv", "."])
def test_files_that_are_not_there_are_told(bare, paths):
    answer = bare.write(f'[events]\npaths = ["{paths}"]\n').run("check")
    assert answer.code == 3
    assert str(bare.folder) in answer.said
    assert "CSV" in answer.said or "give a file, a glob such as log/*.csv, or a folder" in answer.said


def test_a_table_of_items_without_its_key_is_told(shop):
    shop.log(items().drop("item_id"), "items.csv")
    answer = shop.run("check")
    assert answer.code == 3
    assert "items need a column for item; the table has title, category, price, on_shelf" in answer.said


MIXED = f"""{HEADER}\
a b,ä ö,2024-01-02,view
007,日本,1704153600,purchase
9223372036854775807,9007199254740993,02.01.2024 10:00,purchase
7,00012,1704153600000,cart
8,12,2024-01-02T11:00:00+02:00,cart
8,12,gestern,cart
,12,2024-01-02,cart
9,,2024-01-02,cart
9,1,2130-01-02,cart
9,1,1900-01-02,cart
9,1
9,1,2024-01-02,cart,more
"""


def test_every_row_is_used_or_in_quarantine_with_line_and_reason(bare):
    said = bare.text(MIXED).ok("check", "--json").json
    assert (said["events"], said["rows"], said["quarantined"]) == (5, 12, 7)
    table = pl.read_csv(bare.output / "prepared" / "quarantine.csv")
    assert dict(table.select("line", "reason").rows()) == {
        7: "a time that cannot be read",
        8: "no customer",
        9: "no item",
        10: "a time in the future",
        11: "a time before 1990-01-01",
        12: "too few fields",
        13: "too many fields",
    }


def test_ids_stay_as_they_are_written(bare):
    bare.text(MIXED).ok("check")
    data = Prepared.load(bare.output / "prepared").dataset
    assert data.users.ids.sort().to_list() == ["007", "7", "8", "9223372036854775807", "a b"]
    assert data.items.ids.sort().to_list() == ["00012", "12", "9007199254740993", "ä ö", "日本"]
    moments = dict(zip(data.items.names(data.item), data.time, strict=True))
    assert moments["日本"] == moments["00012"] == moments["ä ö"] == 1704153600  # 2 January 2024
    assert moments["9007199254740993"] == 1704153600 + 36_000
    assert moments["12"] == 1704153600 + 32_400


def test_strict_exits_with_5_when_rows_were_quarantined_and_0_when_not(bare, shop):
    assert bare.text(MIXED).run("check", "--strict").code == 5
    assert bare.run("check", "--strict", "--json").code == 5
    assert bare.run("check").code == 0
    assert shop.run("check", "--strict").code == 0


def test_check_says_where_the_quarantine_is_and_counts_the_reasons(bare):
    answer = bare.text(MIXED).ok("check")
    assert f"Quarantined rows, kept with their reasons in {bare.output / 'prepared' / 'quarantine.csv'}" in answer.out
    assert "a time in the future" in answer.out
    assert "Without a customer nobody can be recommended to" in answer.out


def test_a_negative_quantity_is_a_return(bare):
    bare.text("user,item,time,quantity,price\na,1,2024-01-01,2,3\na,1,2024-01-02,-1,3\nb,1,2024-01-03,1,-3\n")
    said = bare.ok("check", "--json").json
    assert {kind["name"]: kind["events"] for kind in said["kinds"]} == {"purchase": 1, "return": 1}
    assert said["quarantined"] == 1


def test_repeated_rows_are_set_aside_and_told(shop):
    shop.log(pl.concat([events(), events()]))
    answer = shop.run("check", "--strict")
    assert answer.code == 5
    assert f"{events().height:,} events are there more than once; the repeats are quarantined" in answer.said


def test_items_that_the_catalog_lacks_are_kept_told_and_recommended(shop):
    half = items().head(20)
    shop.log(half, "items.csv")
    answer = shop.ok("check")
    assert "20 items with" in answer.said
    assert "are not in the catalog. They are kept" in answer.said
    shop.ok("fit", "--method", "item_knn")
    shop.ok("recommend")
    lists = pl.read_parquet(shop.output / "recommendations.parquet")
    assert lists.height == 300
    assert not lists["item_id"].is_in(half["item_id"]).all()


def test_customers_without_events_get_the_popular(shop):
    more = pl.concat([customers(), pl.DataFrame({"customer_id": ["new"], "city": ["Ulm"], "age": [30]})])
    shop.log(more.with_columns(pl.col("age").cast(pl.Int64)), "customers.csv")
    shop.ok("fit", "--method", "item_knn")
    rows = shop.ok("recommend", "--customer", "new", "--json").json
    assert [row["source"] for row in rows] == ["popularity"] * 5


def test_one_event_is_enough_to_recommend(bare):
    bare.text("user,item,time\n1,2,2024-01-01\n")
    for method in ("popularity", "item_knn", "als"):
        bare.ok("fit", "--method", method)
        bare.ok("recommend")
        assert pl.read_csv(bare.output / "recommendations.csv")["item_id"].to_list() == [2]


def test_a_log_that_changes_is_prepared_again(shop):
    first = shop.ok("check", "--json").json["events"]
    shop.log(events().head(1_000))
    assert shop.ok("check", "--json").json["events"] == 1_000 < first


def test_what_guessing_cannot_know_is_mapped(bare):
    strange = events().rename({"customer_id": "c1", "item_id": "c2", "timestamp": "c3", "event_type": "c4"})
    bare.log(strange).config.unlink()
    answer = bare.run("init", bare.folder)
    assert answer.code == 3
    assert "c1, c2, c3, c4" in answer.said
    assert "Say which they are: --map user=COLUMN --map item=COLUMN" in answer.said
    maps = ("--map", "user=c1", "--map", "item=c2", "--map", "time=c3", "--map", "kind=c4")
    bare.ok("init", bare.folder, *maps)
    assert [kind["name"] for kind in bare.ok("check", "--json").json["kinds"]] == ["view", "cart", "purchase", "return"]


def test_a_mapping_of_check_holds_once_and_says_how_to_keep_it(shop):
    shop.log(events().with_columns(household=pl.col("customer_id").str.slice(4)))
    answer = shop.ok("check", "--map", "user=household")
    assert " of 70 customers" in answer.said  # 10 households, and the 60 of the table of customers
    assert f'under [events.columns] in {shop.config}: user = "household"' in answer.said
    assert shop.ok("check", "--json").json["customers"] == 60


@pytest.mark.parametrize(
    ("pair", "code", "said"),
    [
        ("user=buyer", 3, "user is mapped to the column 'buyer', which no table has"),
        ("usr=customer_id", 4, "no meaning; there are user, item, time, kind"),
        ("user", 2, "--map wants our name = your column, such as user=card_no; it is 'user'"),
    ],
)
def test_a_mapping_that_cannot_be_is_told(shop, pair, code, said):
    answer = shop.run("init", shop.folder, "--force", "--map", pair)
    assert answer.code == code
    assert said in answer.said.replace("│ ", "")


def test_init_leaves_out_what_regulars_made(shop):
    shop.ok("fit", "--method", "popularity")
    shop.ok("recommend")
    found = shop.ok("init", shop.folder, "--force", "--json").json
    assert sorted(table["what"] for table in found["tables"]) == ["customers", "events", "items"]


def test_init_never_writes_over_a_configuration_unasked(shop):
    before = shop.config.read_text()
    answer = shop.run("init", shop.folder)
    assert answer.code == 4
    assert "is there already; use --force to replace it, or --config for another name" in answer.said
    assert shop.config.read_text() == before


def test_init_tells_of_files_that_it_cannot_read_and_goes_on(shop):
    (shop.folder / "more.csv").write_bytes(PICTURE)
    (shop.folder / "none.csv").write_text(HEADER)
    answer = shop.ok("init", shop.folder, "--force")
    assert "cannot be read" in answer.out
    assert "is a PNG picture" in answer.out


def test_init_of_names_with_quotes_and_backslashes_can_be_read_again(bare):
    (bare.folder / 'a "b" \\c.csv').write_text('user,item,time,"say ""x"" \\y"\n1,2,2024-01-01,z\n')
    bare.ok("init", bare.folder, "--force")
    bare.ok("check")


@pytest.mark.slow
def test_one_customer_with_a_million_events_is_told_and_does_no_harm(shop):
    random = np.random.default_rng(0)
    n = 1_000_000
    robot = pl.DataFrame(
        {
            "customer_id": ["robot"] * n,
            "item_id": [f"{item:04d}" for item in random.integers(40, size=n)],
            "timestamp": START + np.arange(n) * (DAYS * DAY // n),
            "event_type": ["view"] * n,
        }
    )
    shop.log(pl.concat([events(), robot.with_columns(pl.col("timestamp").cast(pl.Int64))]))
    said = shop.ok("check", "--json").json
    assert said["outliers"][0]["customer"] == "robot"
    assert any("robot" in warning for warning in said["warnings"])
    shop.ok("fit", "--method", "item_knn")
    shop.ok("recommend")
    assert pl.read_parquet(shop.output / "recommendations.parquet").height == 305
    shop.write(TABLES + '[check]\noutliers = "quarantine"\n')
    assert shop.ok("check", "--json").json["events"] == events().height


def test_logs_in_several_files_of_several_kinds_are_one_shop(bare):
    views = events().filter(pl.col("event_type") == "view").drop("event_type")
    rest = events().filter(pl.col("event_type") != "view")
    views.write_parquet(bare.folder / "views.parquet")
    rest.write_ndjson(bare.folder / "rest.jsonl")
    bare.write('[[events]]\npaths = ["views.parquet"]\nkind = "view"\n[[events]]\npaths = ["rest.jsonl"]\n')
    said = bare.ok("check", "--json").json
    assert said["events"] == events().height
    assert {kind["name"] for kind in said["kinds"]} == {"view", "cart", "purchase", "return"}
