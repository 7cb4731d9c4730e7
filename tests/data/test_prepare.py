"""Prepare: from any table to a dataset; every row is used or in quarantine; what is on disk stays whole."""

import csv
import io
import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regulars.core import Dataset, Run
from regulars.core.errors import (
    BadTable,
    CannotWrite,
    ConfigError,
    EmptyData,
    Interrupted,
    MissingColumn,
    SettingError,
    UnreadableFile,
)
from regulars.data import CheckReport, Checks, Prepared, Sources, Table, prepare, spill

JANUARY = 1_577_836_800  # 2020-01-01
HEADER = "user_id,item_id,time,event,quantity,price"


def log(*lines, header=HEADER):
    return "\n".join((header, *lines)) + "\n"


def prepared(tmp_path, text, checks=Checks(), **how):  # noqa: B008
    (tmp_path / "log.csv").write_text(text, encoding="utf-8")
    return prepare(Sources(Table(tmp_path / "log.csv"), **how), tmp_path / "shop", checks)


def quarantine(shop):
    with (shop.folder / "quarantine.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def events(dataset):
    """(user, item, time, kind, weight) of each event, by the ids of the shop."""
    columns = (dataset.users.names(dataset.user), dataset.items.names(dataset.item), dataset.time, dataset.kind)
    return [
        (user, item, time, dataset.kinds[kind], weight)
        for (user, item, time, kind), weight in zip(zip(*columns, strict=True), dataset.weight.tolist(), strict=True)
    ]


def test_a_log_becomes_a_dataset_in_the_order_of_customer_and_time(tmp_path):
    shop = prepared(tmp_path, log("b,x,2020-01-03,buy,2,5", "a,y,2020-01-02,view,,", "b,z,2020-01-01,cart,1,3.5"))
    assert events(shop.dataset) == [
        ("b", "z", JANUARY, "cart", 0.5),
        ("b", "x", JANUARY + 2 * 86400, "purchase", 1.0),
        ("a", "y", JANUARY + 86400, "view", pytest.approx(0.2)),
    ]
    assert shop.dataset.context["value"].to_list() == [3.5, 10.0, None]
    assert shop.dataset.context["session"].to_list() == [0, 1, 2]
    assert not shop.check.quarantined


def test_a_prepared_dataset_is_the_one_that_the_frame_describes():
    random = np.random.default_rng(0)
    frame = pl.DataFrame(
        {
            "user_id": random.integers(0, 50, 2000),
            "item_id": random.integers(0, 80, 2000),
            "time": JANUARY + random.permutation(2000) * 1000,
            "weight": random.random(2000).astype(np.float32),
        }
    )
    expected = Dataset.of(frame)
    found = prepare(Sources(Table(frame=frame))).dataset
    assert found.users.ids.equals(expected.users.ids)
    assert found.items.ids.equals(expected.items.ids)
    for name in ("user", "item", "time", "weight"):
        assert np.array_equal(getattr(found, name), getattr(expected, name)), name


def test_every_bad_row_is_told_with_its_line_and_reason(tmp_path):
    shop = prepared(
        tmp_path,
        log(
            "a,x,2020-01-01,buy,1,5",
            ",x,2020-01-01,buy,1,5",
            "a,,2020-01-01,buy,1,5",
            "a,x,,buy,1,5",
            "a,x,soon,buy,1,5",
            "a,x,1970-01-01,buy,1,5",
            "a,x,2999-01-01,buy,1,5",
            "a,x,2020-01-01,buy,1,-5",
            "a,x,2020-01-01,buy,many,5",
            "a,x,2020-01-01,buy,1",
            "a,x,2020-01-01,buy,1,5,6",
            'a,"x,2020-01-01,buy,1,5',
            "a,x,2020-01-01,buy,1,5",
        ),
    )
    assert sorted((int(row["line"]), row["reason"]) for row in quarantine(shop)) == [
        (3, "no customer"),
        (4, "no item"),
        (5, "no time"),
        (6, "a time that cannot be read"),
        (7, "a time before 1990-01-01"),
        (8, "a time in the future"),
        (9, "negative price"),
        (10, "quantity is not a number"),
        (11, "too few fields"),
        (12, "too many fields"),
        (13, "a quote that is never closed"),
        (14, "the same row was there before"),
    ]
    assert shop.check.tables[0].reasons == {row["reason"]: 1 for row in quarantine(shop)}
    (file,) = shop.check.tables[0].files
    assert (file.rows, file.used, file.quarantined) == (13, 1, 12)
    assert '"price":"-5"' in next(row["row"] for row in quarantine(shop) if row["reason"] == "negative price")


words = st.sampled_from(
    [
        "a",
        "b",
        "007",
        "ü x",
        "",
        "NULL",
        "9007199254740993",
        "2020-01-01",
        "31/12/2020 8:26",
        "1.5",
        "-2",
        "x,y",
        '"',
        'q"q',
        "\n",
        "return",
    ]
)
rows = st.lists(st.lists(words, min_size=4, max_size=4), min_size=1, max_size=12)
broken = st.lists(st.sampled_from(["", "a", "a,b", "a,b,c,d,e", '"never', "a,b,2020-01-01,1", "é;x"]), max_size=5)


@settings(max_examples=60)
@given(rows, broken, st.sampled_from(["utf-8", "latin-1"]), st.sampled_from(["auto", "keep", "quarantine"]))
def test_rows_in_are_rows_used_and_rows_in_quarantine(tmp_path_factory, rows, broken, encoding, duplicates):
    folder = tmp_path_factory.mktemp("nothing-lost")
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    text = "user_id,item_id,time,quantity\n" + out.getvalue() + "".join(line + "\n" for line in broken)
    (folder / "log.csv").write_bytes(text.encode(encoding))
    n = len(rows) + sum(bool(line) for line in broken)
    sources, checks = Sources(Table(folder / "log.csv")), Checks(duplicates=duplicates)
    try:
        shop = prepare(sources, folder / "shop", checks)
    except EmptyData:
        with pytest.raises(EmptyData, match=f"none of the {n} rows"):
            prepare(sources, folder / "shop", checks)
        return
    (file,) = shop.check.tables[0].files
    assert file.rows == n
    assert file.used == len(shop.dataset)
    assert file.quarantined == len(quarantine(shop)) == n - len(shop.dataset)


def test_ids_keep_their_zeros_digits_blanks_and_letters(tmp_path):
    ids = ["007", "7", "9007199254740993", "18446744073709551615", " a b ", "ü", "日本", "0x1F", "1.50"]
    shop = prepared(tmp_path, log(*(f"{one},{one},2020-01-01" for one in ids), header="user_id,item_id,time"))
    assert shop.dataset.users.ids.to_list() == shop.dataset.items.ids.to_list() == ids


def test_whole_ids_of_a_typed_table_stay_numbers_and_find_their_text_in_another():
    frame = pl.DataFrame({"user_id": [2**62 + 1, 5], "item_id": [7, 8], "time": [JANUARY] * 2})
    items = pl.DataFrame({"item_id": ["8", "7", "007"], "color": ["red", "blue", "green"]})
    shop = prepare(Sources(Table(frame=frame), items=Table(frame=items)))
    assert shop.dataset.users.ids.to_list() == [2**62 + 1, 5]
    assert shop.dataset.items.ids.to_list() == ["7", "8", "007"]
    assert shop.dataset.item_features["color"].to_list() == ["blue", "red", "green"]


def test_numbers_that_became_fractions_by_gaps_are_ids_again():
    frame = pl.DataFrame({"user_id": [17850.0, None, 5.0], "item_id": ["a"] * 3})
    assert prepare(Sources(Table(frame=frame))).dataset.users.ids.to_list() == ["17850", "5"]


def test_mixed_forms_of_time_are_read_row_by_row_and_their_doubt_is_told(tmp_path):
    shop = prepared(
        tmp_path,
        log("a,1,2020-02-01,,,", "a,2,1580515200,,,", "a,3,02/01/2020,,,", "a,4,02/13/2020 9:00,,,").replace(
            ",,,", ",,1,1"
        ),
    )
    days = ((shop.dataset.time - JANUARY) // 86400).tolist()
    assert sorted(days) == [31, 31, 31, 43]
    assert any("read as 12/31" in note for note in shop.check.tables[0].notes)
    shop = prepared(tmp_path, log("a,1,02/01/2020,,1,1"))
    assert any("nothing tells whether the day or the month" in note for note in shop.check.tables[0].notes)


def test_the_order_of_day_and_month_is_asked_of_all_files(tmp_path):
    days = {"1.csv": "2020-05-06", "2.csv": "05/06/2020", "3.csv": "05/31/2020"}
    for name, day in days.items():
        (tmp_path / name).write_text(f"user_id,item_id,time\na,{name},{day}\n")
    shop = prepare(Sources(Table(tmp_path)))
    assert ((shop.dataset.time - JANUARY) // 86400).tolist() == [126, 126, 151]
    assert any("read as 12/31" in warning for warning in shop.check.warnings)


def test_a_day_and_a_clock_in_two_columns_are_one_moment(tmp_path):
    shop = prepared(tmp_path, log("a,x,31/01/2020,10:23", "a,y,01/02/2020,9:05 PM", header="user_id,item_id,date,time"))
    assert ((shop.dataset.time - JANUARY) / 60).tolist() == [30 * 1440 + 623, 31 * 1440 + 1265]
    assert shop.dataset.context.columns == ["session"]


def test_negative_quantities_are_returns_that_take_back(tmp_path):
    shop = prepared(
        tmp_path, log("a,x,2020-01-01,,6,2", "a,x,2020-01-02,,-6,2", "a,y,2020-01-02,,1,2", "a,z,2020-01-03,,-1,2")
    )
    assert [(kind, weight) for *_, kind, weight in events(shop.dataset)] == [
        ("purchase", 1.0),
        ("return", -1.0),
        ("purchase", 1.0),
        ("return", 0.0),
    ]
    assert shop.dataset.context["value"].to_list() == [12.0, -12.0, 2.0, -2.0]
    assert shop.dataset.matrix().toarray().tolist() == [[0.0, 1.0, 0.0]]
    assert (shop.check.returns, shop.check.orphans) == (1, 1)


def test_cancelled_invoices_are_returns():
    frame = pl.DataFrame(
        {
            "CustomerID": [1, 1],
            "StockCode": ["x", "x"],
            "InvoiceNo": ["536365", "C536366"],
            "InvoiceDate": ["2020-01-01 10:00", "2020-01-02 10:00"],
            "Quantity": [2, 2],
        }
    )
    shop = prepare(Sources(Table(frame=frame)))
    assert [kind.name for kind in shop.check.kinds] == ["purchase", "return"]
    assert shop.dataset.context["quantity"].to_list() == [2.0, -2.0]


def test_a_rating_weighs_what_it_says(tmp_path):
    shop = prepared(tmp_path, log("a,x,2020-01-01,4.5", "a,y,2020-01-01,2", header="userId,movieId,timestamp,rating"))
    assert shop.dataset.kinds == ("rating",)
    assert shop.dataset.weight.tolist() == [4.5, 2.0]


def test_the_shop_sets_the_weights_and_unknown_kinds_are_told(tmp_path):
    text = log("a,x,2020-01-01,buy,1,1", "a,y,2020-01-01,hotline,1,1", "a,z,2020-01-01,demo,1,1")
    shop = prepared(tmp_path, text, kinds={"buy": 3.0, "hotline": 0.7})
    assert [weight for *_, weight in events(shop.dataset)] == pytest.approx([3.0, 0.7, 1.0])
    assert any("demo have no usual weight" in warning for warning in shop.check.warnings)


def test_repeats_are_set_aside_unless_a_log_of_days_without_quantities_means_pieces(tmp_path):
    twice = ("a,x,2020-01-01 10:00,1", "a,x,2020-01-01 10:00,1", "a,x,2020-01-01 10:00,2")
    header = "user_id,item_id,time,store"
    assert len(prepared(tmp_path, log(*twice, header=header)).dataset) == 2
    days = [row.replace(" 10:00", "") for row in twice]
    shop = prepared(tmp_path, log(*days, header=header))
    assert (len(shop.dataset), shop.check.duplicates) == (3, 1)
    assert len(prepared(tmp_path, log(*days, header=header), Checks(duplicates="quarantine")).dataset) == 2
    assert len(prepared(tmp_path, log(*twice, header=header), Checks(duplicates="keep")).dataset) == 3


def test_the_same_event_id_twice_is_one_event(tmp_path):
    shop = prepared(
        tmp_path,
        log("1,a,x,2020-01-01", "1,a,x,2020-01-05", "2,a,x,2020-01-05", header="event_id,user_id,item_id,time"),
    )
    assert len(shop.dataset) == 2
    assert shop.check.tables[0].reasons == {"the same event id was there before": 1}


def test_sessions_of_the_log_are_numbered_and_a_pause_makes_them_where_there_are_none(tmp_path):
    header = "user_id,item_id,time,session_id"
    shop = prepared(
        tmp_path,
        log(
            "a,1,2020-01-01 10:00,s",
            "a,2,2020-01-01 10:01,t",
            "a,3,2020-01-01 10:02,s",
            "b,1,2020-01-01 10:00,s",
            header=header,
        ),
    )
    assert shop.dataset.context["session"].to_list() == [0, 1, 0, 2]
    shop = prepared(
        tmp_path,
        log(
            "a,1,2020-01-01 10:00,1,1",
            "a,2,2020-01-01 10:30,1,1",
            "a,3,2020-01-01 11:01,1,1",
            header="user_id,item_id,time,quantity,price",
        ),
    )
    assert shop.dataset.context["session"].to_list() == [0, 0, 1]
    assert shop.check.sessions == 2


def test_further_columns_become_context_with_their_types(tmp_path):
    header = "user_id,item_id,time,zip,points,share,device,channel"
    shop = prepared(tmp_path, log("a,1,2020-01-01,01234,5,0.5,app,web", "a,2,2020-01-02,99999,6,,,shop", header=header))
    context = shop.dataset.context.select("zip", "points", "share", "device", "channel")
    assert context.rows() == [("01234", 5, 0.5, "app", "web"), ("99999", 6, None, None, "shop")]


def test_typed_context_survives_with_its_gaps(tmp_path):
    from datetime import date, datetime

    frame = pl.DataFrame(
        {
            "user_id": [1, 1],
            "item_id": [1, 2],
            "time": [JANUARY, JANUARY + 1],
            "member": [True, None],
            "born": [date(1980, 2, 3), None],
            "seen": [datetime(2020, 1, 1, 2, 3), None],
            "n": [2**53 + 1, None],
            "tags": [["a"], None],
        }
    )
    shop = prepare(Sources(Table(frame=frame)))
    assert shop.dataset.context.select("member", "born", "seen", "n").rows() == [
        (True, date(1980, 2, 3), datetime(2020, 1, 1, 2, 3), 2**53 + 1),
        (None, None, None, None),
    ]
    assert any("tags is left out" in note for note in shop.check.tables[0].notes)


def test_the_catalog_and_the_customers_are_aligned_and_their_gaps_told(tmp_path):
    (tmp_path / "items.csv").write_text("sku,title,price\n2,two,1.5\n3,three,2\n3,again,2\n,nobody,1\n")
    (tmp_path / "people.csv").write_text("user_id,age\nb,30\na,20\n")
    (tmp_path / "log.csv").write_text("user_id,sku,time\na,1,2020-01-01\na,2,2020-01-02\nc,2,2020-01-03\n")
    shop = prepare(
        Sources(Table(tmp_path / "log.csv"), Table(tmp_path / "items.csv"), Table(tmp_path / "people.csv")),
        tmp_path / "shop",
    )
    data, check = shop.dataset, shop.check
    assert data.items.ids.to_list() == ["1", "2", "3"]
    assert data.item_features["title"].to_list() == [None, "two", "three"]
    assert data.item_features["price"].to_list() == [None, 1.5, 2.0]
    assert dict(zip(data.users.ids, data.user_features["age"], strict=True)) == {"a": 20, "c": None, "b": 30}
    assert (check.unknown_items, check.unknown_item_events, check.unsold_items) == (1, 1, 1)
    items = check.tables[1]
    assert (items.rows, items.used, items.quarantined) == (4, 2, 2)
    assert items.reasons == {"the same item was there before": 1, "no item": 1}


def test_several_logs_of_different_layout_are_one_shop(tmp_path):
    views = pl.DataFrame({"visitor_id": ["a"], "product_id": ["x"], "ts": [JANUARY], "page": ["home"]})
    orders = pl.DataFrame({"customer": ["a"], "sku": ["x"], "order_date": ["2020-01-02"], "quantity": [2]})
    shop = prepare(Sources((Table(frame=views, kind="view"), Table(frame=orders))))
    assert [(user, item, kind) for user, item, _, kind, _ in events(shop.dataset)] == [
        ("a", "x", "view"),
        ("a", "x", "purchase"),
    ]
    assert shop.dataset.context["page"].to_list() == ["home", None]
    assert shop.dataset.context["quantity"].to_list() == [None, 2.0]


def test_a_file_that_lacks_a_needed_column_is_named(tmp_path):
    (tmp_path / "1.csv").write_text("user_id,item_id\na,b\n")
    (tmp_path / "2.csv").write_text("user_id,product\na,b\n")
    with pytest.raises(MissingColumn, match=r"2\.csv lacks item_id"):
        prepare(Sources(Table(tmp_path)))
    with pytest.raises(MissingColumn, match="events need a column for item; the table has user_id, colour"):
        prepare(Sources(Table(frame=pl.DataFrame({"user_id": [1], "colour": ["red"]}))))


def items_in(folder, *columns):
    """The table of items in a file for each column of vectors, of one item each."""
    for n, column in enumerate(columns):
        pl.DataFrame({"item_id": [f"i{n}"], "embedding": column}).write_parquet(folder / f"{n}.parquet")
    return Sources(Table(frame=pl.DataFrame({"user_id": ["a"], "item_id": ["i0"]})), Table(folder / "*.parquet"))


def test_vectors_of_two_widths_in_two_files_are_said(tmp_path):
    two = (pl.Series([[0.5] * width], dtype=pl.Array(pl.Float32, width)) for width in (3, 4))
    with pytest.raises(BadTable, match=r"embedding holds vectors of the width 4 in .*1\.parquet, and .* 3 before"):
        prepare(items_in(tmp_path, *two))
    with pytest.raises(BadTable, match=r"embedding holds String in .*1\.parquet, and List\(Float64\) before"):
        prepare(items_in(tmp_path, [[0.5]], ["a"]))


def test_lists_and_vectors_of_like_numbers_are_one_column(tmp_path):
    vector = pl.Series([[1.0, 2.0]], dtype=pl.Array(pl.Float32, 2))
    made = prepare(items_in(tmp_path, vector, [[3.0, 4.0]])).dataset
    assert made.item_features["embedding"].to_list() == [[1.0, 2.0], [3.0, 4.0]]


@pytest.mark.parametrize(
    "text", ["user_id,item_id,time\n", "user_id,item_id,time\n,x,2020-01-01\n", "user_id,item_id\n\n\n"]
)
def test_when_nothing_is_left_it_is_said_why(tmp_path, text):
    with pytest.raises(EmptyData, match=r"has a header and no rows|none of the 1 rows.*no customer"):
        prepared(tmp_path, text)
    assert not (tmp_path / "shop").exists()


def test_a_customer_with_a_million_events_is_read_and_named():
    random = np.random.default_rng(0)
    user = np.concatenate([np.zeros(1_000_000, np.int64), np.repeat(np.arange(1, 101), 20)])
    frame = pl.DataFrame(
        {
            "user_id": user,
            "item_id": random.integers(0, 5000, len(user)),
            "time": JANUARY + random.permutation(len(user)),
        }
    )
    shop = prepare(Sources(Table(frame=frame)))
    assert len(shop.dataset) == len(user)
    assert shop.check.outliers[0].customer == "0"
    assert shop.check.outliers[0].count == 1_000_000
    assert (np.diff(shop.dataset.time[:1_000_000]) >= 0).all()


def test_an_outlier_goes_to_quarantine_on_request():
    user = np.concatenate([np.zeros(5_000, np.int64), np.repeat(np.arange(1, 101), 20)])
    frame = pl.DataFrame({"user_id": user, "item_id": user % 7, "time": JANUARY + np.arange(len(user)) * 7})
    shop = prepare(Sources(Table(frame=frame)), checks=Checks(outliers="quarantine"))
    assert len(shop.dataset) == 2_000
    assert shop.check.tables[0].reasons == {"a customer far beyond the rest": 5_000}


def test_minimum_counts_leave_the_core_and_quarantine_the_rest(tmp_path):
    shop = prepared(
        tmp_path,
        log(
            "a,1,2020-01-01,x",
            "a,2,2020-01-02,x",
            "b,1,2020-01-03,y",
            "b,2,2020-01-04,",
            "c,9,2020-01-05,z",
            header="user_id,item_id,time,device",
        ),
        Checks(min_user_events=2, min_item_events=2),
    )
    assert shop.dataset.users.ids.to_list() == ["a", "b"]
    assert shop.dataset.items.ids.to_list() == ["1", "2"]
    assert shop.dataset.context["device"].to_list() == ["x", "x", "y", None]
    assert [(row["line"], row["reason"]) for row in quarantine(shop)] == [("6", "below the minimum count")]
    assert (shop.check.events, shop.check.customers, shop.check.items) == (4, 2, 2)


def test_a_log_larger_than_a_part_is_sorted_on_disk_as_in_memory(tmp_path, monkeypatch):
    random = np.random.default_rng(0)
    n = 5_000
    frame = pl.DataFrame(
        {
            "user_id": np.concatenate([random.integers(0, 300, n - 700), np.full(700, 7)]),
            "item_id": random.integers(0, 50, n),
            "time": JANUARY + random.integers(0, 500, n),
            "device": random.choice(["web", "app"], n),
        }
    )
    paths = [tmp_path / f"{part}.parquet" for part in range(10)]
    for part, path in enumerate(paths):
        frame.slice(part * 500, 500).write_parquet(path)
    source = Sources(Table(tuple(paths)))
    whole = prepare(source)
    monkeypatch.setattr(spill, "PART", 600)
    parts = prepare(source, tmp_path / "shop")
    for name in ("user", "item", "time", "weight", "kind"):
        assert np.array_equal(getattr(whole.dataset, name), getattr(parts.dataset, name)), name
    assert whole.dataset.context.equals(parts.dataset.context)
    assert whole.check.tables[0].reasons == parts.check.tables[0].reasons
    assert whole.check.sessions == parts.check.sessions


def test_what_is_prepared_is_loaded_as_it_was(tmp_path):
    shop = prepared(tmp_path, log("a,x,2020-01-01,buy,2,5", ",y,2020-01-02,view,,"))
    again = Prepared.load(tmp_path / "shop")
    assert events(again.dataset) == events(shop.dataset)
    assert again.check == shop.check == CheckReport.from_json(shop.check.json())
    with pytest.raises(UnreadableFile, match="no prepared data of version 2"):
        Prepared.load(tmp_path)
    (tmp_path / "shop" / "time.npy").write_bytes(b"cut")
    with pytest.raises(UnreadableFile, match="damaged"):
        Prepared.load(tmp_path / "shop")


def test_an_unchanged_shop_is_not_prepared_twice(tmp_path):
    text = log("a,x,2020-01-01,buy,2,5")

    def inode():
        return (tmp_path / "shop").stat().st_ino

    prepared(tmp_path, text)
    first = inode()
    prepare(Sources(Table(tmp_path / "log.csv")), tmp_path / "shop")
    assert inode() == first
    prepare(Sources(Table(tmp_path / "log.csv")), tmp_path / "shop", again=True)
    assert (second := inode()) != first
    prepare(Sources(Table(tmp_path / "log.csv"), kinds={"buy": 2.0}), tmp_path / "shop")
    assert (third := inode()) != second
    prepared(tmp_path, text + "b,y,2020-01-02,buy,1,1\n")
    assert inode() != third


def files_beside(folder: Path):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("stop_at", ["look at the tables", "read events", "sort events"])
def test_an_interrupt_leaves_what_was_there_whole_and_nothing_else(tmp_path, stop_at):
    old = prepared(tmp_path, log("a,x,2020-01-01,buy,2,5"))
    before = events(old.dataset)
    (tmp_path / "log.csv").write_text(log("b,y,2020-01-01,buy,2,5"))

    def stop(progress):
        if progress.task == stop_at:
            raise Interrupted("stopped")

    with pytest.raises(Interrupted):
        prepare(Sources(Table(tmp_path / "log.csv")), tmp_path / "shop", run=Run(on_epoch=stop))
    assert events(Prepared.load(tmp_path / "shop").dataset) == before
    assert files_beside(tmp_path) == ["log.csv", "shop"]
    assert prepare(Sources(Table(tmp_path / "log.csv")), tmp_path / "shop").dataset.users.ids.to_list() == ["b"]


def test_remains_of_a_killed_run_are_swept_and_a_half_swapped_folder_comes_back(tmp_path):
    prepared(tmp_path, log("a,x,2020-01-01,buy,2,5"))
    (tmp_path / ".shop.partial-999999999").mkdir()
    (tmp_path / "shop").rename(tmp_path / ".shop.old")
    shop = prepare(Sources(Table(tmp_path / "log.csv")), tmp_path / "shop")
    assert shop.dataset.users.ids.to_list() == ["a"]
    assert files_beside(tmp_path) == ["log.csv", "shop"]


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("here first")
    with pytest.raises(CannotWrite, match="Choose another output folder"):
        prepare(Sources(Table(frame=pl.DataFrame({"user_id": [1], "item_id": [1]}))), tmp_path / "file" / "shop")
    if os.getuid():
        (tmp_path / "locked").mkdir(mode=0o500)
        with pytest.raises(CannotWrite, match="Choose another output folder"):
            prepare(Sources(Table(frame=pl.DataFrame({"user_id": [1], "item_id": [1]}))), tmp_path / "locked" / "shop")


def test_a_folder_of_somebody_else_is_never_replaced(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").write_text("meow")
    with pytest.raises(CannotWrite, match="holds no prepared data"):
        prepare(Sources(Table(frame=pl.DataFrame({"user_id": [1], "item_id": [1]}))), tmp_path / "photos")
    assert (tmp_path / "photos" / "cat.jpg").read_text() == "meow"


def test_a_log_without_times_keeps_the_order_of_its_rows():
    frame = pl.DataFrame({"user_id": ["a", "b", "a", "a"], "item_id": ["3", "1", "2", "1"]})
    shop = prepare(Sources(Table(frame=frame)))
    assert [item for _, item, *_ in events(shop.dataset)] == ["3", "2", "1", "1"]
    assert any("No column tells the time" in warning for warning in shop.check.warnings)


def test_progress_is_told_and_only_grows():
    seen = []
    frame = pl.DataFrame({"user_id": [1, 2], "item_id": [1, 2], "time": [JANUARY] * 2})
    prepare(Sources(Table(frame=frame)), run=Run(on_epoch=seen.append))
    tasks = list(dict.fromkeys(one.task for one in seen))
    assert tasks == ["look at the tables", "read events", "sort events"]
    for task in tasks:
        done = [one.done for one in seen if one.task == task]
        assert done == sorted(done)


def test_wrong_settings_are_refused_at_the_edge():
    with pytest.raises(ConfigError, match="time zone 'Mars' is unknown"):
        Sources(Table("a.csv"), zone="Mars")
    with pytest.raises(SettingError, match="duplicates must be one of"):
        Checks(duplicates="perhaps")
    with pytest.raises(SettingError, match="earliest must be a day"):
        prepare(
            Sources(Table(frame=pl.DataFrame({"user_id": [1], "item_id": [1]}))), checks=Checks(earliest="long ago")
        )
