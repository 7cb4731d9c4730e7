"""What every store keeps to: SQLite in a file, PostgreSQL on a server."""

import math
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import polars as pl
import pytest

from regulars.core.errors import (
    BadRecord,
    CannotDo,
    CannotWrite,
    ConfigError,
    DataError,
    ForeignStore,
    MissingColumn,
    SettingError,
    StoreUnavailable,
    UnknownId,
)
from regulars.data import Sources, Table, prepare
from regulars.store import Appended, Did, Event, Exposure, Key, Version, Writer, open_store

DAY = 86_400


@pytest.fixture(params=["sqlite", "postgres"])
def new_url(request, tmp_path):
    """Makes addresses where no store is yet."""
    if request.param == "sqlite":
        return lambda: f"sqlite:///{quote(str(tmp_path / f'a shop {uuid.uuid4().hex[:8]}.db'))}"
    server = request.getfixturevalue("postgres_server")
    return lambda: server.schema(f"s{uuid.uuid4().hex[:12]}")


@pytest.fixture
def url(new_url):
    return new_url()


@pytest.fixture
def opened():
    """Opens stores and closes them at the end."""
    stores = []

    def open_one(url, **how):
        stores.append(open_store(url, **how))
        return stores[-1]

    yield open_one
    for store in stores:
        store.close()


@pytest.fixture
def store(opened, url):
    return opened(url)


def event(event_id, user_id="anna", item_id="tea", *, time=100, kind="view", **rest):
    return Event(str(event_id), user_id, item_id, kind, time, **rest)


def exposure(exposure_id, user_id="anna", items=("tea", "milk"), *, time=100, **rest):
    n = len(items)
    scores, chances = tuple(float(n - rank) for rank in range(n)), (1.0,) * n
    return Exposure(exposure_id, user_id, "home", time, tuple(items), scores, ("als",) * n, chances, **rest)


def ids(events):
    return [one.event_id for one in events]


