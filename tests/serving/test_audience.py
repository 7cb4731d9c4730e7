"""Whom to tell of an item: everybody is looked at, and the ranking is that of asking the model about each customer."""

import time

import numpy as np
import pytest

from regulars.core import Allowed
from regulars.core.errors import Interrupted, NotYet, QuestionError, UnknownId
from regulars.serving import audience, crowd
from regulars.serving.engine import Engine
from regulars.serving.questions import Reach
from regulars.store.records import Event
from serving.shopping import NOW, Small, swapped

ITEM = "i17"


def reached(shop: Small, item: str = ITEM, k: int = 100, **wish: object):
    """The audience, as soon as the customers are read."""
    for _ in range(600):
        try:
            return shop.engine.audience(item, Reach(k, **wish))
        except NotYet:
            time.sleep(0.02)
    raise AssertionError("the customers are never read")


def one_by_one(shop: Small, method: str, item: str = ITEM) -> list[tuple[str, float]]:
    """Every customer's score by the model itself, asked alone; best first, equal ones by their ids."""
    data, model = shop.data, shop.shop.deployment.recommenders[method]
    place = np.array([shop.shop.catalog.items.places([item])[0]], dtype=np.int32)
    everyone = data.everyone(int(time.time()))
    found = {}
    for row, user in enumerate(data.users.ids):
        score = float(model.score(everyone[row : row + 1], place)[0, 0])
        if not np.isnan(score):
            found[user] = score
    return sorted(found.items(), key=lambda one: (-one[1], one[0]))


@pytest.fixture(autouse=True)
def let_go(shop):
    """Each test reads its own crowd."""
    yield
    shop.engine.audiences.crowd.close()
    shop.engine = Engine(shop.store, lambda: shop.shop, shop.scenarios)


@pytest.mark.parametrize(("scenario", "method"), [("als", "als"), ("knn", "item_knn"), ("ease", "ease")])
def test_the_audience_is_the_ranking_of_each_customer_asked_alone(shop, scenario, method):
    found, expected = reached(shop, scenario=scenario), one_by_one(shop, method)
    assert [one.user_id for one in found.reached] == [user for user, _ in expected]
    assert {one.source for one in found.reached} == {method}
    assert (found.customers, found.history, found.cursor) == (60, 500, "")


def test_the_audience_of_a_blend_is_that_of_its_members(shop):
    members = [[user for user, _ in one_by_one(shop, name)] for name in ("item_knn", "als")]
    points = {u: sum(1 / (61 + own.index(u)) for own in members if u in own) for u in members[0] + members[1]}
    found = [one.user_id for one in reached(shop, scenario="blend").reached]
    assert [round(points[user], 12) for user in found] == sorted((round(p, 12) for p in points.values()), reverse=True)


def test_a_pipeline_is_asked_about_those_whom_its_sources_put_first(shop, monkeypatch):
    data, pipeline = shop.data, shop.shop.deployment.recommenders["pipeline"]
    only = np.arange(data.n_items)[np.newaxis] == data.items.index([ITEM])[0]
    answer = pipeline.recommend(data.everyone(int(time.time())), 1, Allowed(only))
    said = dict(zip(data.users.ids, answer.scores[:, 0].tolist(), strict=True))
    expected = sorted((user for user in said if not np.isnan(said[user])), key=lambda user: (-said[user], user))
    whole = reached(shop, scenario="piped").reached
    assert [one.user_id for one in whole] == expected
    assert {one.source for one in whole} == {"pipeline"}
    monkeypatch.setattr(audience, "DEEP", 12)
    found = reached(shop, scenario="piped").reached
    nearest = [user for user, _ in one_by_one(shop, "item_knn")][:12]  # popularity, its other source, has no opinion
    assert {one.user_id for one in found} == set(nearest)
    assert [one.user_id for one in found] == [user for user in expected if user in {one.user_id for one in found}]
    first = reached(shop, k=5, scenario="piped")
    assert first.reached + reached(shop, k=100, scenario="piped", cursor=first.cursor).reached == found


def test_pages_follow_each_other_without_a_gap_or_a_repetition(shop):
    whole, pages, cursor = reached(shop, scenario="knn").reached, [], ""
    while True:
        page = reached(shop, k=7, scenario="knn", cursor=cursor)
        pages += page.reached
        cursor = page.cursor
        if not cursor:
            break
    assert pages == whole
    with pytest.raises(QuestionError):
        reached(shop, "i18", 7, scenario="knn", cursor=reached(shop, k=7, scenario="knn").cursor)


def test_equal_customers_come_by_their_ids_over_pages(shop):
    found = reached(shop, scenario="sellers").reached  # popularity says the same of everybody
    assert [one.user_id for one in found] == sorted(f"c{n}" for n in range(60))
    first = reached(shop, k=11, scenario="sellers")
    assert first.reached + reached(shop, k=100, scenario="sellers", cursor=first.cursor).reached == found


