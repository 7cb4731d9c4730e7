"""Live recommenders: what is popular, trends, is new, was viewed, is bought again, and goes together; no fit."""

import tracemalloc

import numpy as np
import polars as pl
import pytest

from regulars.core import DAY, Allowed, Dataset, Histories, Queries, Vocabulary, excluding, ints
from regulars.core.errors import SettingError
from regulars.data.kinds import weights
from regulars.ranking.rules import Catalog
from regulars.serving.counting import Live
from regulars.serving.live import KINDS, BuyAgain, Listed, Near, RecentlyViewed, Similar, Together
from regulars.serving.meeting import Meeting
from regulars.serving.tempo import Tempo
from regulars.store.records import Event
from serving.shopping import NOW, log

COLUMNS = ["user_id", "item_id", "kind", "time"]
VIEW, PURCHASE, RETURN = (KINDS.index(kind) for kind in ("view", "purchase", "return"))


def catalog(n: int) -> Catalog:
    return Catalog.of_documents([None] * n, Vocabulary.of([f"i{item}" for item in range(n)]))


def events(*rows: tuple[str, int, str, int]) -> tuple[list[Event], np.ndarray]:
    made = [Event(f"{n}", user, f"i{item}", kind, time) for n, (user, item, kind, time) in enumerate(rows)]
    return made, ints([item for _, item, _, _ in rows])


def asked(*rows: tuple[int, int, int], now: int = NOW, basket: tuple[int, ...] = ()) -> Queries:
    """A question after these events: item, kind, time."""
    columns = [np.array(column) for column in zip(*rows, strict=True)] or [np.empty(0)] * 3
    items, kinds, times = columns
    gains = np.where(kinds == RETURN, -1, 1).astype(np.float32)
    history = Histories(
        np.array([0, len(rows)]), items.astype(np.int32), times.astype(np.int64), gains, kinds.astype(np.int8)
    )
    who = np.full(1, -1, dtype=np.int32)
    return Queries(who, history, np.array([now]), Histories.of([list(basket)]))


def test_popular_counts_what_events_weigh_and_halves_the_old():
    live = Live.empty({})
    live.count(*events(("a", 0, "purchase", NOW - 30 * DAY), ("b", 1, "view", NOW), ("b", 2, "impression", NOW)))
    popular = live.recommenders(catalog(4), NOW)["popular"]
    np.testing.assert_allclose(popular.scores, [0.5, 0.2, 0.0, 0.0], rtol=1e-6)
    answer = popular.recommend(asked(), 4)
    assert answer.items.tolist() == [[0, 1, 2, 3]]
    assert [answer.names[source] for source in answer.sources[0]] == ["popular", "popular", "assortment", "assortment"]


@pytest.mark.parametrize("gap", [1, 400 * DAY])
def test_counting_event_by_event_and_at_once_is_the_same(gap: int):
    rows = [(f"u{n % 3}", n % 5, ("view", "purchase")[n % 2], NOW - 900 * DAY + n * gap) for n in range(3)]
    rows += [(f"u{n % 3}", n % 5, ("view", "purchase")[n % 2], NOW - n * 977) for n in range(40)]
    one, all_ = Live.empty({}), Live.empty({})
    all_.count(*events(*rows))
    for row in rows:
        one.count(*events(row))
    left, right = (live.recommenders(catalog(5), NOW) for live in (one, all_))
    for name in ("popular", "trending", "new"):
        np.testing.assert_allclose(left[name].scores, right[name].scores, rtol=1e-4, atol=1e-6)
    baskets = asked(basket=(2,))
    for name in ("similar", "bought_together"):
        assert left[name].recommend(baskets, 4).items.tolist() == right[name].recommend(baskets, 4).items.tolist()


def test_a_whole_log_counts_as_its_events_do():
    table = log().sort("time")
    data = Dataset.of(table.with_columns(weight=table["kind"].replace_strict(weights({}), default=1.0)))
    live = Live.empty({})
    made = [Event(str(n), *row) for n, row in enumerate(table.select("user_id", "item_id", "kind", "time").rows())]
    live.count(made, data.items.index([event.item_id for event in made]))
    shelf = Catalog.of_documents([None] * data.n_items, data.items)
    counted, at_once = live.recommenders(shelf, NOW), Live.of(data, {}).recommenders(shelf, NOW)
    for name in ("popular", "trending", "new"):
        np.testing.assert_allclose(counted[name].scores, at_once[name].scores, rtol=1e-4, atol=1e-5)


