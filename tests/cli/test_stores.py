"""regulars store: what is in it, a copy of it, from one database to the other."""

import pytest

from regulars.store import Event, Version, open_store


@pytest.fixture
def served(shop, monkeypatch):
    """A shop whose service has met somebody, and whose folder one is in."""
    monkeypatch.chdir(shop.folder)
    store = open_store(f"sqlite:///{shop.folder / 'regulars-out' / 'service.db'}")
    store.events.append([Event("1", "anna", "tea", "view", 1_700_000_000), Event("2", "ben", "tea", "view", 2**62)])
    store.items.put({"tea": {"price": 3}})
    store.models.register(Version("v1", "models/v1", stage="live"))
    store.close()
    return shop


def test_the_store_is_told(served):
    assert "service.db" in served.ok("store").out
    found = served.ok("store", "info", "--json").json
    assert (found["events"], found["items"], found["live"], found["last stored event, of"]) == (2, 1, "v1", str(2**62))


def test_it_is_backed_up_dumped_and_restored(served):
    served.ok("store", "backup", "copies/monday.db")
    copy = open_store(f"sqlite:///{served.folder / 'copies' / 'monday.db'}", create=False)
    assert copy.events.count() == 2
    copy.close()
    served.ok("store", "dump", "monday")
    found = served.ok("store", "restore", "monday", "--store", f"sqlite:///{served.folder / 'other.db'}", "--json")
    assert found.json["events"] == 2


def test_it_goes_from_sqlite_to_postgresql(served, postgres_server):
    served.ok("store", "dump", "monday")
    url = postgres_server.schema("moved")
    found = served.ok("store", "restore", "monday", "--store", url, "--json").json
    assert (found["events"], found["address"]) == (2, f"postgresql://127.0.0.1:{postgres_server.port}/postgres")


def test_mistakes_are_told(served):
    for words, message in (
        (["paint"], "store can info, backup, dump, restore; asked for was 'paint'"),
        (["backup"], "backup needs a path, such as: regulars store backup copies/monday"),
        (["info", "x"], "info needs no path"),
        (["backup", "regulars.toml/monday.db"], "regulars.toml cannot be made"),
        (["restore", "nowhere"], "not the dump of a store"),
        (["info", "--store", "sqlite:///none.db"], "there is no store"),
    ):
        answer = served.run("store", *words)
        assert answer.code == 4
        assert message in answer.said