class TestEvents:
    def test_an_event_is_there_as_it_was_sent(self, store):
        sent = Event("e", "ü 'x\"; --", "🍵", "purchase", -5, 2.5, -1.0, 3.25, "s", '{"store": "7"}', "x1")
        assert store.events.append([sent, event(2, time=7, weight=3)]) == Appended(2, 0)
        assert store.events.histories([sent.user_id]) == [[sent]]
        assert store.events.histories(["anna"]) == [[event(2, time=7, weight=3.0)]]

    def test_the_same_id_is_the_same_event(self, store):
        assert store.events.append([event(1), event(2), event(1, item_id="milk")]) == Appended(2, 1)
        assert store.events.append([event(2), event(3)]) == Appended(1, 1)
        assert store.events.count() == 3
        assert store.events.append([]) == Appended(0, 0)

    def test_late_events_are_placed_by_their_time_and_equal_times_by_arrival(self, store):
        store.events.append([event("c", time=30), event("a", time=10)])
        store.events.append([event("d", time=30), event("b", time=20)])
        assert ids(store.events.histories(["anna"])[0]) == ["a", "b", "c", "d"]

    def test_histories_are_the_newest_before_a_moment_for_each_customer(self, store):
        store.events.append([event(f"{user}{n}", user, time=n) for n in range(10) for user in ("anna", "ben")])
        found = store.events.histories(["ben", "nobody", "anna", "ben"], before=8, last=3)
        assert [ids(history) for history in found] == [
            ["ben5", "ben6", "ben7"],
            [],
            ["anna5", "anna6", "anna7"],
            ["ben5", "ben6", "ben7"],
        ]
        assert store.events.pasts(["ben", "nobody"], before=8, last=3) == [
            [Did("tea", "view", time, 1.0, None) for time in (5, 6, 7)],
            [],
        ]
        assert store.events.histories([]) == []
        assert store.events.histories(["anna"], last=0) == [[]]

    def test_followers_see_what_arrived_after_their_place(self, store):
        assert store.events.last_place() == 0
        assert store.events.since(0) == []
        store.events.append([event("a", time=9), event("b", time=3)])
        seen = store.events.since(0)
        store.events.append([event("b"), event("c", time=1)])
        more = store.events.since(seen[-1].place)
        assert ids(one.event for one in seen) == ["a", "b"]
        assert ids(one.event for one in more) == ["c"]
        assert store.events.last_place() == more[-1].place
        assert ids(one.event for one in store.events.since(0, limit=2)) == ["a", "b"]
        assert store.events.since(more[-1].place) == []

    def test_the_customers_are_told_page_by_page(self, store):
        store.events.append([event(name, name) for name in ("Ä", "b", "a", "B", "😀", "\uffee")])
        store.events.append([event("again", "a")])
        assert store.events.users() == ["B", "a", "b", "Ä", "\uffee", "😀"]
        assert store.events.users(after="a", limit=2) == ["b", "Ä"]

    def test_who_did_something_since_is_told_once(self, store):
        assert store.events.users_since(0) == []
        store.events.append([event("1", "a"), event("2", "b")])
        place = store.events.last_place()
        store.events.append([event("3", "visitor"), event("4", "c"), event("5", "c"), event("1", "d")])
        store.events.merge("visitor", "b")
        assert sorted(store.events.users_since(place)) == ["b", "c"]
        assert sorted(store.events.users_since(0)) == ["a", "b", "c"]

    def test_a_visitor_becomes_a_customer(self, store):
        store.events.append([event("a", "visitor", time=1), event("b", "anna", time=2)])
        store.exposures.append([exposure("x", "visitor")])
        assert store.events.owner("visitor") == "visitor"
        assert store.events.merge("visitor", "anna") == 1
        assert store.events.merge("visitor", "anna") == 0
        store.events.append([event("c", "visitor", time=3)])
        store.exposures.append([exposure("y", "visitor")])
        assert store.events.owner("visitor") == "anna"
        assert (
            ids(store.events.histories(["anna"])[0]) == ids(store.events.histories(["visitor"])[0]) == ["a", "b", "c"]
        )
        assert {one.user_id for one in store.events.histories(["anna"])[0]} == {"anna"}
        assert [store.exposures.of(x).user_id for x in "xy"] == ["anna", "anna"]

    def test_merging_goes_to_the_last_customer_and_never_in_a_circle(self, store):
        store.events.append([event(n, name) for n, name in enumerate(["phone", "laptop", "anna"])])
        assert store.events.merge("phone", "laptop") == 1
        assert store.events.merge("laptop", "anna") == 2
        assert store.events.merge("anna", "phone") == 0
        assert store.events.merge("anna", "anna") == 0
        assert [store.events.owner(name) for name in ("phone", "laptop", "anna")] == ["anna"] * 3
        assert store.events.merge("phone", "ben") == 0
        store.events.append([event(9, "phone")])
        assert [len(history) for history in store.events.histories(["anna", "ben"])] == [3, 1]

    def test_who_is_erased_leaves_nothing(self, store):
        store.events.append([event("a", "visitor"), event("b"), event("c", "ben")])
        store.events.merge("visitor", "anna")
        place = store.events.last_place()
        assert store.events.erase("visitor") == 2
        assert store.events.histories(["anna", "visitor", "ben"]) == [[], [], [event("c", "ben")]]
        assert store.events.owner("visitor") == "visitor"
        assert store.events.erase("nobody") == 0
        store.events.append([event("b")])
        assert ids(one.event for one in store.events.since(place)) == ["b"]

    def test_the_frame_has_everything_until_a_place(self, store):
        store.events.append([event("b", time=2, value=1.5), event("a", time=1, session="s")])
        place = store.events.last_place()
        store.events.append([event("c", time=0)])
        frame = store.events.frame(until=place)
        assert frame.columns == list(Event._fields)
        assert [Event(*row) for row in frame.iter_rows()] == [
            event("a", time=1, session="s"),
            event("b", time=2, value=1.5),
        ]
        assert store.events.frame().height == 3
        assert store.events.frame(until=0).schema == frame.schema

    def test_a_table_is_loaded_once_however_often(self, store):
        table = pl.DataFrame({"user_id": ["a", "a", "b"], "item_id": ["x", "x", "y"], "time": [1, 1, 2], "price": 1})
        assert store.events.load(table) == Appended(3, 0)
        assert store.events.load(table) == Appended(0, 3)
        assert store.events.load(table.head(1)) == Appended(0, 1)
        assert store.events.frame()["kind"].to_list() == ["event"] * 3
        with pytest.raises(MissingColumn, match=r"need time; the table has user_id, item_id, price"):
            store.events.load(table.drop("time"))
        with pytest.raises(DataError):
            store.events.load(table.with_columns(time=pl.lit("monday")))
        with pytest.raises(BadRecord, match="user_id"):
            store.events.load(table.with_columns(user_id=pl.lit(None, pl.String)))

    def test_many_events_are_loaded_and_read_alike(self, store):
        n = 7_000
        table = pl.DataFrame({"user_id": [f"u{i % 97}" for i in range(n)], "item_id": [f"i{i % 89}" for i in range(n)]})
        table = table.with_columns(time=pl.int_range(n), weight=pl.int_range(n) % 5, event_id=pl.int_range(n).cast(str))
        store.events.append([event(17, "u17", "i17", time=17, weight=2)])
        assert store.events.load(table) == Appended(n - 1, 1)
        frame = store.events.frame()
        assert (
            frame.select("event_id", "user_id", "item_id", "time")
            .sort("time")
            .equals(table.select("event_id", "user_id", "item_id", pl.col("time").cast(pl.Int64)))
        )
        found = store.events.histories([f"u{i}" for i in range(97)], last=50)
        assert [one.time for one in found[5]] == [i for i in range(n) if i % 97 == 5][-50:]

    def test_preparation_reads_the_events_as_they_lie_there(self, store, url):
        store.events.append(
            [
                event(1, "anna", "tea", time=1_700_000_000, kind="purchase", quantity=2.0, value=5.0, session="s1"),
                event(2, "anna", "milk", time=1_700_000_100, kind="view", context='{"store": "7"}'),
                event(3, "ben", "tea", time=1_700_000_050, kind="view"),
            ]
        )
        prepared = prepare(Sources(Table(url=url, table="events")))
        data = prepared.dataset
        assert not any(table.reasons for table in prepared.check.tables)
        assert data.users.ids.to_list() == ["anna", "ben"]
        assert sorted(data.time.tolist()) == [1_700_000_000, 1_700_000_050, 1_700_000_100]
        assert sorted(data.weight.tolist()) == pytest.approx([0.2, 0.2, 1.0])

    def test_many_threads_append_and_read_and_nothing_is_lost_or_doubled(self, store):
        def work(thread):
            for n in range(20):
                store.events.append([event(f"{thread}-{n}", f"u{thread}"), event(f"shared-{n}", "all")])
                assert len(store.events.histories([f"u{thread}"])[0]) == n + 1

        with ThreadPoolExecutor(6) as pool:
            list(pool.map(work, range(6)))
        assert store.events.count() == 6 * 20 + 20
        places = [one.place for one in store.events.since(0)]
        assert places == sorted(set(places))


