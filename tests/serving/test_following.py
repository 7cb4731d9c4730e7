"""Following: what is written to the store is in the shop of every replica soon, and nothing that is wrong gets in."""

import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from regulars.core import Allowed, Queries, Vocabulary
from regulars.core.errors import EncoderMismatch, StoreUnavailable
from regulars.ranking.rules import Rules
from regulars.serving import following
from regulars.serving.counting import Live
from regulars.serving.filling import in_order_of
from regulars.serving.following import Follower
from regulars.serving.tempo import Tempo
from regulars.serving.versions import Places, Versions, part_folder
from regulars.store import open_store
from serving.fitting import WEIGHTS, by_content, event, fitted, followed, look, made
from serving.shopping import NOW


def best(shop, source, k=5, history=(), deployment=None):
    """The ids of what a source recommends."""
    where = shop.live if source in shop.live else (deployment or shop.deployment).recommenders
    answer = where[source].recommend(Queries.of([list(history)], times=NOW), k, Allowed())
    return [name for name in shop.catalog.items.names(answer.items[0]).to_list() if name is not None]


def price(shop, item):
    row = shop.catalog.items.places([item])[0]
    return shop.catalog.numbers("price").values[row]


def allowed(shop, item, where="price < 100000"):
    bound = Rules.of({"where": where}).bound(shop.catalog, ("view",))
    mask = bound.allowed(Queries.of([[]], times=NOW)).dense(1, len(shop.catalog.items))
    return bool(mask[0, shop.catalog.items.places([item])[0]])


def test_an_empty_store_is_followed_from_its_first_event_on(tmp_path):
    store = open_store(f"sqlite:///{tmp_path / 'empty.db'}")
    follower = followed(store, Versions(tmp_path / "models", store.models))
    assert follower.ready
    assert follower.shop.deployment is None
    store.events.append([event(1, "a"), event(2, "a", "c2"), event(3, "b")])
    look(follower)
    assert best(follower.shop, "popular", 2) == ["a", "b"]
    store.close()


def test_the_live_version_is_loaded_with_the_catalog_as_it_is_now(store, versions, data):
    made(versions, data)
    store.items.patch({"i03": {"price": 777.0}})
    store.items.delete(["i04"])
    follower = followed(store, versions)
    assert follower.shop.deployment.version == versions.live().name
    assert price(follower.shop, "i03") == 777.0
    assert allowed(follower.shop, "i03")
    assert not allowed(follower.shop, "i04")


def test_a_changed_price_a_new_and_a_deleted_item_are_seen_at_the_next_look(store, versions, data):
    made(versions, data)
    follower = followed(store, versions)
    before = follower.shop
    store.items.put({"new": {"price": 5.0, "title": "Brand new"}})
    store.items.patch({"i03": {"price": 1.0}})
    store.items.delete(["i05"])
    follower.step()
    shop = follower.shop
    assert price(shop, "i03") == 1.0
    assert allowed(shop, "new")
    assert not allowed(shop, "i05")
    assert shop.names[shop.catalog.items.places(["new"])[0]] == "Brand new"
    assert shop.catalog.items.extends(shop.deployment.items)
    assert before.catalog.items.places(["new"]) == [-1]  # who began before keeps what was there


def test_an_item_that_was_deleted_before_the_fit_stays_deleted_after_it(store, versions, data):
    store.items.delete(["i06"])
    places = Places(store.events.last_place(), store.items.last_place())
    version = versions.make(replace(fitted(data, places=places), gone=("i06",)))
    versions.models.promote(version.name)
    follower = followed(store, versions)
    assert not allowed(follower.shop, "i06")
    store.items.put({"i06": {"price": 3.0}})
    look(follower)
    assert allowed(follower.shop, "i06")


def test_an_event_moves_what_is_popular_and_an_unknown_item_joins_the_catalog(store, versions, data):
    made(versions, data)
    follower = followed(store, versions)
    size = len(follower.shop.catalog.items)
    store.events.append([event(10_000 + n, "surprise", f"x{n}") for n in range(500)])
    look(follower)
    assert best(follower.shop, "popular", 1) == ["surprise"]
    assert len(follower.shop.catalog.items) == size + 1


def test_events_that_were_counted_at_the_fit_are_not_counted_again(store, versions, data):
    made(versions, data)
    follower = followed(store, versions)
    wanted = Live.of(data, WEIGHTS).recommenders(follower.shop.catalog, NOW)["popular"]
    queries = Queries.of([[]])
    found = follower.shop.live["popular"].recommend(queries, 10)
    np.testing.assert_array_equal(found.items, wanted.recommend(queries, 10).items)