def test_baskets_of_a_whole_log_are_paired_as_they_are_event_by_event():
    random = np.random.default_rng(3)
    rows = [
        (f"u{user}", item, "purchase", NOW - day * DAY + 60 * place)
        for user in range(12)
        for day in (9, 6, 3)
        for place, item in enumerate(random.permutation(8)[:3].tolist())
    ]
    made, _ = events(*rows)
    table = pl.DataFrame([(e.user_id, e.item_id, e.kind, e.time) for e in made], schema=COLUMNS, orient="row")
    data = Dataset.of(table)
    counted = Live.empty({})
    counted.count(made, data.items.index([event.item_id for event in made]))
    shelf = Catalog.of_documents([None] * data.n_items, data.items)
    left, right = (live.recommenders(shelf, NOW)["bought_together"] for live in (counted, Live.of(data, {})))
    np.testing.assert_array_equal(left.totals, right.totals)
    for item in range(data.n_items):
        pairs = [dict(zip(*(part.tolist() for part in one.near.of(item)), strict=True)) for one in (left, right)]
        assert pairs[0] == pairs[1]
        assert pairs[0]


def test_packing_the_pairs_changes_nothing_and_keeps_the_memory():
    random = np.random.default_rng(4)
    loose, packed = Meeting(3_600), Meeting(3_600, pairs=50)
    for meeting in (loose, packed):
        meeting.grow(30)
    for n in range(600):
        user, item = f"u{n // 4}", int(30 * random.random() ** 2)
        for meeting in (loose, packed):
            meeting.count(user, item, NOW + n)
        if n % 7 == 0:
            left, right = loose.published("x"), packed.published("x")
    left, right = loose.published("x"), packed.published("x")
    for item in range(30):
        pairs = [dict(zip(*(part.tolist() for part in one.near.of(item)), strict=True)) for one in (left, right)]
        assert pairs[0] == pairs[1]
    assert packed._counted < 400 < loose._counted