HARD = [
    "'; DROP TABLE events; --",
    '"double"',
    "back\\slash",
    "%s %(x)s ? :x $1 {key}",
    "tab\tnew\nline\r",
    "Ω é 漢字 😀 e\u0301",
    "\u202e\ufeff\uffff",
    "NULL",
    "\\N",
    " leading and trailing ",
    "{a,b}",
]


@pytest.mark.parametrize("text", HARD)
def test_every_text_comes_back_as_it_went(store, text):
    sent = Event(text, text, text, text, 1, session=text, context=text * 3, exposure_id=text)
    store.events.append([sent])
    assert store.events.histories([text]) == [[sent]]
    assert store.events.since(0)[0].event == sent
    assert store.events.users() == [text]
    store.items.put({text: {text: text, "list": [text]}})
    assert store.items.get([text])[0].fields == {text: text, "list": [text]}
    assert store.items.frame()["list"].to_list() == [[text]]
    store.exposures.append([exposure(text, text, (text, "x"), version=text, arm=text, context=text)])
    assert store.exposures.of(text) == exposure(text, text, (text, "x"), version=text, arm=text, context=text)
    store.keys.put(Key(text, text, (text,)))
    assert store.keys.find(text) == Key(text, text, (text,))
    store.models.register(Version(text, text, facts={text: text}))
    assert store.models.get(text).facts == {text: text}
    assert store.events.merge(text, "x") == 1
    assert store.events.erase(text) == 1


@pytest.mark.parametrize("text", ["a\0b", "\ud800", "x\udfffy"])
def test_what_is_no_text_everywhere_is_refused_alike(store, text):
    for field in ("event_id", "user_id", "item_id", "kind", "session", "context", "exposure_id"):
        with pytest.raises(BadRecord, match=field):
            store.events.append([event(1), event(2)._replace(**{field: text})])
    for fields in ({text: 1}, {"a": text}, {"a": [{"b": text}]}, {"a": {text: 1}}):
        with pytest.raises(BadRecord, match="Unicode"):
            store.items.put({"tea": {}, "milk": fields})
    with pytest.raises(BadRecord):
        store.items.delete([text])
    with pytest.raises(BadRecord):
        store.events.merge(text, "anna")
    with pytest.raises(BadRecord):
        store.events.merge("anna", text)
    with pytest.raises(BadRecord):
        store.exposures.append([exposure("x", text)])
    with pytest.raises(BadRecord):
        store.exposures.append([exposure("x", items=(text,))])
    assert store.events.histories([text]) == [[]]
    assert store.items.get([text]) == [None]
    assert store.keys.find(text) is None
    assert store.models.get(text) is None
    assert store.exposures.of(text) is None
    assert store.events.owner(text) == text
    assert not store.keys.revoke(text)
    with pytest.raises(UnknownId):
        store.models.promote(text)
    assert store.events.count() == store.items.count() == store.exposures.count() == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"event_id": ""},
        {"user_id": ""},
        {"item_id": "x" * 513},
        {"user_id": 7},
        {"kind": ""},
        {"context": None},
        {"time": 1.5},
        {"time": 2**63},
        {"time": True},
        {"weight": math.nan},
        {"weight": None},
        {"value": math.inf},
        {"quantity": "2"},
    ],
)
def test_an_event_that_cannot_be_stored_takes_its_batch_along_and_says_why(store, wrong):
    with pytest.raises(BadRecord, match=next(iter(wrong))):
        store.events.append([event(1), event(2)._replace(**wrong)])
    assert store.events.count() == 0


