"""The law: a list has k items where k exist that the rules allow together, and never one that they forbid."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from math import floor
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.core import Allowed, Floats, Histories, Queries, Recommendations, Recommender, excluding, ints
from regulars.core.errors import SettingError
from regulars.ranking import Fallback, RankFusion
from regulars.ranking.rules import Catalog, Condition, Ruled, Rules
from regulars.ranking.rules.syntax import Node
from rule_twins import START, Ranked, asked, catalog_of, contexts, documents, is_true, nodes

N = 12


@st.composite
def shops(draw: st.DrawFn) -> tuple[list[dict[str, Any]], Recommender, int]:
    """Items, somebody who ranks them for 3 customers, and how long the lists should be."""
    items = draw(documents(N))
    random = np.random.default_rng(draw(st.integers(0, 1_000)))
    scores = [random.permutation(3 * len(items)).reshape(3, -1).astype(np.float32) for _ in range(2)]
    scores[0][random.random(scores[0].shape) < draw(st.sampled_from([0.0, 0.3]))] = np.nan
    made: list[Recommender] = [Ranked(one) for one in scores]
    kind = draw(st.sampled_from(["one", "fallback", "fusion"]))
    recommender = {"one": made[1], "fallback": Fallback(tuple(made)), "fusion": RankFusion(tuple(made), depth=2)}[kind]
    return items, recommender, draw(st.integers(1, 8))


CAPS = st.dictionaries(st.sampled_from(["brand", "price", "old"]), st.integers(1, 2), max_size=2)
SHARES = st.lists(
    st.one_of(
        st.fixed_dictionaries({"where": st.just('maker = "A"'), "at_most": st.sampled_from([0.0, 0.3, 0.5])}),
        st.fixed_dictionaries({"by": st.just("maker"), "at_most": st.sampled_from([0.2, 0.5])}),
        st.fixed_dictionaries({"where": st.just("price > 1"), "at_least": st.sampled_from([0.3, 1.0])}),
    ),
    max_size=2,
)
SOFT = st.fixed_dictionaries(
    {},
    optional={
        "boosts": st.just([{"where": "price > 1", "factor": 3.0, "add": 0.1}]),
        "bury": st.sampled_from(["old", 'brand = "A"']),
        "weights": st.just({"price": -0.5}),
        "diversity": st.sampled_from([{"by": "brand", "strength": 1.0}, {"by": "price", "strength": 0.4}]),
        "pins": st.lists(
            st.fixed_dictionaries({"item": st.sampled_from(["i0", "i1", "i9", "x"]), "slot": st.integers(1, 9)}),
            max_size=3,
        ),
    },
)


@given(shops(), nodes(), contexts(), CAPS, SHARES, SOFT, st.lists(st.integers(0, N), max_size=3))
def test_every_list_is_full_and_obeys(
    shop: tuple[list[dict[str, Any]], Recommender, int],
    where: Node,
    context: dict[str, Any],
    caps: dict[str, int],
    shares: list[dict[str, Any]],
    soft: dict[str, Any],
    shown: list[int],
) -> None:
    items, recommender, k = shop
    table = {"where": str(where), "deny": ["i3"], "caps": caps, "shares": shares, **soft}
    ruled = Ruled(recommender, Rules.of(table).bound(catalog_of(items)), depth=2)
    queries = replace(asked(3, context), users=ints([0, 1, 2]))
    answer = ruled.recommend(queries, k, excluding([shown] * 3))
    told = recommender.recommend(queries, len(items))
    for row in range(3):
        found = [item for item in answer.items[row].tolist() if item >= 0]
        may = {i for i, item in enumerate(items) if i != 3 and i not in shown and is_true(where, item, context, START)}
        assert set(found) <= may
        assert len(found) == len(set(found)) <= k
        assert _obeys(found, items, table, k)
        assert answer.items[row].tolist() == found + [-1] * (k - len(found))
        if len(found) < k:
            left = (may & set(told.items[row].tolist())) - set(found)
            assert not [item for item in left if _obeys([*found, item], items, table, k)]
        scores = answer.scores[row][: len(found)]
        assert (np.diff(scores) <= 0).all()
        assert np.isfinite(scores).all()


@given(shops(), nodes(), contexts(), CAPS, SHARES, SOFT)
def test_alone_or_together_every_question_has_the_same_answer(
    shop: tuple[list[dict[str, Any]], Recommender, int],
    where: Node,
    context: dict[str, Any],
    caps: dict[str, int],
    shares: list[dict[str, Any]],
    soft: dict[str, Any],
) -> None:
    items, recommender, k = shop
    table = {"where": str(where), "caps": caps, "shares": shares, **soft}
    ruled = Ruled(recommender, Rules.of(table).bound(catalog_of(items)), depth=3)
    contextual = asked(3, {**context, "store": "rome"}).context.with_row_index("number")
    queries = replace(asked(3), users=ints([0, 1, 2]), context=contextual, times=np.array([START, START + 2, START]))
    together = ruled.recommend(queries, k)
    for row in range(3):
        alone = ruled.recommend(queries[slice(row, row + 1)], k)
        for name in ("items", "scores", "sources"):
            np.testing.assert_array_equal(getattr(alone, name)[0], getattr(together, name)[row])
        assert alone.names == together.names


@given(shops(), st.dictionaries(st.sampled_from(["brand", "maker", "price"]), st.integers(1, 2), max_size=2))
def test_under_caps_alone_the_list_is_what_a_patient_clerk_would_pick(
    shop: tuple[list[dict[str, Any]], Recommender, int], caps: dict[str, int]
) -> None:
    items, recommender, k = shop
    recommender = recommender.recommenders[0] if isinstance(recommender, RankFusion) else recommender
    queries = replace(asked(3), users=ints([0, 1, 2]))
    answer = Ruled(recommender, Rules.of({"caps": caps}).bound(catalog_of(items)), depth=2).recommend(queries, k)
    everything = recommender.recommend(queries, len(items))
    for row in range(3):
        picked: list[int] = []
        for item in everything.items[row].tolist():
            if item >= 0 and len(picked) < k and _obeys([*picked, item], items, {"caps": caps}, k):
                picked.append(item)
        assert answer.items[row].tolist() == picked + [-1] * (k - len(picked))


def _obeys(found: list[int], items: list[dict[str, Any]], table: Mapping[str, Any], k: int) -> bool:
    for field, most in table["caps"].items():
        counts = Counter(items[item][field] for item in found if field in items[item])
        if any(count > most for count in counts.values()):
            return False
    for share in table.get("shares", ()):
        most = floor(share.get("at_most", 1.0) * k + 1e-9)
        if "where" in share and "at_most" in share:
            node = Condition.of(share["where"]).node
            if sum(is_true(node, items[item], {}, START) for item in found) > most:
                return False
        if "by" in share:
            makers = Counter(items[item]["maker"] for item in found if "maker" in items[item])
            if any(count > max(1, most) for count in makers.values()):
                return False
    return True


# ---- one rule at a time, worked by hand

SHOP = [{"brand": "AAABBC"[item % 6], "price": float(item + 1), "own": item % 5 == 4} for item in range(10)]
ITEMS = Ranked([np.arange(10, 0, -1)])  # item 0 is best


def _listed(table: Mapping[str, Any], k: int, depth: int = 4, **how: Any) -> list[int]:
    queries = how.pop("queries", replace(asked(), users=ints([0])))
    ruled = Ruled(how.pop("recommender", ITEMS), Rules.of(table).bound(catalog_of(SHOP), ("view", "buy")), depth)
    answer = ruled.page(queries, k, how.get("allowed"), starts=how.get("starts"))
    found: list[int] = answer.items[0].tolist()
    return found


def test_without_rules_the_recommender_answers() -> None:
    assert _listed({}, 4) == [0, 1, 2, 3]


def test_a_cap_passes_over_what_is_too_much_and_asks_deeper() -> None:
    assert _listed({"caps": {"brand": 1}}, 4, depth=2) == [0, 3, 5, -1]
    assert _listed({"caps": {"brand": 2}}, 5, depth=2) == [0, 1, 3, 4, 5]


def test_a_boost_lifts_by_places() -> None:
    # places count 1, 10/11, 10/12, ...: the fifth has 10/14, times 1.2 it comes between the second and the third
    assert _listed({"boosts": [{"where": 'brand = "B" and own', "factor": 1.2}]}, 6, depth=10) == [0, 1, 4, 2, 3, 5]
    assert _listed({"boosts": [{"where": "own", "add": 1}]}, 3, depth=10) == [4, 9, 0]
    assert _listed({"boosts": [{"where": 'brand = "A"', "factor": 0}]}, 4, depth=10) == [3, 4, 5, 9]


def test_what_is_buried_is_shown_only_where_nothing_else_is_left() -> None:
    assert _listed({"bury": 'brand = "A"'}, 4, depth=2) == [3, 4, 5, 9]
    assert _listed({"bury": "price <= 8"}, 4, depth=2) == [8, 9, 0, 1]
    assert _listed({"bury": ["price <= 8", "price = 10"]}, 3) == [8, 0, 1]


def test_a_weight_on_the_price_prefers_what_is_dearer_than_the_median() -> None:
    dear = _listed({"weights": {"price": 1}}, 10, depth=10)
    cheap = _listed({"weights": {"price": -1}}, 10, depth=10)
    assert cheap == list(range(10))
    assert dear[0] > 2
    assert dear != cheap


def test_a_pin_stands_in_its_slot_and_its_source_says_so() -> None:
    rules = {"pins": [{"item": "i9", "slot": 2}, {"item": "i1", "slot": 2}, {"item": "nobody", "slot": 1}]}
    assert _listed(rules, 4) == [0, 9, 1, 2]
    answer = Ruled(ITEMS, Rules.of(rules).bound(catalog_of(SHOP))).recommend(replace(asked(), users=ints([0])), 4)
    assert [answer.names[source] for source in answer.sources[0]] == ["ranked", "pinned", "pinned", "ranked"]
    assert answer.scores[0].tolist() == [10, 10, 10, 8]


def test_a_pin_that_may_not_be_shown_is_not_shown() -> None:
    pins = {"pins": [{"item": "i9", "slot": 1}]}
    assert _listed({**pins, "where": "price < 10"}, 3) == [0, 1, 2]
    assert _listed({**pins, "deny": ["i9"]}, 3) == [0, 1, 2]
    assert _listed(pins, 3, allowed=excluding([[9]])) == [0, 1, 2]
    assert _listed({**pins, "unseen": ["buy"]}, 3, queries=_history([9], [1])) == [0, 1, 2]
    assert _listed({**pins, "unseen": ["buy"]}, 3, queries=_history([9], [0])) == [9, 0, 1]
    assert _listed({"pins": [{"item": "i9", "slot": 1, "where": "channel = 'web'"}]}, 3) == [0, 1, 2]


def test_a_pin_that_would_break_a_cap_falls() -> None:
    pins = [{"item": "i1", "slot": 1}, {"item": "i2", "slot": 2}]
    assert _listed({"pins": pins, "caps": {"brand": 1}}, 3, depth=2) == [1, 3, 5]


def test_pins_move_up_where_the_list_ends_before_their_slot() -> None:
    assert _listed({"pins": [{"item": "i9", "slot": 4}], "where": "price > 8"}, 5) == [8, 9, -1, -1, -1]


def test_pins_of_a_later_page_stand_on_it() -> None:
    pins = {"pins": [{"item": "i9", "slot": 5}]}
    assert _listed(pins, 3) == [0, 1, 2]
    assert _listed(pins, 3, starts=ints([3]), allowed=excluding([[0, 1, 2]])) == [3, 9, 4]


def test_pages_repeat_nothing() -> None:
    rules = {"caps": {"brand": 2}, "pins": [{"item": "i9", "slot": 1}], "diversity": {"by": "brand", "strength": 0.5}}
    shown: list[int] = []
    for start in (0, 3, 6, 9):
        page = _listed(rules, 3, starts=ints([start]), allowed=excluding([shown]))
        shown += [item for item in page if item >= 0]
    assert sorted(shown) == list(range(10))


def test_at_least_a_share_is_spread_over_the_list() -> None:
    assert _listed({"shares": [{"where": "own", "at_least": 0.5}]}, 4, depth=2) == [0, 4, 1, 9]
    assert _listed({"shares": [{"where": "own", "at_least": 1.0}]}, 4, depth=2) == [4, 9, 0, 1]
    assert _listed({"shares": [{"where": "price > 9", "at_least": 0.1}]}, 3, depth=2) == [0, 1, 9]


def test_at_most_a_share_counts_the_slots_that_were_asked_for() -> None:
    assert _listed({"shares": [{"where": 'brand = "A"', "at_most": 0.5}]}, 4, depth=2) == [0, 1, 3, 4]
    assert _listed({"shares": [{"by": "brand", "at_most": 0.34}]}, 3, depth=2) == [0, 3, 5]
    assert _listed({"shares": [{"where": 'brand != "C"', "at_most": 0}]}, 3, depth=2) == [5, -1, -1]


def test_diversity_sends_repeated_values_back() -> None:
    assert _listed({"diversity": {"by": "brand", "strength": 1}}, 6, depth=10) == [0, 3, 5, 1, 4, 2]
    assert _listed({"diversity": {"by": "brand", "strength": 0}}, 6, depth=10) == [0, 1, 2, 3, 4, 5]
    assert _listed({"diversity": {"by": "brand", "strength": 0.25}}, 4, depth=10) == [0, 3, 1, 5]


def test_diversity_by_vectors_sends_back_what_points_the_same_way() -> None:
    items = [{"look": [1.0, 0.0]}, {"look": [1.0, 0.1]}, {"look": [0.0, 1.0]}, {}]
    rules = Rules.of({"diversity": {"by": "look", "strength": 0.9}})
    ranked = Ranked([[4, 3, 2, 1]])
    answer = Ruled(ranked, rules.bound(catalog_of(items))).recommend(replace(asked(), users=ints([0])), 4)
    assert answer.items[0].tolist() == [0, 2, 3, 1]


def test_similar_items_obey_too() -> None:
    class Alike(Ranked):
        def similar_items(self, items: np.ndarray, k: int, allowed: Allowed | None = None) -> Recommendations:
            return self.recommend(replace(asked(len(items)), users=ints([0] * len(items))), k, allowed)

    ruled = Ruled(Alike([np.arange(10, 0, -1)]), Rules.of({"caps": {"brand": 1}}).bound(catalog_of(SHOP)), 2)
    assert ruled.similar_items(ints([1, 2]), 3).items.tolist() == [[0, 3, 5], [0, 3, 5]]


def test_nobody_is_answered_with_nothing_under_the_names_of_everybody() -> None:
    for table in ({}, {"caps": {"brand": 1}}, {"pins": [{"item": "i1", "slot": 1}]}):
        ruled = Ruled(ITEMS, Rules.of(table).bound(catalog_of(SHOP)))
        nobody = ruled.recommend(replace(asked(0), users=ints([])), 3)
        assert nobody.items.shape == (0, 3)
        assert nobody.names == ruled.recommend(replace(asked(), users=ints([0])), 3).names


def test_a_depth_of_nothing_is_refused() -> None:
    with pytest.raises(SettingError, match="must be 1 or more; it is 0"):
        Ruled(ITEMS, Rules().bound(catalog_of(SHOP)), 0)


def test_a_recommender_that_knows_younger_or_fewer_items_than_the_catalog_is_no_trouble() -> None:
    few: Floats = np.arange(5, 0, -1, dtype=np.float32)
    for recommender, best in ((Ranked([few]), [0, 3, 4]), (Ranked([np.arange(20, 0, -1)]), [0, 3, 4])):
        assert _listed({"caps": {"brand": 2}, "where": "price != 2 and price != 3"}, 3, recommender=recommender) == best
    assert _listed({"caps": {"brand": 2}}, 12, recommender=Ranked([np.arange(20, 0, -1)]))[-1] == -1


def _history(items: list[int], kinds: list[int]) -> Queries:
    history = Histories.of([items])
    history = replace(history, kinds=np.array(kinds, dtype=np.int8))
    return replace(Queries.of(history, times=START), users=ints([0]))


def test_the_catalog_bounds_what_is_answered_when_rules_arrange() -> None:
    catalog = Catalog.of_documents([{"brand": "A"}] * 3, catalog_of(SHOP[:3]).items)
    ruled = Ruled(ITEMS, Rules.of({"caps": {"brand": 5}}).bound(catalog))
    assert ruled.recommend(replace(asked(), users=ints([0])), 5).items[0].tolist() == [0, 1, 2, -1, -1]
