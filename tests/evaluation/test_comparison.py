"""Comparison: the same questions for all, intervals, tests and a verdict."""

import json

import numpy as np
import pytest

from regulars.core.errors import BadTable, EmptyData, UnknownId
from regulars.evaluation import Comparison, Evaluation

rng = np.random.default_rng(0)
TRUTH = rng.random(400).astype(np.float32)


def evaluation(figures, split="weeks 1-4"):
    half = figures.copy()
    half[200:] = np.nan
    return Evaluation(
        split,
        "",
        (10,),
        {"ndcg@10": figures},
        {("age", "new", "ndcg@10"): half, ("age", "known", "ndcg@10"): np.full_like(figures, np.nan)},
        {"coverage@10": 0.5, "category_diversity@10": float("nan")},
        1.5,
    )


def noisy(shift, seed):
    noise = np.random.default_rng(seed).normal(shift, 0.1, 400).astype(np.float32)
    return evaluation(np.clip(TRUTH + noise, 0, 1))


COMPARISON = Comparison({"als": noisy(0.0, 1), "ease": noisy(0.001, 2), "popular": noisy(-0.2, 3)})


def rows(frame):
    return {row["name"]: row for row in frame.to_dicts()}


def test_the_best_is_the_reference_and_the_others_get_a_verdict():
    table = rows(COMPARISON.frame())
    best = COMPARISON.best("ndcg@10")
    other = "als" if best == "ease" else "ease"
    assert table[best]["verdict"] == "reference"
    assert table[other]["verdict"] == "no difference"
    assert table["popular"]["verdict"] == "worse"
    assert table["popular"]["difference_high"] < 0
    assert table["popular"]["p"] < 0.01
    assert np.isnan(table[best]["p"])


def test_a_named_reference_turns_the_verdicts_around():
    table = rows(COMPARISON.against("popular").frame())
    assert [table[name]["verdict"] for name in ("als", "ease", "popular")] == ["better", "better", "reference"]
    assert {row["reference"] for row in table.values()} == {"popular"}


def test_figures_are_those_of_the_customers_and_intervals_of_pairs_are_narrower():
    table = rows(COMPARISON.frame())
    assert table["als"]["mean"] == pytest.approx(COMPARISON.evaluations["als"].figures["ndcg@10"].mean(), abs=1e-6)
    assert table["als"]["low"] < table["als"]["mean"] < table["als"]["high"]
    spread = table["popular"]["difference_high"] - table["popular"]["difference_low"]
    assert spread < (table["popular"]["high"] - table["popular"]["low"]) / 2


def test_slices_count_their_own_customers_and_leave_out_what_nobody_wanted():
    table = COMPARISON.slices()
    assert table["part"].unique().to_list() == ["new"]
    assert table["customers"].unique().to_list() == [200]


def test_catalog_leaves_out_what_is_undefined_and_cost_takes_what_is_given():
    assert COMPARISON.catalog()["metric"].unique().to_list() == ["coverage@10"]
    dear = Comparison(COMPARISON.evaluations, costs={name: {"fit_seconds": 2.0} for name in COMPARISON.evaluations})
    assert dear.cost().columns == ["name", "answer_seconds", "fit_seconds"]


def test_json_is_strict_and_holds_every_table():
    told = json.loads(COMPARISON.json())
    assert told["queries"] == 400
    assert {row["verdict"] for row in told["metrics"]} == {"reference", "no difference", "worse"}
    assert all(told[part] for part in ("metrics", "slices", "catalog", "cost"))


def test_one_recommender_alone_is_a_comparison_too():
    alone = Comparison({"als": noisy(0, 1)})
    assert alone.frame()["verdict"].to_list() == ["reference"]


def test_what_was_not_asked_the_same_is_not_compared():
    with pytest.raises(BadTable, match="one split"):
        Comparison({"a": noisy(0, 1), "b": evaluation(TRUTH, split="weeks 5-8")})
    with pytest.raises(EmptyData, match="at least one"):
        Comparison({})
    with pytest.raises(UnknownId, match="'slim'"):
        COMPARISON.against("slim")


def test_small_batches_give_the_same_tables(monkeypatch):
    whole = COMPARISON.frame(), COMPARISON.slices()
    monkeypatch.setattr("regulars.evaluation.comparison._BATCH", 1)
    assert COMPARISON.frame().equals(whole[0])
    assert COMPARISON.slices().equals(whole[1])