def test_the_longest_ids_and_a_megabyte_of_context_are_stored(store):
    longest = "😀" * 512
    sent = Event(longest, longest, longest, longest, 1, context="x" * 2**20, session=longest, exposure_id=longest)
    store.events.append([sent])
    assert store.events.histories([longest]) == [[sent]]
    store.items.put({longest: {"text": "y" * 2**20}})
    assert len(store.items.get([longest])[0].fields["text"]) == 2**20
    store.exposures.append([exposure(longest, longest, (longest,))])
    assert store.exposures.of(longest).items == (longest,)


class TestEntities:
    def test_they_are_put_patched_and_deleted(self, store):
        store.items.put({"tea": {"price": 3, "tags": ["hot"], "old": None}, "milk": {"stock": {"7": 2}}})
        assert store.items.get(["milk", "none", "tea"])[2].fields == {"price": 3, "tags": ["hot"]}
        assert store.items.patch({"tea": {"price": 4.5, "tags": None}, "none": {"price": 1}}) == ["none"]
        assert store.items.get(["tea", "none"]) == [store.items.get(["tea"])[0], None]
        assert store.items.get(["tea"])[0].fields == {"price": 4.5}
        assert store.items.delete(["milk", "milk", "none"]) == 1
        assert store.items.get(["milk"]) == [None]
        assert store.items.patch({"milk": {}}) == ["milk"]
        assert store.items.count() == 1
        assert [one.id for one in store.items.scan()] == ["tea"]
        store.items.put({"milk": {"price": 1}})
        assert store.items.get(["milk"])[0].fields == {"price": 1}
        store.items.put({})
        assert store.items.patch({}) == []
        assert store.items.delete([]) == 0

    def test_items_and_customers_are_apart(self, store):
        store.items.put({"x": {"is": "item"}})
        store.customers.put({"x": {"is": "customer"}})
        assert store.customers.get(["x"])[0].fields == {"is": "customer"}
        assert store.items.last_place() == store.customers.last_place() == 1

    def test_followers_see_every_change_once_the_last_one(self, store):
        store.items.put({"a": {"n": 1}, "b": {"n": 1}})
        place = store.items.last_place()
        assert [one.id for one in store.items.since(0)] == ["a", "b"]
        store.items.patch({"a": {"n": 2}})
        store.items.delete(["b"])
        changes = store.items.since(place)
        assert [(one.id, one.deleted) for one in changes] == [("a", False), ("b", True)]
        assert changes[0].fields == {"n": 2}
        assert changes[0].changed > 1_600_000_000
        assert store.items.since(store.items.last_place()) == []
        assert len(store.items.since(0, limit=1)) == 1

    def test_what_was_deleted_is_known_until_it_is_put_again(self, store):
        store.items.put({key: {"n": 1} for key in "abcd"})
        store.items.delete(["c"])
        store.items.delete(["a", "b"])
        store.items.put({"b": {"n": 2}})
        assert store.items.deleted() == ["c", "a"]
        assert store.customers.deleted() == []

    def test_the_frame_has_a_column_for_each_field(self, store):
        store.customers.put(
            {
                "anna": {"age": 30, "score": 1, "mixed": "x", "tags": ["a"], "vip": True, "user_id": "shadow"},
                "ben": {"age": None, "score": 1.5, "mixed": 7, "at": {"7": 1}},
            }
        )
        frame = store.customers.frame()
        assert frame.sort("user_id").to_dicts() == [
            {"user_id": "anna", "age": 30, "score": 1.0, "mixed": "x", "tags": ["a"], "vip": True, "at": None},
            {"user_id": "ben", "age": None, "score": 1.5, "mixed": "7", "tags": None, "vip": None, "at": {"7": 1}},
        ]
        assert store.items.frame().columns == ["item_id"]

    def test_a_table_is_loaded_without_its_gaps(self, store):
        table = pl.DataFrame(
            {
                "item_id": ["a", "b"],
                "price": [1.5, math.nan],
                "name": [None, "Bé"],
                "since": [pl.Series(["2024-01-31"]).str.to_date()[0], None],
                "tags": [["x"], []],
            }
        )
        assert store.items.load(table) == 2
        found = {one.id: one.fields for one in store.items.scan()}
        assert found == {"a": {"price": 1.5, "since": "2024-01-31", "tags": ["x"]}, "b": {"name": "Bé", "tags": []}}
        with pytest.raises(MissingColumn, match="need item_id"):
            store.items.load(table.drop("item_id"))

    @pytest.mark.parametrize("fields", [{"a": math.nan}, {"a": {1, 2}}, {"a": b"x"}, {"a": [math.inf]}])
    def test_what_is_not_json_is_refused(self, store, fields):
        with pytest.raises(BadRecord, match="must be JSON"):
            store.items.put({"good": {}, "bad": fields})
        with pytest.raises(BadRecord, match="must be JSON"):
            store.items.patch({"bad": fields})
        assert store.items.count() == 0

    def test_patches_of_many_threads_all_count(self, store):
        store.items.put({"tea": {}})
        with ThreadPoolExecutor(5) as pool:
            list(pool.map(lambda n: store.items.patch({"tea": {f"f{n}": n}}), range(40)))
        assert store.items.get(["tea"])[0].fields == {f"f{n}": n for n in range(40)}
        assert store.items.last_place() == 41