def test_memory_of_pairs_and_visits_stays_within_its_bound_however_many_come():
    random, n = np.random.default_rng(5), 200
    meeting = Meeting(3_600, neighbors=20, visits=300, pairs=5_000)
    meeting.grow(n)
    tracemalloc.start()
    sizes = []
    try:
        for step in range(6_000):
            meeting.count(f"u{random.integers(3_000)}", int(random.integers(n)), NOW + step // 10)
            assert meeting._counted <= 5_000
            assert len(meeting._open) <= 300
            if step % 50 == 49 and step < 3_000:  # nobody asks any more behind that
                meeting.published("x")
            if step % 1_000 == 999:
                sizes.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert max(sizes) < 100 * 5_000 + 500 * 300 + 500 * n  # bytes: of pairs, visits, and arrays of neighbors


def test_what_sells_better_than_before_trends_above_what_sells_as_ever():
    live = Live.empty({})
    steady = [(f"s{day}", 0, "purchase", NOW - day * DAY) for day in range(40)]
    rising = [(f"r{n}", 1, "purchase", NOW - n * 3600) for n in range(20)]
    falling = [(f"f{n}", 2, "purchase", NOW - (20 + n % 10) * DAY) for n in range(40)]
    live.count(*events(*steady, *rising, *falling))
    scores = live.recommenders(catalog(4), NOW)["trending"].scores
    assert scores[1] > 0 > scores[0] > scores[2]
    assert np.isnan(scores[3])


def test_what_arrives_later_is_newer_and_what_nobody_has_seen_arrive_is_not_new():
    live = Live.empty({})
    live.count(*events(("a", 0, "view", NOW - 9 * DAY), ("a", 1, "view", NOW - 2 * DAY)))
    assert live.recommenders(catalog(3), NOW)["new"].recommend(asked(), 3).items.tolist() == [[1, 0, -1]]
    later = live.recommenders(catalog(5), NOW + DAY)["new"]
    assert later.recommend(asked(), 5).items.tolist() == [[3, 4, 1, 0, -1]]


def test_published_values_do_not_change_when_counting_goes_on():
    live = Live.empty({})
    live.count(*events(("a", 0, "purchase", NOW), ("a", 1, "purchase", NOW + 60)))
    before = live.recommenders(catalog(3), NOW)
    popular, near = before["popular"].scores.copy(), before["bought_together"].near.of(0)
    live.count(*events(("b", 0, "purchase", NOW), ("b", 2, "purchase", NOW + 60)))
    np.testing.assert_array_equal(before["popular"].scores, popular)
    assert before["bought_together"].near.of(0)[0].tolist() == near[0].tolist() == [1]
    after = live.recommenders(catalog(3), NOW)["bought_together"]
    assert sorted(after.near.of(0)[0].tolist()) == [1, 2]


def test_counts_that_are_saved_loaded_and_renumbered_say_the_same(tmp_path):
    live = Live.empty({"view": 0.3})
    live.count(*events(*[(f"u{n % 4}", n % 6, "purchase", NOW - n * 500) for n in range(60)]))
    live.save(tmp_path / "live")
    loaded = Live.load(tmp_path / "live", {"view": 0.3})
    turned = live.renumbered(np.arange(6)[::-1].copy())
    for name in ("popular", "trending", "new", "bought_together"):
        one, two, three = (
            x.recommenders(catalog(6), NOW)[name].recommend(asked(basket=(item,)), 6)
            for x, item in ((live, 2), (loaded, 2), (turned, 3))
        )
        assert one.items.tolist() == two.items.tolist()
        scores, others = (dict(zip(x.items[0].tolist(), x.scores[0].tolist(), strict=True)) for x in (one, three))
        assert {item: pytest.approx(score, nan_ok=True) for item, score in scores.items()} == {
            5 - item if item >= 0 else item: score for item, score in others.items()
        }
    loaded.count(*events(("x", 7, "purchase", NOW)))
    assert len(loaded.recommenders(catalog(8), NOW)["popular"].scores) == 8


def test_together_is_the_cosine_of_the_baskets_pulled_to_zero():
    live = Live.empty({})
    rows = [
        (f"u{n}", item, "purchase", NOW + n * DAY + item) for n in range(6) for item in ((0, 1) if n < 4 else (0, 2))
    ]
    live.count(*events(*rows))
    together = live.recommenders(catalog(4), NOW)["bought_together"]
    answer = together.recommend(asked(basket=(0,)), 3)
    assert answer.items.tolist() == [[1, 2, -1]]
    np.testing.assert_allclose(answer.scores[0, :2], [4 / (np.sqrt(6 * 4) + 3), 2 / (np.sqrt(6 * 2) + 3)], rtol=1e-6)
    assert (together.recommend(asked(), 3).items == -1).all()
    both = asked(basket=(1, 2))
    reasons = together.because(both, together.recommend(both, 1), 2)
    assert reasons.items[0, 0].tolist() == [1, 2]
    assert reasons.shares[0, 0].sum() == pytest.approx(1)


def test_what_is_new_can_be_told_by_a_field_of_the_items():
    days = ["2023-11-01", None, "2023-11-13", "2023-12-24", "2023-11-10"]  # NOW is 14 November
    shelf = Catalog.of_documents([{"since": day} for day in days], Vocabulary.of([f"i{n}" for n in range(5)]))
    live = Live.empty({})
    live.count(*events(("u", 4, "view", NOW - 3 * DAY), ("u", 1, "view", NOW - 2 * DAY)))
    new = live.recommenders(shelf, NOW, "since")["new"]
    assert new.recommend(asked(), 5).items[0].tolist() == [2, 1, 4, 0, -1]
    assert live.recommenders(shelf, NOW, "nowhere")["new"].recommend(asked(), 2).items[0].tolist()[0] != 2


def test_recently_viewed_are_the_looks_newest_first():
    viewed = RecentlyViewed(9)
    question = asked((3, VIEW, NOW - 50), (4, PURCHASE, NOW - 40), (5, VIEW, NOW - 30), (3, VIEW, NOW - 5))
    assert viewed.recommend(question, 3).items.tolist() == [[3, 5, -1]]
    assert viewed.recommend(question, 3, excluding([[3]])).items.tolist() == [[5, -1, -1]]
    assert (viewed.recommend(asked(), 2).items == -1).all()


def test_buy_again_asks_when_the_usual_gap_has_gone_by():
    weekly = [(1, PURCHASE, NOW - days * DAY) for days in (21, 14, 7)]
    fresh = [(2, PURCHASE, NOW - days * DAY) for days in (60, 30, 1)]
    returned = [(3, PURCHASE, NOW - 9 * DAY), (3, RETURN, NOW - 8 * DAY)]
    rows = sorted([*weekly, *fresh, *returned, (4, VIEW, NOW - DAY)], key=lambda row: row[2])
    answer = BuyAgain(9).recommend(asked(*rows), 4)
    assert answer.items.tolist() == [[1, 2, -1, -1]]
    assert BuyAgain(9).because(asked(*rows), answer, 1).items[0, :2, 0].tolist() == [1, 2]


def test_an_order_for_all_skips_what_is_forbidden_however_much_it_is():
    scores = np.arange(5_000, dtype=np.float32)
    listed = Listed("popular", scores)
    mask = np.zeros((1, 5_000), dtype=np.bool_)
    mask[0, [7, 4_000]] = True
    assert listed.recommend(asked(), 3, Allowed(mask)).items.tolist() == [[4_000, 7, -1]]
    short = Allowed(np.ones((1, 10), dtype=np.bool_))
    assert listed.recommend(asked(), 2, short & excluding([[9]])).items.tolist() == [[8, 7]]


def test_similar_joins_the_items_of_a_basket_by_ranks():
    near = Near(np.array([0, 2, 4]), np.array([2, 3, 3, 4], dtype=np.int32), np.array([4, 3, 4, 3], dtype=np.float32))
    similar = Similar(Together("met", np.ones(5, dtype=np.float32), near))
    assert similar.recommend(asked(basket=(0,)), 3).items.tolist() == [[2, 3, -1]]
    assert similar.recommend(asked(basket=(0, 1)), 3).items.tolist() == [[3, 2, 4]]
    assert (similar.recommend(asked(), 3).items == -1).all()


def test_what_counts_as_popular_and_together_follows_the_tempo(tmp_path):
    slow, quick = Tempo(popular_days=300.0, basket_minutes=120.0), Tempo(popular_days=1.0, basket_minutes=10.0)
    rows = [("a", 0, "purchase", NOW - 10 * DAY), ("b", 0, "purchase", NOW - 10 * DAY), ("c", 1, "purchase", NOW)]
    rows += [("c", 2, "purchase", NOW - 1_800)]
    firsts = {}
    for tempo in (slow, quick):
        live = Live.empty({}, tempo)
        live.count(*events(*rows))
        made = live.recommenders(catalog(3), NOW)
        live.save(tmp_path / "live")
        again = Live.load(tmp_path / "live", {})
        assert again.tempo == tempo
        np.testing.assert_array_equal(again.recommenders(catalog(3), NOW)["popular"].scores, made["popular"].scores)
        firsts[tempo] = made["popular"].order.tolist()[0], made["bought_together"].near.of(1)[0].tolist()
    assert firsts == {slow: (0, [2]), quick: (1, [])}


def test_items_are_new_for_as_long_as_the_tempo_says():
    live = Live.empty({}, Tempo(new_days=5.0))
    live.count(*events(("a", 0, "view", NOW - 9 * DAY), ("a", 1, "view", NOW - 2 * DAY)))
    assert live.recommenders(catalog(3), NOW)["new"].recommend(asked(), 3).items.tolist() == [[1, -1, -1]]
    shelf = Catalog.of_documents([{"since": "2023-11-01"}, {"since": "2023-11-13"}], Vocabulary.of(["i0", "i1"]))
    assert live.recommenders(shelf, NOW, "since")["new"].order.tolist() == [1]


@pytest.mark.parametrize(
    "wrong",
    [{"popular_days": 0.0}, {"visit_minutes": float("nan")}, {"new_days": -1.0}, {"trending_days": 14.0}],
)
def test_a_tempo_that_cannot_be_is_refused(wrong: dict[str, float]):
    with pytest.raises(SettingError, match=next(iter(wrong))):
        Tempo(**wrong)
