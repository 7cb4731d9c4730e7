"""Learned blends and routes through the command line: compared, fitted, asked."""

import json

from cli.corner import TABLES

COMPOSED = """
[split]
days = 20
[methods.popularity]
[methods.item_knn]
[methods.personal]
[blends.learned]
of = ["item_knn", "personal", "popularity"]
learner = "linear"
depth = 20
[routes.by_history]
of = ["popularity", "learned"]
events = [0, 4]
"""


def test_a_learned_blend_and_a_route_are_compared_fitted_and_asked(shop):
    shop.write(TABLES + COMPOSED, rest=False)
    compared = json.loads(shop.ok("compare", "--json").out)
    assert {row["name"] for row in compared["test"]["metrics"]} >= {"learned", "by_history", "popularity"}
    costs = {row["name"]: row["fit_seconds"] for row in compared["test"]["cost"]}
    assert costs["learned"] > costs["item_knn"] + costs["personal"] + costs["popularity"]
    for name in ("learned", "by_history"):
        shop.ok("fit", "--method", name)
        rows = json.loads(shop.ok("recommend", "--customer", "c-001", "--json").out)
        assert len(rows) == 5
        shop.ok("similar", "0001")
    shop.ok("recommend")
    shop.ok("report")