class TestModels:
    def test_one_version_is_live_and_one_can_go_back(self, store):
        for n, name in enumerate("abc"):
            store.models.register(Version(name, f"models/{name}", made=n, fingerprint="f", facts={"n": n}))
        assert [one.name for one in store.models.all()] == ["c", "b", "a"]
        with pytest.raises(CannotDo, match="no version was live before"):
            store.models.roll_back()
        for name in "abc":
            store.models.promote(name)
        assert [(one.name, one.stage) for one in store.models.all()] == [
            ("c", "live"),
            ("b", "retired"),
            ("a", "retired"),
        ]
        assert store.models.get("c").promoted > 1_600_000_000
        assert store.models.roll_back().name == "b"
        store.models.promote("c")
        assert store.models.roll_back().name == "b"
        assert store.models.roll_back().name == "a"
        with pytest.raises(CannotDo):
            store.models.roll_back()
        assert store.models.get("a").stage == "live"
        assert store.models.get("none") is None

    def test_stages_are_set_and_every_change_is_seen_by_those_who_poll(self, store):
        generations = [store.models.generation()]
        store.models.register(Version("a", "models/a", stage="live"))
        generations.append(store.models.generation())
        assert store.models.get("a").stage == "live"
        store.models.register(Version("b", "models/b"))
        generations.append(store.models.generation())
        store.models.stage("b", "canary", 0.05)
        generations.append(store.models.generation())
        assert (store.models.get("b").stage, store.models.get("b").share) == ("canary", 0.05)
        store.models.promote("b")
        generations.append(store.models.generation())
        assert store.models.get("b").share == 0
        store.models.roll_back()
        generations.append(store.models.generation())
        assert generations == sorted(set(generations))

    def test_what_cannot_be_is_refused(self, store):
        store.models.register(Version("a", "models/a"))
        with pytest.raises(CannotDo, match="already"):
            store.models.register(Version("a", "models/other"))
        with pytest.raises(UnknownId, match="the newest are a"):
            store.models.promote("b")
        with pytest.raises(UnknownId):
            store.models.stage("b", "shadow")
        for stage, share in (("live", 0.0), ("canary", 0.0), ("canary", 2.0), ("shadow", 0.5)):
            with pytest.raises(SettingError):
                store.models.stage("a", stage, share)
        assert store.models.all() == [Version("a", "models/a")]


