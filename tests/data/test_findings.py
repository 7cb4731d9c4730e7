"""A first look: which table is which."""

import json

import polars as pl
import pytest

from regulars.core.errors import EmptyData
from regulars.data import Sources, Table, inspect, prepare


@pytest.fixture
def shop(tmp_path):
    for part in range(2):
        lines = [f"{part}{n},p{n},2020-01-0{1 + n},{'Buy' if n % 2 else 'pv'}" for n in range(5)]
        (tmp_path / f"log-{part}.csv").write_text("\n".join(["member_id,sku,timestamp,event_type", *lines]) + "\n")
    pl.DataFrame({"sku": [f"p{n}" for n in range(9)], "title": ["t"] * 9, "price": [1.0] * 9}).write_parquet(
        tmp_path / "products.parquet"
    )
    pl.DataFrame({"member_id": range(7), "age": range(7)}).write_ndjson(tmp_path / "members.jsonl")
    pl.DataFrame({"store": [1, 1], "opening": ["a", "b"]}).write_csv(tmp_path / "stores.csv")
    (tmp_path / "picture.csv").write_bytes(b"\x89PNG\r\n")
    return tmp_path


def test_every_table_of_a_folder_is_told_apart(shop):
    found = inspect([shop])
    (log,) = found.events
    assert [path.rpartition("/")[2] for path in log.paths] == ["log-0.csv", "log-1.csv"]
    assert log.columns == {"user": "member_id", "item": "sku", "time": "timestamp", "kind": "event_type"}
    assert log.kinds == {"pv": 0.2, "Buy": 1.0}
    assert (log.rows, log.estimated, log.note) == (10, True, "CSV, utf-8")
    assert found.items.columns == {"item": "sku"}
    assert (found.items.rows, found.items.estimated) == (9, False)
    assert found.customers.columns == {"user": "member_id"}
    assert [table.names for table in found.others] == [("store", "opening")]
    assert "a PNG picture" in found.refused[0]
    json.dumps(found.json())


def test_what_is_found_can_be_prepared_as_it_stands(shop):
    found = inspect([shop / "*.csv", shop / "products.parquet"])
    log = found.events[0]
    prepared = prepare(Sources(Table(log.paths, columns=log.columns), items=Table(found.items.paths)))
    assert prepared.check.events == 10


def test_nothing_to_look_at_is_told(shop):
    with pytest.raises(EmptyData, match=r"nothing to look at.*PNG"):
        inspect([shop / "picture.csv"])
