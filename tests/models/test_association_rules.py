import numpy as np
import polars as pl
import pytest

from regulars.core import MISSING, Dataset, Histories, Queries, ints
from regulars.models.association_rules import AssociationRules

BASKETS = [
    "bread butter jam",
    "bread butter",
    "bread milk",
    "butter jam",
    "milk",
    "bread butter milk",
    "jam butter",
    "tea",
]
SHOP = Dataset.of(
    pl.DataFrame(
        [
            {"user_id": basket % 3, "item_id": item, "session": basket}
            for basket, line in enumerate(BASKETS)
            for item in [*line.split(), line.split()[0]]  # the first one twice
        ]
    )
)
BREAD, BUTTER, JAM, MILK, TEA = SHOP.items.index(["bread", "butter", "jam", "milk", "tea"])
FEW = {"min_baskets": 1}


def rule(table, antecedent, consequent):
    return table.row(
        by_predicate=(pl.col("antecedent") == antecedent) & (pl.col("consequent") == consequent), named=True
    )


def test_the_measures_are_those_worked_out_by_hand():
    """Of 8 baskets 4 hold bread, 5 butter, 3 jam; 3 bread and butter, 3 jam and butter, 1 bread and jam."""
    table = AssociationRules(**FEW).rules(SHOP)
    assert rule(table, "bread", "butter") == {
        "antecedent": "bread",
        "consequent": "butter",
        "support": 3 / 8,
        "confidence": 3 / 4,
        "lift": pytest.approx((3 / 4) / (5 / 8)),
        "conviction": pytest.approx((3 / 8) / (1 / 4)),
        "count": 3,
    }
    never_fails = rule(table, "jam", "butter")
    assert never_fails["confidence"] == 1
    assert never_fails["conviction"] == pytest.approx((3 / 8) / (0.5 / 3))  # half an exception in three baskets
    assert rule(table, "bread", "jam")["lift"] == pytest.approx((1 / 4) / (3 / 8))
    assert "tea" not in table["antecedent"]


def test_rules_stand_best_first():
    for measure in ("support", "confidence", "lift", "conviction"):
        values = AssociationRules(measure=measure, **FEW).rules(SHOP)[measure].to_list()
        assert values == sorted(values, reverse=True)


def test_a_rule_needs_what_is_asked_of_it():
    assert AssociationRules(min_baskets=3).rules(SHOP)["count"].min() == 3
    assert AssociationRules(min_support=0.25, **FEW).rules(SHOP)["support"].min() == 0.25
    assert AssociationRules(min_confidence=0.7, **FEW).rules(SHOP)["confidence"].min() >= 0.7
    assert AssociationRules(min_baskets=9).rules(SHOP).height == 0


def test_all_that_a_customer_bought_may_count_as_one_basket():
    table = AssociationRules(within="customer", **FEW).rules(SHOP)
    assert rule(table, "milk", "tea")["confidence"] == pytest.approx(1 / 2)  # customers 1, 2 have milk, 1 has tea


def test_similar_items_are_bought_together():
    by = {measure: AssociationRules(measure=measure, **FEW).fit(SHOP) for measure in ("confidence", "lift")}
    assert by["confidence"].similar_items(ints([BUTTER, TEA]), 2).items.tolist() == [[BREAD, JAM], [MISSING] * 2]
    assert by["lift"].similar_items(ints([BUTTER]), 3).items.tolist() == [[JAM, BREAD, MILK]]


def test_a_basket_is_asked_about_by_itself_and_without_one_the_history():
    model = AssociationRules(measure="confidence", **FEW).fit(SHOP)
    history = Histories.of([[MILK], [MILK], []])
    baskets = Histories.of([[JAM], [], [BREAD, JAM]])
    queries = Queries(ints([-1] * 3), history, np.zeros(3, np.int64), baskets)
    scores = model.score(queries)
    assert scores[0, BUTTER] == 1
    assert np.isnan(scores[0, MILK])
    assert scores[1, BREAD] == pytest.approx(2 / 3)
    assert scores[2, BUTTER] == pytest.approx(3 / 4 + 1)
    reasons = model.because(queries, model.recommend(queries, 1), 2)
    assert reasons.items[:, 0].tolist() == [[JAM, MISSING], [MILK, MISSING], [JAM, BREAD]]


def test_rules_agree_with_counting_in_a_larger_shop():
    random = np.random.default_rng(2)
    held = random.random((300, 20)) < random.uniform(0.02, 0.5, 20)
    rows = np.argwhere(held)
    shop = Dataset.of(pl.DataFrame({"user_id": rows[:, 0] % 7, "item_id": rows[:, 1], "basket": rows[:, 0]}))
    table = AssociationRules(measure="lift").rules(shop)
    held = held[held.any(axis=1)]
    expected = {}
    for left in range(20):
        for right in range(20):
            both = (held[:, left] & held[:, right]).sum()
            if left != right and both >= 5:
                expected[left, right] = both * len(held) / held[:, left].sum() / held[:, right].sum()
    assert {row[:2]: row[4] for row in table.rows()} == pytest.approx(expected)