class TestExposures:
    def test_they_are_logged_once_and_come_back(self, store):
        sent = exposure("x", version="v1", arm="b", context='{"a": 1}')
        store.exposures.append([sent, exposure("y", items=())])
        store.exposures.append([sent._replace(version="v2")])
        store.exposures.append([])
        assert store.exposures.of("x") == sent
        assert store.exposures.of("none") is None
        assert store.exposures.count() == 2
        frame = store.exposures.frame()
        assert frame.select("exposure_id", "item_id", "rank", "score", "source", "chance", "version").rows() == [
            ("x", "tea", 1, 2.0, "als", 1.0, "v1"),
            ("x", "milk", 2, 1.0, "als", 1.0, "v1"),
        ]
        assert store.exposures.frame(start=101).schema == frame.schema
        assert store.exposures.frame(end=100).height == 0

    def test_a_stranger_is_shown_something_too(self, store):
        store.exposures.append([exposure("x", "")])
        store.events.append([event(1, "visitor", "tea", time=101, exposure_id="x"), event(2, "ben", "milk", time=101)])
        assert store.exposures.of("x").user_id == ""
        assert store.exposures.outcomes()["clicked"].to_list() == [101, None]

    def test_a_score_that_cannot_be_told_stays_so(self, store):
        store.exposures.append([exposure("x")._replace(scores=(math.nan, 0.5))])
        assert math.isnan(store.exposures.of("x").scores[0])
        assert math.isnan(store.exposures.frame()["score"][0])

    def test_lines_that_do_not_match_are_refused(self, store):
        with pytest.raises(BadRecord, match="must be as many"):
            store.exposures.append([exposure("x")._replace(scores=(1.0,))])

    def test_what_came_of_them(self, store):
        store.exposures.append(
            [
                exposure("old", time=100),
                exposure("new", time=200),
                exposure("ben", "ben", time=200),
                exposure("late", time=300 + DAY),
            ]
        )
        store.events.append(
            [
                event(1, item_id="tea", time=150),  # of old, the only one before
                event(2, item_id="tea", time=250),  # of new, the latest before
                event(3, item_id="tea", kind="purchase", value=2.5, time=260, exposure_id="old"),  # says of which
                event(4, item_id="tea", kind="purchase", value=1.5, time=270),
                event(5, item_id="tea", kind="purchase", value=4.0, time=280),
                event(6, item_id="milk", kind="view", time=100),  # in the same second counts
                event(7, item_id="milk", kind="impression", time=250),
                event(8, item_id="milk", kind="return", value=-3.0, time=250),
                event(9, "ben", "tea", time=199),  # before
                event(10, "ben", "milk", time=200 + DAY + 1),  # too late
                event(11, "ben", "bread", time=210, exposure_id="ben"),  # was not shown
                event(12, "ben", "tea", time=220, exposure_id="unknown"),
                event(13, "cleo", "tea", time=220, kind="purchase", exposure_id="late"),  # too early by far, named
            ]
        )
        found = store.exposures.outcomes(window=DAY)
        lines = {
            (row["exposure_id"], row["item_id"]): (row["clicked"], row["purchased"], row["value"])
            for row in found.iter_rows(named=True)
        }
        assert lines == {
            ("old", "tea"): (150, 260, 2.5),
            ("old", "milk"): (100, None, 0.0),
            ("new", "tea"): (250, 270, 5.5),
            ("new", "milk"): (None, None, 0.0),
            ("ben", "tea"): (220, None, 0.0),
            ("ben", "milk"): (None, None, 0.0),
            ("late", "tea"): (None, 220, 0.0),
            ("late", "milk"): (None, None, 0.0),
        }
        part = store.exposures.outcomes(start=100, end=200, window=DAY)
        assert part.equals(found.filter(pl.col("time") < 200))

    def test_an_exposure_that_arrives_while_its_visitor_is_merged_is_the_customers(self, store):
        """Whoever read the aliases before the merge and writes after it leaves the visitor's id in the row."""
        store.exposures.append([exposure("x", "visitor"), exposure("y", "ben")])
        store.events.merge("visitor", "anna")
        with store.exposures._database.writing() as transaction:
            transaction.run("UPDATE exposures SET user_id = 'visitor' WHERE exposure_id = 'x'")
        assert store.exposures.of("x").user_id == "anna"
        assert set(store.exposures.frame()["user_id"]) == {"anna", "ben"}
        assert store.exposures.erase("visitor") == 1
        assert store.exposures.count() == 1

    def test_who_is_erased_was_never_shown_anything(self, store):
        store.exposures.append([exposure("x"), exposure("y", "ben")])
        assert store.exposures.erase("anna") == 1
        assert store.exposures.of("x") is None
        assert store.exposures.count() == 1


def texts(store, folder):
    """Every text of every table, and of a dump of it."""
    database = store._database
    found = [
        str(value) for table in database.tables() for row in database.rows(f"SELECT * FROM {table}") for value in row
    ]
    store.dump(folder)
    frames = [pl.read_parquet(path) for path in folder.glob("*.parquet")]
    return found + [str(value) for frame in frames for row in frame.iter_rows() for value in row]