def test_an_event_moves_its_customer_at_once(shop):
    before = reached(shop, scenario="knn").reached
    last = before[-1].user_id
    shop.store.events.append([Event(f"moved {n}", last, "i16", "purchase", NOW + n) for n in range(30)])
    shop.store.events.append([Event("stranger", "newcomer", "i16", "purchase", NOW)])
    after = reached(shop, scenario="knn")
    place = [one.user_id for one in after.reached].index(last)
    assert place < len(before) // 2
    assert "newcomer" in [one.user_id for one in after.reached]
    shop.store.events.erase("newcomer")
    shop.engine.forget("newcomer")
    assert "newcomer" not in [one.user_id for one in reached(shop, scenario="knn").reached]


def test_a_visitor_of_a_page_is_nobody_to_be_told(shop):
    visitor = "v-" + "0a" * 16
    shop.store.events.append([Event("visited", visitor, "i16", "view", NOW)])
    assert visitor not in [one.user_id for one in reached(shop, scenario="knn").reached]
    shop.store.events.erase(visitor)


def test_rules_apply_to_each_customer(shop):
    whole, unseen = reached(shop, scenario="knn").reached, reached(shop, scenario="unseen").reached
    histories = shop.store.events.histories([one.user_id for one in whole])
    met = {one.user_id for one, past in zip(whole, histories, strict=True) if any(e.item_id == ITEM for e in past)}
    assert met
    assert [one.user_id for one in unseen] == [one.user_id for one in whole if one.user_id not in met]
    assert reached(shop, "i38", scenario="cheap").reached == []  # for nobody: too dear


def test_what_cannot_be_asked_is_said(shop):
    with pytest.raises(UnknownId):
        shop.engine.audience("none", Reach())
    with pytest.raises(UnknownId):
        shop.engine.audience(ITEM, Reach(scenario="none"))
    for k in (0, -1, 100_001):
        with pytest.raises(QuestionError):
            shop.engine.audience(ITEM, Reach(k))
    reached(shop)
    with pytest.raises(Interrupted):
        shop.engine.audience(ITEM, Reach(), stopped=lambda: True)


def test_everybody_is_let_go_when_nobody_asks(shop, monkeypatch):
    held = shop.engine.audiences.crowd
    whole = reached(shop, scenario="als").reached
    assert held.customers == 60
    monkeypatch.setattr(crowd, "ASKED", -1.0)
    held._wake.set()
    held._thread.join(10)
    assert (held.customers, held._groups) == (0, [])
    monkeypatch.undo()
    assert reached(shop, scenario="als").reached == whole


def test_customers_are_read_again_some_at_a_time_and_little_groups_are_joined(shop, monkeypatch):
    for name, value in (("TOGETHER", 8), ("_LITTLE", 2), ("_PAUSE", 0.01)):
        monkeypatch.setattr(crowd, name, value)
    whole, held = reached(shop, scenario="ease"), shop.engine.audiences.crowd
    for n in range(40):  # one after the other looks again at what everybody had looked at
        shop.store.events.append([Event(f"again {n}", f"c{n}", "i03", "view", NOW + 1_000 + n)])
        shop.engine.audience(ITEM, Reach(scenario="ease"))
    until = time.monotonic() + 20
    while len(held._groups) > 2 * (60 // 8) + 8 and time.monotonic() < until:
        time.sleep(0.02)
    assert len(held._groups) <= 2 * (60 // 8) + 8
    assert sum(int(group.present.sum()) for group in held._groups) == held.customers == whole.customers
    now, fresh = reached(shop, scenario="ease").reached, Engine(shop.store, lambda: shop.shop, shop.scenarios)
    shop.engine.audiences.crowd.close()
    shop.engine = fresh
    assert reached(shop, scenario="ease").reached == now


def test_where_events_are_too_many_fewer_of_each_customer_are_held(shop):
    held = shop.engine.audiences.crowd
    held._most = shop.store.events.count() // 20
    found = reached(shop, scenario="knn")
    assert found.history == held.last == pytest.approx(500 // 20, abs=1)
    assert max(held._groups[0].history.lengths) <= found.history


def test_another_version_is_asked_as_soon_as_it_answers(shop):
    before, expected = reached(shop, scenario="als").reached, reached(shop, scenario="knn").reached
    old = shop.shop
    other = swapped(old.deployment, version="v2", recommenders={"als": old.deployment.recommenders["item_knn"]})
    shop.shop = swapped(old, deployment=other)
    try:
        found = reached(shop, scenario="als").reached
        assert [one.user_id for one in found] == [one.user_id for one in expected]
    finally:
        shop.shop = old
    assert reached(shop, scenario="als").reached == before
