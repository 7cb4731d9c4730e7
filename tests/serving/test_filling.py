"""Filling: what goes from tables into the store comes back out of it as the same dataset."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from regulars.core import Dataset
from regulars.core.errors import ConfigError
from regulars.data import Sources, Table, prepare
from regulars.data.kinds import weights
from regulars.serving.filling import events_of, fill, in_order_of, sources_of
from regulars.serving.loaded import Mark
from regulars.store import Event, open_store

KINDS = ("view", "cart", "purchase", "return", "rating", "impression", "remove_from_cart")
WEIGHTS = weights({"cart": 0.3})


def log(n=3000, seed=0):
    random = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "user_id": [f"u{user}" for user in random.integers(0, 60, n)],
            "item_id": random.integers(100, 150, n),
            "time": random.permutation(n * 500)[:n] + 1_700_000_000,
            "kind": random.choice(KINDS, n),
            "quantity": random.integers(1, 4, n).astype(float),
            "rating": random.integers(1, 6, n).astype(float),
            "order": [f"o{order}" for order in random.integers(0, 500, n)],
            "channel": random.choice(["web", "app", None], n),
            "offset": random.random(n),
        }
    )


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    table = Table(frame=log(), columns={"session": "order"})
    sources = Sources(table, Table(frame=items()), Table(frame=customers()), kinds={"cart": 0.3})
    return prepare(sources, tmp_path_factory.mktemp("log") / "prepared").dataset


def items():
    return pl.DataFrame(
        {
            "item_id": np.arange(100, 155),
            "price": np.arange(55) / 4,
            "shelf": ["true" if n % 3 else "FALSE" for n in range(55)],
            "tags": [["a", "b"] if n % 2 else None for n in range(55)],
        }
    )


def customers():
    return pl.DataFrame({"user_id": [f"u{n}" for n in range(62)], "city": ["Ulm", None] * 31})


def told(data):
    """The events as plain rows, in one order, whatever the vocabularies."""
    columns = [name for name in ("quantity", "channel", "offset") if name in data.context.columns]
    return pl.DataFrame(
        [
            data.users.names(data.user).cast(pl.String).alias("user"),
            data.items.names(data.item).cast(pl.String).alias("item"),
            pl.Series("time", np.asarray(data.time)),
            pl.Series("kind", list(data.kinds)).gather(data.kind.astype(np.int64)),
            pl.Series("weight", np.asarray(data.weight)),
            *data.context.select(columns),
        ]
    ).sort("user", "time")


def back(store, address, folder, context=("channel", "offset")):
    until = store.events.last_place()
    sources = sources_of(address, store.items.frame(), store.customers.frame(), until=until, context=context)
    return prepare(
        Sources(sources.logs, sources.items, sources.customers, kinds={"cart": 0.3}, time_format="s"), folder
    )


def test_what_was_filled_in_comes_back_as_it_was(tmp_path, data):
    address = f"sqlite:///{tmp_path / 'shop.db'}"
    store = open_store(address)
    filled = fill(store, data, WEIGHTS)
    assert (filled.events, filled.known, filled.items, filled.customers) == (len(data), 0, 55, 31)
    again = back(store, address, tmp_path / "prepared").dataset
    wanted = told(data)
    found = told(again).with_columns(pl.col("offset").cast(pl.Float64))
    assert found.equals(wanted)
    assert again.n_items == 55
    store.close()


def test_what_was_filled_in_comes_back_from_postgresql_too(tmp_path, data, postgres):
    address = f"{postgres}{'&' if '?' in postgres else '?'}options=-csearch_path%3Dfilling"
    store = open_store(address)
    fill(store, data, WEIGHTS)
    again = back(store, address, tmp_path / "prepared").dataset
    assert told(again).with_columns(pl.col("offset").cast(pl.Float64)).equals(told(data))
    store.close()


def test_filling_twice_stores_nothing_twice(tmp_path, data):
    store = open_store(f"sqlite:///{tmp_path / 'shop.db'}")
    fill(store, data, WEIGHTS)
    again = fill(store, data, WEIGHTS)
    assert (again.events, again.known) == (0, len(data))
    assert store.events.count() == len(data)
    store.close()


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_who_was_erased_does_not_come_back_with_the_next_load(request, tmp_path, data, database):
    url = f"sqlite:///{tmp_path}/shop.db" if database == "sqlite" else request.getfixturevalue("postgres")
    store = open_store(url)
    fill(store, data, WEIGHTS)
    whole = store.events.count()
    gone = store.erasures.erase("u8")
    again = fill(store, data, WEIGHTS)
    assert (again.events, again.erased, again.known) == (0, 1, whole - gone.events)
    assert store.customers.get(["u8"])[0] is None
    assert store.customers.get(["u6"])[0].fields == {"city": "Ulm"}
    moment = store.erasures.moments(["u8"])["u8"]
    later = replace(data, time=np.where(data.user == data.users.index(["u8"])[0], moment + 1 + data.time, data.time))
    back = fill(store, later, WEIGHTS)
    assert back.events == gone.events  # who buys again, with what came after
    assert store.customers.get(["u8"])[0] is not None
    store.close()


def test_the_store_has_the_weight_of_the_event_beside_that_of_its_kind(data):
    table = events_of(data, 0, len(data), WEIGHTS)
    assert set(table.filter(pl.col("kind") != "rating")["weight"]) == {1.0}
    assert set(table.filter(pl.col("kind") == "rating")["weight"]) == {1.0, 2.0, 3.0, 4.0, 5.0}


def test_true_and_false_of_a_csv_file_are_flags_in_the_store(tmp_path, data):
    store = open_store(f"sqlite:///{tmp_path / 'shop.db'}")
    fill(store, data, WEIGHTS)
    found = store.items.get(["100", "101"])
    assert [one.fields["shelf"] for one in found] == [False, True]
    assert found[1].fields["tags"] == ["a", "b"]
    store.close()


@pytest.mark.parametrize("name", ["a'b", 'a"; DROP TABLE events; --', "a b", "", "$", "a.b", "ünd'"])
def test_a_context_that_is_no_name_is_refused_before_the_database_sees_it(tmp_path, data, name):
    address = f"sqlite:///{tmp_path / 'shop.db'}"
    store = open_store(address)
    with pytest.raises(ConfigError, match="letters, digits and _"):
        sources_of(address, store.items.frame(), store.customers.frame(), until=1, context=(name,))
    store.close()


def test_a_dataset_takes_the_order_of_a_model_that_knows_items_which_are_gone(data):
    order = data.items.extended(["gone"]).ids.reverse()
    turned = in_order_of(data, type(data.items)(order))
    assert turned.items.ids.to_list()[: len(order)] == order.to_list()
    assert told(turned).equals(told(data))
    assert turned.item_features.height == turned.n_items
    assert turned.item_features["price"][turned.items.places(["104"])[0]] == 1.0
    assert turned.item_features["price"][turned.items.places(["gone"])[0]] is None


def test_no_customer_is_cut_in_two_by_the_parts(tmp_path, data, monkeypatch):
    monkeypatch.setattr("regulars.serving.filling._ROWS", 70)
    store = open_store(f"sqlite:///{tmp_path / 'shop.db'}")
    mark = Mark(tmp_path / "loaded.json", "these tables")
    filled = fill(store, data, WEIGHTS, mark=mark)
    assert filled.events == store.events.count() == len(data)
    assert not Mark.unfinished(mark.path)
    store.close()


def test_a_note_of_other_tables_or_of_a_store_that_is_behind_counts_for_nothing(tmp_path):
    path = tmp_path / "loaded.json"
    assert not Mark.unfinished(path)
    Mark(path, "these").noted(events=10, place=10, documents=True)
    assert Mark.unfinished(path)
    assert Mark.read(path, "these", 12).events == 10
    assert Mark.read(path, "others", 12).events == 0
    assert Mark.read(path, "these", 9).events == 0
    assert Mark.read(path, "", 12).events == 0
    path.write_text("[]", encoding="utf-8")
    assert Mark.read(path, "these", 12).events == 0


def test_a_log_of_one_customer_is_filled_in(tmp_path):
    table = pl.DataFrame({"user_id": ["a"] * 5, "item_id": list("vwxyz"), "time": [1, 2, 3, 4, 5], "kind": "view"})
    store = open_store(f"sqlite:///{tmp_path / 'shop.db'}")
    assert fill(store, Dataset.of(table), WEIGHTS).events == 5
    store.close()


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_an_event_of_the_log_that_is_sent_again_with_its_id_is_a_repetition(request, tmp_path, database):
    frame = log(400).with_columns(event_id=pl.format("order-line/{}", pl.int_range(400)))
    prepared = prepare(Sources(Table(frame=frame, columns={"session": "order"})), tmp_path / "prepared")
    if database == "sqlite":
        store = open_store(f"sqlite:///{tmp_path / 'shop.db'}")
    else:
        store = open_store(request.getfixturevalue("postgres_server").schema("event_ids"))
    done = fill(store, prepared.dataset, WEIGHTS, ids=prepared.event_ids)
    assert (done.events, done.known) == (len(prepared.dataset), 0)
    assert fill(store, prepared.dataset, WEIGHTS, ids=prepared.event_ids).events == 0
    user, item, moment = frame.row(7)[:3]
    sent = Event("order-line/7", user, str(item), "purchase", moment)
    assert store.events.append([sent, Event("order-line/400", user, str(item), "purchase", moment)]) == (1, 1)
    by_id = {one.event_id: one for one in store.events.histories([user])[0]}
    assert (by_id["order-line/7"].item_id, by_id["order-line/7"].time) == (str(item), moment)
    store.close()