class TestErasures:
    def test_no_table_and_no_dump_holds_the_id_of_who_was_erased(self, store, tmp_path):
        name, phone = "anna-whose-name-is-told", "phone-of-hers"
        store.events.append([event("a", name), event("b", phone), event("c", "ben")])
        store.exposures.append([exposure("x", phone), exposure("y", "ben"), exposure("z", name)])
        store.customers.put({name: {"town": "Bonn"}, "ben": {}, phone: {"of": "hers"}})
        store.events.merge(phone, name)
        assert store.erasures.erase(phone) == (2, 2, 2)
        assert not [text for text in texts(store, tmp_path / "dump") if name in text or phone in text]
        assert [len(rows) for rows in store.events.histories([name, phone, "ben"])] == [0, 0, 1]
        assert store.events.owner(phone) == phone
        assert (store.exposures.count(), store.customers.count()) == (1, 1)
        assert store.erasures.erase(name) == store.erasures.erase("nobody") == (0, 0, 0)

    def test_the_mark_of_an_earlier_deletion_goes_too(self, store, tmp_path):
        store.customers.put({"anna-of-before": {"town": "Bonn"}})
        store.customers.delete(["anna-of-before"])
        assert store.erasures.erase("anna-of-before") == (0, 0, 0)
        assert not [text for text in texts(store, tmp_path / "dump") if "anna-of-before" in text]

    def test_replicas_hear_of_each_id_by_a_hash_with_the_key_of_the_store(self, store, opened, url):
        assert store.erasures.since(0) == []
        store.events.append([event("a", "phone")])
        store.events.merge("phone", "anna")
        store.erasures.erase("anna")
        found = store.erasures.since(0)
        assert {digest for _, digest in found} == {store.erasures.digest("anna"), store.erasures.digest("phone")}
        store.erasures.erase("ben")
        assert [digest for _, digest in store.erasures.since(found[-1][0])] == [store.erasures.digest("ben")]
        other = opened(url)
        assert other.erasures.digest("anna") == store.erasures.digest("anna")
        assert other.erasures.since(0) == store.erasures.since(0)

    def test_what_was_shown_before_the_erasure_and_comes_after_it_is_not_stored(self, store):
        now = int(time.time())
        store.exposures.append([exposure("first", time=now)])
        store.erasures.erase("anna")
        store.exposures.append([exposure("late", time=now - 5), exposure("bens", "ben", time=now - 5)])
        assert [store.exposures.of(name) is None for name in ("late", "bens")] == [True, False]
        store.exposures.append([exposure("again", time=now + 60)])  # somebody who came back
        assert store.exposures.of("again") is not None

    def test_when_somebody_was_erased_is_found_by_the_id_and_by_nothing_else(self, store):
        assert store.erasures.moments(["anna", "ben"]) == {}
        began = int(time.time())
        store.events.append([event("a", "phone")])
        store.events.merge("phone", "anna")
        store.erasures.erase("anna")
        found = store.erasures.moments(["anna", "phone", "ben"])
        assert set(found) == {"anna", "phone"}
        assert began <= min(found.values()) <= max(found.values()) <= time.time()

    def test_two_stores_have_two_keys(self, store, tmp_path):
        other = open_store(f"sqlite:///{tmp_path / 'other.db'}")
        for one in (store, other):
            one.erasures.erase("anna")
        assert store.erasures.digest("anna") != other.erasures.digest("anna")
        other.close()


class TestKeys:
    def test_a_key_is_found_by_its_digest_until_it_is_revoked(self, store):
        key = Key("shop", "d1", ("events", "read"), made=5)
        store.keys.put(key)
        assert store.keys.find("d1") == key
        assert store.keys.find("d2") is None
        store.keys.put(Key("shop", "d2", ("admin",)))
        assert store.keys.find("d1") is None
        assert store.keys.revoke("shop")
        assert not store.keys.revoke("shop")
        assert not store.keys.revoke("none")
        assert store.keys.find("d2") is None
        assert store.keys.all()[0].revoked > 0
        with pytest.raises(CannotDo, match="that of another key"):
            store.keys.put(Key("other", "d2", ()))


