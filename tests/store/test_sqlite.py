"""SQLite: a locked file, a full disk, a file that goes away, a file that is none of ours."""

import sqlite3
import threading
from contextlib import ExitStack, closing

import pytest

from regulars.core.errors import CannotWrite, ConfigError, ForeignStore, StoreFull, StoreUnavailable
from regulars.store import Appended, Event, Writer, open_store
from regulars.store.schema import HISTORY, MIGRATIONS


def event(n, user_id="anna", **rest):
    return Event(str(n), user_id, "tea", "view", 1, **rest)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "shop.db"


@pytest.fixture
def store(path):
    store = open_store(f"sqlite:///{path}", timeout=0.1)
    yield store
    store.close()


def test_a_locked_file_is_told_and_written_again_when_it_is_free(store, path):
    store.events.append([event(1)])
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="locked by another program"):
            store.events.append([event(2)])
        assert store.events.histories(["anna"]) == [[event(1)]]  # readers do not wait for writers
        other.execute("ROLLBACK")
    assert store.events.append([event(2)]) == Appended(1, 0)


def test_two_writers_of_one_process_wait_for_each_other(store):
    inside, done = threading.Event(), threading.Event()

    def hold():
        with store._database.writing():
            inside.set()
            done.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    inside.wait()
    with pytest.raises(StoreUnavailable, match="busy writing"):
        store.events.append([event(1)])
    done.set()
    thread.join()
    assert store.events.append([event(1)]) == Appended(1, 0)


def test_a_full_disk_is_told_nothing_is_half_written_and_it_goes_on_when_there_is_room(store):
    store.events.append([event(1)])
    with store._database.writing() as transaction:
        pages = transaction.rows("PRAGMA page_count")[0][0]
    with store._database.writing() as transaction:
        transaction.rows(f"PRAGMA max_page_count = {pages + 2}")
    writer = Writer(store.events)
    with pytest.raises(StoreFull, match="free some space"):
        writer.append([event(n, context="x" * 1000) for n in range(2, 100)])
    assert store.events.count() == 1
    assert writer.append([event(n, context="x" * 1000) for n in range(2, 100)]) == Appended(98, 0)
    writer.close()


def test_a_file_that_goes_away_takes_no_events_along(store, path, tmp_path):
    store.events.append([event(1)])
    store.backup(tmp_path / "copy.db")
    for file in (path, path.with_name("shop.db-wal"), path.with_name("shop.db-shm")):
        file.unlink()
    for _ in range(2):
        with pytest.raises(StoreUnavailable, match="removed or replaced"):
            store.events.append([event(2)])
        with pytest.raises(StoreUnavailable, match="removed or replaced"):
            store.events.histories(["anna"])
    (tmp_path / "copy.db").rename(path)
    with pytest.raises(StoreUnavailable, match="removed or replaced"):
        store.ping()
    store.ping()
    assert store.events.append([event(2)]) == Appended(1, 0)
    assert len(store.events.histories(["anna"])[0]) == 2


def test_a_backup_is_whole_while_others_write(store, tmp_path):
    store.events.append([event(n) for n in range(2_000)])
    writer = Writer(store.events)
    futures = [writer.submit([event(f"w{n}")]) for n in range(500)]
    store.backup(tmp_path / "copy.db")
    assert all(future.result() == Appended(1, 0) for future in futures)
    writer.close()
    copy = open_store(f"sqlite:///{tmp_path / 'copy.db'}", create=False)
    assert 2_000 <= copy.events.count() <= 2_500
    copy.close()
    assert not list(tmp_path.glob("*.part"))
    with pytest.raises(CannotWrite):
        store.backup(tmp_path / "none" / "copy.db")


def test_what_is_not_a_store_is_left_alone(tmp_path):
    (tmp_path / "a.db").write_text("a letter to my aunt, longer than the header of a database " * 10)
    with pytest.raises(ForeignStore, match="not an SQLite file"):
        open_store(f"sqlite:///{tmp_path / 'a.db'}")
    with closing(sqlite3.connect(tmp_path / "b.db")) as shop:
        shop.execute("CREATE TABLE orders (id)")
    with pytest.raises(ForeignStore, match="it has orders; name another file"):
        open_store(f"sqlite:///{tmp_path / 'b.db'}")
    with closing(sqlite3.connect(tmp_path / "b.db")) as shop:
        assert shop.execute("SELECT name FROM sqlite_master").fetchall() == [("orders",)]
    with pytest.raises(ForeignStore, match="there is no store"):
        open_store(f"sqlite:///{tmp_path / 'c.db'}", create=False)
    assert not (tmp_path / "c.db").exists()
    with pytest.raises(ConfigError, match="names no file"):
        open_store("sqlite:///")
    with pytest.raises(CannotWrite, match="cannot be made"):
        open_store(f"sqlite:///{tmp_path / 'a.db' / 'inside' / 'c.db'}")
    with pytest.raises(StoreUnavailable, match="does not answer"):
        open_store(f"sqlite:///{tmp_path}", create=True)


def test_a_store_of_a_later_release_is_refused(store, path):
    store.close()
    with closing(sqlite3.connect(path)) as later:
        later.execute(f"INSERT INTO {HISTORY} VALUES (?, 'tables of tomorrow', 0)", (len(MIGRATIONS) + 1,))
        later.commit()
    with pytest.raises(ForeignStore, match=r"later release.*tables of tomorrow"):
        open_store(f"sqlite:///{path}")


def test_a_damaged_file_is_told(store, path):
    store.events.append([event(n, context="x" * 500) for n in range(500)])
    store.close()
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 8192) + whole[-4096:])
    with pytest.raises((StoreUnavailable, ForeignStore)):
        open_store(f"sqlite:///{path}").events.append([event("x")])


def test_no_more_than_a_few_readers_wait_for_the_next_call_however_many_read_at_once(store):
    store.events.append([event(1)])
    database = store._database
    with ExitStack() as open_at_once:
        for _ in range(20):
            open_at_once.enter_context(database._reading())
    assert 0 < len(database._readers) <= 4
    assert store.events.count() == 1
