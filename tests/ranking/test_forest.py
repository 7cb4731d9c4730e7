"""Our arrays against LightGBM's own answers; and what is said where it is missing."""

import sys

import numpy as np
import pytest

from ranking.test_additive import choices
from regulars.core import Run
from regulars.core.errors import MissingExtra
from regulars.ranking.forest import TreeRanker, planted
from regulars.ranking.table import Table

RUN = Run(threads=1)


def test_the_arrays_answer_as_lightgbm_does():
    lightgbm = pytest.importorskip("lightgbm")
    random = np.random.default_rng(0)
    rows = random.normal(size=(3_000, 4)).astype(np.float32)
    rows[:, 3] = random.choice([-1.0, 0.0, 0.5], size=3_000)
    target = rows[:, 0] * rows[:, 1] + np.abs(rows[:, 2]) + rows[:, 3]
    settings = {"verbosity": -1, "num_leaves": 12, "num_threads": 1}
    grown = lightgbm.train(settings, lightgbm.Dataset(rows, target), 40)
    forest = planted([tree["tree_structure"] for tree in grown.dump_model()["tree_info"]])
    np.testing.assert_allclose(forest.score(Table.of_numbers(rows)), grown.predict(rows), rtol=1e-5, atol=1e-5)


def test_it_learns_what_chose():
    pytest.importorskip("lightgbm")
    lists, _ = choices()
    forest = TreeRanker(100, 15, 0.1, least=20, part=1.0).learn(lists, RUN)
    unseen, true = choices(seed=1)
    scores = forest.score(unseen.table)
    assert np.corrcoef(scores, true)[0, 1] > 0.85


def test_without_patience_all_trees_are_grown_from_all_lists():
    pytest.importorskip("lightgbm")
    lists, _ = choices()
    settings = {"trees": 60, "rate": 0.9, "least": 1}
    assert len(TreeRanker(**settings, patience=0).learn(lists, RUN).roots) == 60
    assert len(TreeRanker(**settings, patience=3).learn(lists, RUN).roots) < 60


def test_without_lightgbm_it_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    lists, _ = choices(n=20)
    with pytest.raises(MissingExtra, match=r"regulars\[rank\]"):
        TreeRanker(5, 5, 0.1).learn(lists, RUN)