def test_two_replicas_come_to_the_same_answers_whenever_they_started(store, versions, data):
    made(versions, data)
    early = followed(store, versions)
    for round_ in range(3):
        store.events.append([event(100 * round_ + n, f"i{n % 42:02d}", f"x{n % 7}") for n in range(60)])
        store.items.put({f"new{round_}": {"price": 9.0 + round_, "brand": "Birch"}})
        look(early)
    late = followed(store, versions)
    assert late.shop.catalog.items.ids.to_list() == early.shop.catalog.items.ids.to_list()
    for source in ("popular", "trending", "similar", "bought_together"):
        assert best(late.shop, source, 10, [1, 2]) == best(early.shop, source, 10, [1, 2]), source


def test_another_version_is_swapped_in_as_a_whole(store, versions, data):
    made(versions, data, "v1")
    follower = followed(store, versions)
    before = follower.shop
    made(versions, data, "v2")
    assert follower.shop.deployment.version == "v1"
    follower.step()
    assert follower.shop.deployment.version == "v2"
    assert before.deployment.version == "v1"
    versions.models.roll_back()
    follower.step()
    assert follower.shop.deployment.version == "v1"


def test_a_price_does_not_wait_for_a_version_that_is_being_loaded(store, versions, data, monkeypatch):
    made(versions, data, "v1")
    follower = Follower(store, versions, weights=WEIGHTS, pause=0.01, restraint=0)
    follower.start()
    loaded, go = following.load_version, threading.Event()
    monkeypatch.setattr(following, "load_version", lambda folder: go.wait(30) and loaded(folder))
    try:
        made(versions, data, "v2")
        store.items.patch({"i03": {"price": 777.0}})
        wait(lambda: price(follower.shop, "i03") == 777.0)
        assert follower.shop.deployment.version == "v1"
        go.set()
        follower.catch_up()
        assert follower.shop.deployment.version == "v2"
        made(versions, data, "v3")
        (versions.path("v3") / "items.parquet").write_bytes(b"broken")
        wait(lambda: "v3" in follower.problems)
        assert follower.shop.deployment.version == "v2"
    finally:
        go.set()
        follower.close()


def test_a_canary_and_a_shadow_stand_beside_the_live_version(store, versions, data):
    made(versions, data, "v1")
    made(versions, data, "v2", promote=False)
    made(versions, data, "v3", promote=False)
    versions.models.stage("v2", "canary", 0.25)
    versions.models.stage("v3", "shadow")
    follower = followed(store, versions)
    shop = follower.shop
    assert (shop.deployment.version, shop.canary.deployment.version, shop.shadow.version) == ("v1", "v2", "v3")
    assert shop.canary.share == 0.25
    versions.models.stage("v2", "canary", 0.5)
    follower.step()
    assert follower.shop.canary.share == 0.5
    versions.models.stage("v2", "retired")
    versions.models.stage("v3", "candidate")
    follower.step()
    assert follower.shop.canary is None
    assert follower.shop.shadow is None


def test_a_canary_that_is_promoted_is_live_alone(store, versions, data):
    made(versions, data, "v1")
    made(versions, data, "v2", promote=False)
    versions.models.stage("v2", "canary", 0.25)
    follower = followed(store, versions)
    versions.models.promote("v2")
    follower.step()
    assert follower.shop.deployment.version == "v2"
    assert follower.shop.canary is None


def test_a_version_of_other_items_is_refused_and_the_running_one_stays(store, versions, data):
    made(versions, data, "v1")
    follower = followed(store, versions)
    turned = Vocabulary(data.items.ids.reverse())
    foreign = in_order_of(data, turned)
    made(versions, foreign, "v2")
    follower.step()
    assert follower.shop.deployment.version == "v1"
    assert "in another order" in follower.problems["v2"]
    versions.models.roll_back()
    follower.step()
    assert follower.shop.deployment.version == "v1"


def test_a_damaged_version_is_refused_and_the_running_one_stays(store, versions, data):
    made(versions, data, "v1")
    follower = followed(store, versions)
    made(versions, data, "v2", promote=False)
    next((versions.path("v2") / "parts" / part_folder("item_knn")).glob("arrays-*")).write_bytes(b"nothing")
    versions.models.promote("v2")
    follower.step()
    assert follower.shop.deployment.version == "v1"
    assert "v2" in follower.problems


def test_a_start_with_a_damaged_version_takes_the_last_good_one(store, versions, data):
    made(versions, data, "v1")
    made(versions, data, "v2")
    (versions.path("v2") / "version.json").write_text("{", encoding="utf-8")
    follower = followed(store, versions)
    assert follower.shop.deployment.version == "v1"
    assert "v2" in follower.problems


