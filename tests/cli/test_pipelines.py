"""Pipelines through the command line: compared, fitted, asked, explained."""

import json

import pytest

from cli.corner import TABLES

METHODS = """
[split]
days = 20
[methods.popularity]
[methods.item_knn]
[methods.personal]
"""
PIPELINE = """
[pipelines.ranked]
sources = ["item_knn", "personal", "popularity"]
ranker = "additive"
filters = ["on_shelf"]
caps = { category = 2 }
boosts = { on_shelf = 0.1 }
depth = 20
lessons = 2
[pipelines.grown]
sources = ["item_knn", "popularity"]
ranker = "trees"
settings = { trees = 5 }
features = ["recency", "customers"]
depth = 20
[blends.learned]
of = ["item_knn", "popularity"]
learner = "linear"
[routes.by_history]
of = ["popularity", "ranked"]
events = [0, 4]
"""


def test_pipelines_are_compared_fitted_and_asked(shop):
    pytest.importorskip("lightgbm")
    shop.write(TABLES + METHODS + PIPELINE, rest=False)
    compared = json.loads(shop.ok("compare", "--json").out)
    assert {row["name"] for row in compared["test"]["metrics"]} >= {"ranked", "grown", "by_history"}
    costs = {row["name"]: row["fit_seconds"] for row in compared["test"]["cost"]}
    assert costs["ranked"] > costs["item_knn"] + costs["personal"] + costs["popularity"]
    for name in ("ranked", "by_history"):
        shop.ok("fit", "--method", name)
        rows = json.loads(shop.ok("recommend", "--customer", "c-001", "--json").out)
        assert len(rows) == 5
        assert all(row["reason"] for row in rows)
        assert not any(row["item_id"].endswith("9") for row in rows), "what is not on the shelf is never answered"
        groups = [int(row["item_id"]) // 10 for row in rows]
        assert max(groups.count(group) for group in groups) <= 2
        shop.ok("similar", "0001")
    shop.ok("recommend")
    shop.ok("report")


def test_a_pipeline_may_learn_from_newest_baskets(shop):
    baskets = """
[pipelines.next]
sources = ["personal", "item_knn"]
ranker = "additive"
features = ["recency", "rhythm"]
lessons = 3
withheld = "baskets"
depth = 20
"""
    shop.write(TABLES + METHODS + PIPELINE + baskets, rest=False)
    shop.ok("fit", "--method", "next")
    assert json.loads(shop.ok("recommend", "--customer", "c-001", "--json").out)


def test_what_is_withheld_has_two_names(shop):
    shop.write(TABLES + METHODS + PIPELINE.replace("lessons = 2", 'withheld = "weeks"'), rest=False)
    answer = shop.run("compare")
    assert answer.code > 0
    assert "'time' or 'baskets'" in answer.said


def test_a_deep_ranker_is_fitted_and_asked(shop):
    pytest.importorskip("torch")
    deep = (
        '[pipelines.deep]\nsources = ["item_knn", "popularity"]\nranker = "dcn"\nsettings = { epochs = 2, width = 8 }\n'
    )
    shop.write(TABLES + METHODS + deep, rest=False)
    shop.ok("fit", "--method", "deep", "--threads", "1")
    assert len(json.loads(shop.ok("recommend", "--customer", "c-001", "--json").out)) == 5


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('sources = ["alss"]', "[pipelines.p]: there is no method alss; did you mean als?"),
        ("sources = []", "[pipelines.p]: sources must name one method at least; it is empty"),
        ('sources = ["als"]\nranker = "tree"', "ranker must be one of additive, trees, dcn; it is 'tree'"),
        ('sources = ["als"]\nsettings = { tree = 3 }', "settings: TreeRanker has no setting tree; it has"),
        ('sources = ["als"]\nsettings = { trees = 0 }', "trees must be from 1 to 5000; it is 0"),
        ('sources = ["als"]\nfeatures = ["prices"]', "there is no prices; did you mean price?"),
        ('sources = ["als"]\ncaps = { category = 0 }', "[pipelines.p.caps] category must be at least 1; it is 0"),
        ('sources = ["p"]', "[pipelines.p]: sources must name methods; p is a pipeline. Name its methods instead"),
        ('sources = ["als"]\n[blends.p]\nof = ["als"]', "that is the name of a blend too; give the pipeline another"),
    ],
)
def test_a_pipeline_that_cannot_be_is_told_before_anything_is_fitted(shop, text, said):
    shop.write(f"{TABLES}[pipelines.p]\n{text}\n", rest=False)
    answer = shop.run("check")
    assert answer.code == 4
    assert said in answer.said


def test_columns_that_the_shop_lacks_are_told(shop):
    for text in ('filters = ["in_stock"]', "caps = { brand = 2 }", "boosts = { offer = 1.0 }"):
        shop.write(f'{TABLES}[pipelines.p]\nsources = ["popularity"]\nranker = "additive"\n{text}\n', rest=False)
        answer = shop.run("fit", "--method", "p")
        assert answer.code != 0
        assert "of [pipelines.p]: the table of items has no" in answer.said
