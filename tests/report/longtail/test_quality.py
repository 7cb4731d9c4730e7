"""Lists judged by how often the wanted item had been met: a case worked by hand."""

import numpy as np
import polars as pl
import pytest

from regulars.core import QUIET, Allowed, Queries, excluding, ints
from regulars.evaluation import interaction_parts
from regulars.report.longtail import Pair
from regulars.report.longtail.quality import Among, _corrected, demand, quality
from report.longtail.toys import asked, log, model

BEFORE = model([[5.0], [4.0], [3.0], None])
AFTER = model([[5.0], [4.0], [3.0], [6.0]])


@pytest.fixture(scope="module")
def split():
    """Items met 12, 5, 2 and 0 times; one customer wants the third, another one the last."""
    return asked(log([12, 5, 2, 0]), [[2], [3]])


@pytest.fixture(scope="module")
def found(split):
    return quality(Pair(BEFORE, AFTER), split, 2, (), QUIET)


def mean(found, among, part, name, figure="ndcg@2"):
    rows = found.by_part().filter(among=among, part=part, name=name, metric=figure)
    return rows["mean"].item()


def test_the_whole_catalog_is_ranked(found):
    """Before: [0, 1], so neither is found. After: [3, 0]."""
    assert [mean(found, "all", part, "before") for part in ("0", "1-3")] == [0.0, 0.0]
    assert [mean(found, "all", part, "after") for part in ("0", "1-3")] == [1.0, 0.0]
    assert mean(found, "all", "0", "after", "map@2") == 1.0


def test_among_its_own_kind_an_item_competes_with_no_other(found):
    assert [mean(found, "part", "1-3", name) for name in ("before", "after")] == [1.0, 1.0]
    assert [mean(found, "part", "0", name) for name in ("before", "after")] == [0.0, 1.0]
    assert set(found.by_part().filter(among="part")["part"]) == {"0", "1-3"}, "nobody wanted anything of other parts"


def test_what_the_lists_show_is_counted_item_by_item(found):
    assert found.counts["before"].tolist() == [2, 2, 0, 0]
    assert found.counts["after"].tolist() == [2, 0, 0, 2]


def test_every_difference_is_that_of_after_from_before(found):
    rows = found.by_part().filter(pl.col("name") == "after")
    before = found.by_part().filter(pl.col("name") == "before")
    np.testing.assert_allclose(rows["difference"], rows["mean"] - before["mean"])
    assert set(before["verdict"]) == {"reference"}


def test_demand_is_how_many_customers_wanted_each_item(split):
    assert demand(split, 4).tolist() == [0, 0, 1, 1]


def test_parts_are_those_of_the_evaluation():
    parts = interaction_parts(np.array([0, 1, 3, 4, 10, 11, 300, 301]))
    assert [parts.names[code] for code in parts.codes] == [
        "0",
        "1-3",
        "1-3",
        "4-10",
        "4-10",
        "11-30",
        "101-300",
        ">300",
    ]


def test_a_model_among_some_items_answers_as_it_would_if_nothing_else_were_allowed():
    random = np.random.default_rng(0)
    whole = model(random.standard_normal((12, 3)).tolist())
    items = ints([1, 4, 5, 9, 11])
    mask = np.ones((1, 12), dtype=bool)
    mask[0, 4] = False
    allowed = Allowed(mask) & excluding([[1, 2], [9], []])
    queries = Queries.of([[0]] * 3)
    answer = Among(whole, items).recommend(queries, 4, allowed)
    same = whole.recommend(queries, 4, allowed & Allowed(np.isin(np.arange(12), items)[None]))
    np.testing.assert_array_equal(answer.items, same.items)
    np.testing.assert_allclose(answer.scores, same.scores, rtol=1e-6)


def test_verdicts_are_corrected_over_the_parts():
    """Three parts with p .02: each alone would be a finding, three together are none (Holm: .06)."""
    rows = pl.DataFrame(
        {
            "metric": ["ndcg@10"] * 6,
            "name": ["before", "after"] * 3,
            "p": [None, 0.02] * 3,
            "difference": [0.0, 0.1] * 3,
            "verdict": ["reference", "better"] * 3,
        }
    )
    found = _corrected(rows)
    assert found["verdict"].to_list() == ["reference", "no difference"] * 3
    assert found.filter(name="after")["p"].to_list() == pytest.approx([0.06] * 3)