def test_bytes_that_changed_are_found_after_the_start_and_the_last_good_version_answers(store, versions, data):
    made(versions, data, "v1")
    made(versions, data, "v2")
    arrays = next((versions.path("v2") / "parts" / part_folder("item_knn")).glob("arrays-*"))
    content = bytearray(arrays.read_bytes())
    content[-1] ^= 1
    arrays.write_bytes(content)
    follower = Follower(store, versions, weights=WEIGHTS, pause=0.01, restraint=0)
    follower.start()
    wait(lambda: follower.shop.deployment.version == "v1")
    follower.close()
    assert "v2" in follower.problems


def test_new_items_in_another_order_than_they_came_are_followed_after_a_refit(store, versions, data):
    made(versions, data, "v1")
    follower = followed(store, versions)
    store.items.put({"zz": {"price": 1.0, "title": "Zed"}, "aa": {"price": 2.0}})
    store.events.append([event(n, "zz", f"x{n}") for n in range(300)])
    look(follower)
    assert follower.shop.catalog.items.ids.to_list()[-2:] == ["zz", "aa"]
    grown = in_order_of(data, data.items.extended(["aa", "zz"]))
    wanted = replace(fitted(grown), places=Places(store.events.last_place(), store.items.last_place()))
    versions.models.promote(versions.make(wanted, "v2").name)
    look(follower)
    shop = follower.shop
    assert shop.deployment.version == "v2"
    assert shop.catalog.items.ids.to_list()[-2:] == ["aa", "zz"]
    assert (price(shop, "aa"), price(shop, "zz")) == (2.0, 1.0)
    assert shop.names[-1] == "Zed"
    assert best(shop, "popular", 1) == ["zz"]


def test_a_new_item_is_placed_by_what_is_known_of_it_as_soon_as_it_is_put(store, versions, data):
    version = versions.make(fitted(data, {"content": by_content(data)}))
    versions.models.promote(version.name)
    follower = followed(store, versions)
    likes = follower.shop.catalog.items.places(["i31", "i32", "i33", "i34"])
    store.items.put({"dahlia": {"brand": "Dahlia", "price": 100.0, "stock": 3}})
    look(follower)
    row = follower.shop.catalog.items.places(["dahlia"])[0]
    score = follower.shop.deployment.recommenders["content"].score(Queries.of([likes], times=NOW))
    assert score.shape[1] == row + 1
    assert np.isfinite(score[0, row])
    assert (score[0, row] > score[0]).sum() > 20  # more than half of the catalog is of other brands


def test_an_item_of_which_nothing_is_known_gets_its_place_when_it_is_told(store, versions, data):
    version = versions.make(fitted(data, {"content": by_content(data)}))
    versions.models.promote(version.name)
    follower = followed(store, versions)
    store.events.append([event(1, "later")])
    store.items.put({"now": {"brand": "Birch", "price": 30.0}})
    look(follower)
    rows = follower.shop.catalog.items.places(["later", "now"])
    likes = Queries.of([[1, 2, 3]], times=NOW)
    before = follower.shop.deployment.recommenders["content"].score(likes)[0, rows]
    assert np.isfinite(before[1])
    assert before[0] != before[1]
    store.items.put({"later": {"brand": "Birch", "price": 30.0}})
    look(follower)
    after = follower.shop.deployment.recommenders["content"].score(likes)[0, rows]
    assert after[0] == pytest.approx(after[1])


def test_items_are_not_placed_by_vectors_of_another_encoder(store, versions, data, caplog):
    version = versions.make(replace(fitted(data, {"content": by_content(data)}), content={"text_vector": "one"}))
    versions.models.promote(version.name)

    def describe(frame, content):
        raise EncoderMismatch(f"fitted on {content['text_vector']}, now it is another")

    follower = Follower(store, versions, weights=WEIGHTS, describe=describe, restraint=0)
    look(follower)
    store.items.put({"novel": {"brand": "Birch"}})
    look(follower)
    assert "fitted on one" in caplog.text
    assert follower.shop.catalog.items.places(["novel"])[0] == data.n_items
    assert follower.shop.deployment.items is not follower.shop.catalog.items
    assert follower.problems == {}