class TestTheWhole:
    def test_it_is_there_after_it_was_closed(self, opened, url):
        first = opened(url)
        first.events.append([event(1)])
        first.ping()
        first.close()
        with pytest.raises(StoreUnavailable):
            first.events.append([event(2)])
        with pytest.raises(StoreUnavailable):
            first.ping()
        second = opened(url, create=False)
        assert second.events.histories(["anna"]) == [[event(1)]]

    def test_two_that_are_open_see_each_other(self, opened, url):
        one, other = opened(url), opened(url)
        one.events.append([event(1)])
        assert other.events.append([event(1), event(2)]) == Appended(1, 1)
        assert one.events.count() == 2

    def test_it_is_dumped_and_restored_whole(self, opened, new_url, tmp_path):
        store = opened(new_url())
        fill(store)
        store.dump(tmp_path / "dump")
        other = opened(new_url())
        other.restore(tmp_path / "dump")
        for table in ("events", "items", "customers", "exposures"):
            assert getattr(other, table).frame().equals(getattr(store, table).frame()), table
        assert other.models.all() == store.models.all()
        assert other.models.generation() == store.models.generation()
        assert other.reached() == store.reached()
        reached = store.reached()
        assert (reached["events"], reached["items"]) == (store.events.last_place(), store.items.last_place())
        assert other.keys.all() == store.keys.all()
        assert other.events.since(0) == store.events.since(0)
        assert other.items.since(0) == store.items.since(0)
        assert other.events.owner("visitor") == "anna"
        place = other.events.last_place()
        other.events.append([event("after")])
        assert ids(one.event for one in other.events.since(place)) == ["after"]
        with pytest.raises(CannotDo, match="not empty"):
            other.restore(tmp_path / "dump")
        with pytest.raises(CannotWrite, match="there already"):
            store.dump(tmp_path / "dump")

    def test_a_damaged_dump_leaves_the_store_empty(self, opened, new_url, tmp_path):
        store = opened(new_url())
        fill(store)
        store.dump(tmp_path / "dump")
        other = opened(new_url())
        next((tmp_path / "dump").glob("exposures-*")).write_bytes(b"PAR1")
        with pytest.raises(ForeignStore, match="damaged"):
            other.restore(tmp_path / "dump")
        next((tmp_path / "dump").glob("exposures-*")).unlink()
        with pytest.raises(ForeignStore, match="damaged: 0 exposures"):
            other.restore(tmp_path / "dump")
        assert other.events.count() == 0
        with pytest.raises(ForeignStore, match="not the dump of a store"):
            other.restore(tmp_path)

    def test_where_there_is_none_none_is_made_unasked(self, url):
        with pytest.raises(ForeignStore, match="no store"):
            open_store(url, create=False)

    def test_an_unknown_kind_of_address_is_refused(self):
        with pytest.raises(ConfigError, match="wanted sqlite:///path or postgresql://"):
            open_store("mysql://localhost/shop")


def fill(store):
    """Something in every table."""
    store.events.append([event(1), event(2, "visitor", value=2.5, context="{}"), event(3, "ben")])
    store.events.merge("visitor", "anna")
    store.items.put({"tea": {"price": 3}, "milk": {"tags": ["x"]}})
    store.items.delete(["milk"])
    store.customers.put({"anna": {"age": 30}})
    store.exposures.append([exposure("x"), exposure("y", version="v1")])
    store.models.register(Version("a", "models/a", stage="live", facts={"n": 1}))
    store.models.register(Version("b", "models/b"))
    store.models.promote("b")
    store.keys.put(Key("shop", "d", ("read",), made=3))


class TestWriter:
    @pytest.fixture
    def writer(self, store):
        writer = Writer(store.events)
        yield writer
        writer.close()

    def test_each_caller_gets_its_own_result_after_the_commit(self, writer, store):
        def work(thread):
            for n in range(25):
                sent = [event(f"{thread}-{n}", f"u{thread}"), event(f"shared-{n}", "all")]
                result = writer.append(sent)
                assert len(store.events.histories([f"u{thread}"])[0]) == n + 1
                yield result

        with ThreadPoolExecutor(8) as pool:
            results = [result for some in pool.map(lambda t: list(work(t)), range(8)) for result in some]
        assert all(result.stored + result.repeated == 2 for result in results)
        assert sum(result.stored for result in results) == store.events.count() == 8 * 25 + 25
        assert writer.waiting == 0

    def test_a_bad_event_is_refused_before_it_meets_those_of_others(self, writer):
        with pytest.raises(BadRecord):
            writer.submit([event("")])
        assert writer.append([event(1)]) == Appended(1, 0)

    def test_what_waits_is_written_before_it_ends(self, writer, store):
        futures = [writer.submit([event(n)]) for n in range(50)]
        writer.close()
        assert all(future.result() == Appended(1, 0) for future in futures)
        assert store.events.count() == 50
        with pytest.raises(StoreUnavailable, match="closed"):
            writer.submit([event(99)])

    def test_an_error_of_the_store_reaches_everybody_who_waits(self, writer, store):
        store.close()
        futures = [writer.submit([event(n)]) for n in range(5)]
        for future in futures:
            with pytest.raises(StoreUnavailable):
                future.result()
        assert writer.waiting == 0
