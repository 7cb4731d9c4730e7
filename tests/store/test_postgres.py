"""PostgreSQL: a server that goes away and comes back, tables of others, a store that many open at once."""

import signal
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from regulars.core.errors import CannotDo, ForeignStore, StoreFull, StoreUnavailable
from regulars.store import Appended, Event, Writer, open_store
from regulars.store.postgres import _meant
from regulars.store.schema import HISTORY, MIGRATIONS


def event(n, user_id="anna"):
    return Event(str(n), user_id, "tea", "view", 1)


@pytest.fixture
def url(postgres_server):
    return postgres_server.schema(uuid.uuid4().hex)


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_a_server_that_comes_back_is_used_again(postgres_server, url, end):
    store = open_store(url, timeout=1)
    writer = Writer(store.events)
    writer.append([event(1)])
    getattr(postgres_server, end)()
    try:
        for _ in range(2):
            with pytest.raises(StoreUnavailable):
                writer.append([event(2)])
            with pytest.raises(StoreUnavailable):
                store.events.histories(["anna"])
            with pytest.raises(StoreUnavailable):
                store.ping()
            with pytest.raises(StoreUnavailable):
                open_store(url, timeout=1)
    finally:
        postgres_server.start()
    store.ping()
    assert writer.append([event(1), event(2)]) == Appended(1, 1)
    assert store.events.histories(["anna"]) == [[event(1), event(2)]]
    writer.close()
    store.close()


def test_a_server_that_hangs_is_not_waited_for_and_used_again_when_it_answers(postgres_server, url):
    store = open_store(url, timeout=1)
    store.events.append([event(1)])
    postgres_server.signal(signal.SIGSTOP)
    try:
        begun = time.monotonic()
        with ThreadPoolExecutor(2) as pool:
            calls = [pool.submit(store.events.append, [event(2)]), pool.submit(store.events.histories, ["anna"])]
            for call in calls:
                with pytest.raises(StoreUnavailable):
                    call.result(30)
        assert time.monotonic() - begun < 15
        begun = time.monotonic()
        with pytest.raises(StoreUnavailable, match="does not answer"):
            store.ping()
        assert time.monotonic() - begun < 0.1  # nobody else waits
    finally:
        postgres_server.signal(signal.SIGCONT)
    while store._database._watch.away:
        assert time.monotonic() - begun < 30
        time.sleep(0.05)
    assert store.events.append([event(1), event(3)]) == Appended(1, 1)
    store.close()


def test_a_call_that_is_only_slow_goes_on(url):
    store = open_store(url, timeout=1)
    assert store._database.rows("SELECT 1 FROM pg_sleep(3.5)") == [(1,)]
    store.close()


def test_a_writer_that_hangs_is_not_waited_for_forever(url):
    one, other = open_store(url, timeout=0.2), open_store(url, timeout=0.2)
    with one._database.writing() as transaction:
        transaction.run("UPDATE counters SET value = value WHERE name = 'events'")
        with pytest.raises(StoreUnavailable, match="lock timeout"):
            other.events.append([event(1)])
    assert other.events.append([event(1)]) == Appended(1, 0)
    one.close()
    other.close()


def test_connections_that_are_all_in_use_are_not_waited_for_forever(url):
    store = open_store(url, timeout=0.2)
    pool = store._database
    held = [pool.snapshot() for _ in range(16)]
    for one in held:
        one.__enter__()
    with pytest.raises(StoreUnavailable, match="all connections"):
        store.ping()
    for one in held:
        one.__exit__(None, None, None)
    store.ping()
    assert len(pool._idle) == 16
    store.close()


def test_many_that_open_a_new_store_at_once_make_it_once(url):
    with ThreadPoolExecutor(6) as pool:
        stores = list(pool.map(lambda _: open_store(url), range(6)))
    with psycopg.connect(url) as connection:
        assert connection.execute(f"SELECT count(*) FROM {HISTORY}").fetchone() == (len(MIGRATIONS),)
    stores[0].events.append([event(1)])
    assert stores[5].events.count() == 1
    for store in stores:
        store.close()


def test_tables_of_the_shop_may_stand_beside_unless_they_have_the_same_name(url):
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE orders (id int)")
    open_store(url).close()
    with psycopg.connect(url) as connection:
        connection.execute(f"DROP TABLE {HISTORY}")
    with pytest.raises(ForeignStore, match=r"not a store of Regulars: it has aliases.*search_path"):
        open_store(url)


def test_the_schema_that_an_address_names_is_made(postgres_server):
    url = f"{postgres_server.url}?options=-csearch_path%3DBrand_new"
    with pytest.raises(ForeignStore, match="no store"):
        open_store(url, create=False)
    store = open_store(url)
    store.events.append([event(1)])
    store.close()
    with psycopg.connect(postgres_server.url) as connection:
        assert connection.execute("SELECT count(*) FROM brand_new.events").fetchone() == (1,)


def test_a_store_of_a_later_release_is_refused(url):
    open_store(url).close()
    with psycopg.connect(url) as connection:
        connection.execute(f"INSERT INTO {HISTORY} VALUES (%s, 'tomorrow', 0)", (len(MIGRATIONS) + 1,))
    with pytest.raises(ForeignStore, match="later release"):
        open_store(url)


def test_followers_miss_nothing_of_writers_that_overtake_each_other(url):
    stores = [open_store(url) for _ in range(4)]
    seen, place = [], 0

    def write(n):
        for k in range(40):
            stores[n].events.append([event(f"{n}-{k}")])

    with ThreadPoolExecutor(3) as pool:
        work = [pool.submit(write, n) for n in range(3)]
        while not (all(one.done() for one in work) and place == stores[3].events.last_place()):
            for placed in stores[3].events.since(place):
                seen.append(placed.event.event_id)
                place = placed.place
    assert sorted(seen) == sorted(f"{n}-{k}" for n in range(3) for k in range(40))
    for store in stores:
        store.close()


def test_a_backup_of_one_file_is_for_sqlite(url, tmp_path):
    store = open_store(url)
    with pytest.raises(CannotDo, match="regulars store dump"):
        store.backup(tmp_path / "copy.db")
    store.close()


def test_a_database_that_cannot_keep_every_text_is_refused(postgres_server):
    with psycopg.connect(postgres_server.url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE old ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    with pytest.raises(ForeignStore, match="keeps texts as LATIN1; a store needs one in UTF8"):
        open_store(postgres_server.url.replace("/postgres", "/old"))


def test_a_full_disk_and_an_address_that_is_none_are_told():
    assert isinstance(_meant(psycopg.errors.DiskFull("no space left"), "shop"), StoreFull)
    with pytest.raises(ForeignStore, match="cannot be understood"):
        open_store("postgresql://host:port:more/x?nonsense=1")
    with pytest.raises(StoreUnavailable):
        open_store("postgresql://shop@127.0.0.1:1/postgres", timeout=1)
