"""Scenarios: names that nothing answers to are errors at the start, and ladders end with what is popular."""

import pytest

from regulars.core.errors import ConfigError, RuleError
from regulars.serving.live import LIVE
from regulars.serving.scenarios import scenarios_of


def test_the_built_in_scenarios_are_there_beside_those_of_the_file():
    made = scenarios_of({"mail": {"sources": ("als", "new"), "k": 4}}, k=7, known=("als",), home=("als", "popularity"))
    assert {"home", "cart", "mail", *LIVE} == set(made)
    assert made["home"].sources == ("als", "popularity", "popular")
    assert made["mail"].sources == ("als", "new", "popular")
    assert (made["mail"].k, made["home"].k) == (4, 7)


def test_lists_of_the_own_past_are_not_filled_with_what_is_popular():
    made = scenarios_of({"again": {"sources": ("buy_again", "recently_viewed")}})
    assert made["again"].sources == ("buy_again", "recently_viewed")


def test_a_misspelled_source_is_named_with_what_may_be_meant():
    with pytest.raises(ConfigError, match=r"\[scenarios.home\] has the source item_kn.*did you mean item_knn"):
        scenarios_of({"home": {"sources": ("item_kn",)}}, known=("item_knn",))


@pytest.mark.parametrize(
    "table", [{"sources": ()}, {"sources": ("popular",), "k": 1_001}, {"sources": ("popular",), "explore": 2}]
)
def test_what_cannot_be_is_refused(table: dict[str, object]):
    with pytest.raises(ConfigError, match=r"\[scenarios.page\]"):
        scenarios_of({"page": table})


def test_rules_of_the_shop_hold_in_every_scenario():
    made = scenarios_of({"page": {"sources": ("new",), "rules": {"deny": ["b"]}}}, rules={"deny": ["a"]})
    assert "a" in str(made["cart"].rules)
    assert "a" in str(made["page"].rules)
    assert "b" in str(made["page"].rules)
    with pytest.raises(RuleError):
        scenarios_of({}, rules={"where": "price <"})