def test_a_store_that_is_away_is_told_of_and_followed_again_when_it_is_back(store, versions, data, monkeypatch):
    made(versions, data)
    follower = Follower(store, versions, weights=WEIGHTS, pause=0.01, restraint=0)
    follower.start()

    def away(*_):
        raise StoreUnavailable("the database does not answer")

    with monkeypatch.context() as patch:
        patch.setattr(type(store.events), "since", away)
        follower.wake()
        wait(lambda: "store" in follower.problems)
        assert follower.shop.deployment is not None
    store.events.append([event(n, "back", f"x{n}") for n in range(300)])
    wait(lambda: "store" not in follower.problems and best(follower.shop, "popular", 1) == ["back"])
    follower.close()


def test_a_store_that_is_away_at_the_start_is_no_end(store, versions, data, monkeypatch):
    made(versions, data)
    follower = Follower(store, versions, weights=WEIGHTS, pause=0.01, restraint=0)

    def away(*_):
        raise StoreUnavailable("the database does not answer")

    with monkeypatch.context() as patch:
        patch.setattr(type(store.models), "all", away)
        follower.start()
        assert not follower.ready
    wait(lambda: follower.ready and follower.shop.deployment is not None)
    follower.close()


def wait(true, seconds=10.0):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.01)


def test_a_backup_in_the_place_of_the_store_is_followed_from_the_beginning(tmp_path, store, versions, data):
    made(versions, data, "v1")
    store.backup(tmp_path / "backup.db")
    told = []
    follower = Follower(store, versions, weights=WEIGHTS, naming=("title",), restraint=0, opened=lambda: told.append(1))
    store.events.append([event(n, "fad", f"x{n}") for n in range(900)])
    store.items.patch({"i03": {"price": 777.0}})
    store.items.put({"later": {"price": 1.0}})
    made(versions, data, "v2")
    look(follower)
    assert (best(follower.shop, "popular", 1), price(follower.shop, "i03")) == (["fad"], 777.0)
    assert follower.shop.deployment.version == "v2"
    (tmp_path / "backup.db").replace(tmp_path / "shop.db")
    for aside in ("shop.db-wal", "shop.db-shm"):
        (tmp_path / aside).unlink(missing_ok=True)
    before = follower.shop
    with pytest.raises(StoreUnavailable):
        follower.step()
    assert follower.shop is before  # answers go on meanwhile
    look(follower)
    fresh = followed(open_store(f"sqlite:///{tmp_path / 'shop.db'}", create=False), versions)
    assert best(follower.shop, "popular") == best(fresh.shop, "popular")
    assert "fad" not in best(follower.shop, "popular")
    assert price(follower.shop, "i03") == price(fresh.shop, "i03") != 777.0
    assert follower.shop.deployment.version == "v1"
    assert follower.shop.catalog.items.places(["later"]) == [-1]
    assert (follower.went_back, told, follower.place) == (1, [1, 1], fresh.place)


def test_only_prices_that_went_back_are_noticed_too(tmp_path, store, versions, data):
    made(versions, data)
    store.backup(tmp_path / "backup.db")
    store.items.patch({"i03": {"price": 777.0}})
    follower = followed(store, versions)
    (tmp_path / "backup.db").replace(tmp_path / "shop.db")
    for aside in ("shop.db-wal", "shop.db-shm"):
        (tmp_path / aside).unlink(missing_ok=True)
    with pytest.raises(StoreUnavailable):
        follower.step()
    look(follower)
    assert price(follower.shop, "i03") != 777.0
    assert follower.went_back == 1


def test_a_version_made_of_a_later_state_of_the_store_counts_nothing_that_is_not_there(store, versions, data):
    version = versions.make(fitted(data, places=Places(len(data) + 500, data.n_items + 9)))
    versions.models.promote(version.name)
    follower = followed(store, versions)
    assert follower.place == store.events.last_place()
    plain = followed(store, Versions(versions.folder.parent / "none", versions.models))
    assert follower.shop.deployment is not None
    assert best(follower.shop, "popular", 3) == best(plain.shop, "popular", 3)


def test_another_tempo_than_that_of_the_version_counts_the_events_of_the_store_anew(store, versions, data):
    made(versions, data)
    tempo = Tempo(popular_days=1.0)
    changed = Follower(store, versions, weights=WEIGHTS, tempo=tempo, restraint=0)
    look(changed)
    wanted = Live.of(data, WEIGHTS, tempo).recommenders(changed.shop.catalog, NOW)["popular"]
    np.testing.assert_allclose(changed.shop.live["popular"].scores, wanted.scores, rtol=1e-4, atol=1e-6)
    other = Follower(store, versions, weights=WEIGHTS, tempo=Tempo(new_days=3.0, gap_days=9.0), restraint=0)
    assert other.place == 0
    other.step()
    assert other.place == len(data)  # what is only asked of the counts needs no other counts
    look(other)
    assert other.shop.live["buy_again"].gap_days == 9.0
