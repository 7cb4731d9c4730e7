"""Databases: the same events from SQLite, DuckDB and PostgreSQL as from a frame."""

import sqlite3
from contextlib import closing

import polars as pl
import pytest

from regulars.core.errors import ConfigError, UnreadableFile
from regulars.data import Sources, Table, prepare

ROWS = [
    ("007", 12345678901234567, "2020-01-01 10:00:00", 2.5),
    ("ü x", 2, "2020-01-02 10:00:00", None),
    (None, 3, "2020-01-03", 1.0),
]
FRAME = pl.DataFrame(ROWS, schema=["customer_id", "product_id", "order_date", "price"], orient="row")


def same(prepared):
    """Whether these are the events of ROWS: two are used, the one without a customer is not."""
    expected = prepare(Sources(Table(frame=FRAME)))
    for name in ("users", "items"):
        assert [str(i) for i in getattr(prepared.dataset, name).ids] == [
            str(i) for i in getattr(expected.dataset, name).ids
        ]
    assert prepared.dataset.time.tolist() == expected.dataset.time.tolist()
    assert prepared.dataset.context["price"].to_list() == expected.dataset.context["price"].to_list() == [2.5, None]
    assert prepared.check.tables[0].reasons == {"no customer": 1}


@pytest.fixture
def sqlite(tmp_path):
    path = tmp_path / "a shop.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE orders (customer_id TEXT, product_id INTEGER, order_date TEXT, price REAL)")
        connection.executemany("INSERT INTO orders VALUES (?, ?, ?, ?)", ROWS)
        connection.commit()
    return f"sqlite:///{path}".replace(" ", "%20")


def test_events_come_from_sqlite(sqlite):
    same(prepare(Sources(Table(url=sqlite, table="orders"))))
    same(prepare(Sources(Table(url=sqlite, query="SELECT * FROM orders WHERE product_id > 0"))))


def test_an_unchanged_sqlite_file_is_not_prepared_twice(sqlite, tmp_path):
    seen = []
    for _ in range(2):
        prepare(Sources(Table(url=sqlite, table="orders")), tmp_path / "out")
        seen.append((tmp_path / "out").stat().st_ino)
    assert seen[0] == seen[1]


def test_a_table_that_is_not_there_is_told_with_those_that_are(sqlite, tmp_path):
    with pytest.raises(UnreadableFile, match="It has the tables orders"):
        prepare(Sources(Table(url=sqlite, table="sales")))
    with pytest.raises(UnreadableFile, match="there is no SQLite file"):
        prepare(Sources(Table(url=f"sqlite:///{tmp_path}/none.db", table="sales")))
    with pytest.raises(ConfigError, match="wanted sqlite:///, duckdb:/// or postgresql://"):
        prepare(Sources(Table(url="mysql://localhost/shop", table="sales")))


def test_a_column_of_many_types_becomes_text(tmp_path):
    with closing(sqlite3.connect(tmp_path / "b.db")) as connection:
        connection.execute("CREATE TABLE log (user_id, item_id)")
        connection.executemany("INSERT INTO log VALUES (?, ?)", [(1, "a"), ("x", 2.5), (b"y", 3)])
        connection.commit()
    dataset = prepare(Sources(Table(url=f"sqlite:///{tmp_path}/b.db", table="log"))).dataset
    assert dataset.users.ids.to_list() == ["1", "x", "y"]
    assert dataset.items.ids.to_list() == ["a", "2.5", "3"]


def test_events_come_from_duckdb(tmp_path):
    duckdb = pytest.importorskip("duckdb")
    with closing(duckdb.connect(str(tmp_path / "shop.duckdb"))) as connection:
        connection.execute(
            "CREATE TABLE orders (customer_id VARCHAR, product_id BIGINT, order_date TIMESTAMP, price DOUBLE)"
        )
        connection.executemany("INSERT INTO orders VALUES (?, ?, ?, ?)", [list(row) for row in ROWS])
    url = f"duckdb:///{tmp_path}/shop.duckdb"
    same(prepare(Sources(Table(url=url, table="orders"))))
    with pytest.raises(UnreadableFile, match="does not answer"):
        prepare(Sources(Table(url=url, table="sales")))


def test_events_come_from_postgresql(postgres):
    psycopg = pytest.importorskip("psycopg")
    with psycopg.connect(postgres) as connection:
        connection.execute(
            "CREATE TABLE orders (customer_id TEXT, product_id BIGINT, order_date TIMESTAMPTZ, price NUMERIC)"
        )
        with connection.cursor() as cursor:
            cursor.execute("SET TimeZone TO 'UTC'")
            cursor.executemany("INSERT INTO orders VALUES (%s, %s, %s, %s)", ROWS)
    same(prepare(Sources(Table(url=postgres, table="public.orders"))))
    same(prepare(Sources(Table(url=postgres, query="SELECT * FROM orders WHERE product_id > 0"))))
    with pytest.raises(UnreadableFile, match=r'does not answer.*"sales" does not exist'):
        prepare(Sources(Table(url=postgres, table="sales")))
    with pytest.raises(UnreadableFile, match="read-only transaction"):
        prepare(Sources(Table(url=postgres, query="DELETE FROM orders RETURNING *")))
