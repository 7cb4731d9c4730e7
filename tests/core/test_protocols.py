"""What is written once for every model that answers by its scores."""

from dataclasses import dataclass

import numpy as np
import pytest

from regulars.core import Allowed, Model, Queries, Run, Scored, floats, protocols


@dataclass(frozen=True)
class Shelf(Scored):
    """Scores item j of a customer with h events as h * 100 - j; cannot tell of item 1 or of a stranger."""

    n_items: int
    method: str = "shelf"

    def score(self, queries, items=None):
        wanted = np.arange(self.n_items) if items is None else items
        known = queries.history.lengths[:, None].astype(np.float32)
        scores = known * 100 - wanted[None, :]
        return np.where((known == 0) | (wanted[None, :] == 1), np.nan, scores).astype(np.float32)


def test_the_best_scores_are_the_answer_and_what_cannot_be_told_is_not():
    answer = Shelf(4).recommend(Queries.of([[0], []]), 4)
    assert answer.items.tolist() == [[0, 2, 3, -1], [-1, -1, -1, -1]]
    assert answer.scores[0, :3].tolist() == [100, 98, 97]
    assert answer.names == ("shelf",)


def test_blocks_of_scores_answer_as_one_piece_would(monkeypatch):
    queries = Queries.of([[0] * (i % 3) for i in range(11)])
    allowed = Allowed.all_but(queries.history) & Allowed(np.array([[True, True, False, True, True]]))
    whole = Shelf(5).recommend(queries, 3, allowed)
    monkeypatch.setattr(protocols, "_BLOCK", 10)
    parts = Shelf(5).recommend(queries, 3, allowed)
    assert parts.items.tolist() == whole.items.tolist()
    assert np.array_equal(parts.scores, whole.scores, equal_nan=True)


def test_no_questions_get_no_answers():
    assert Shelf(3).recommend(Queries.of([]), 5).items.shape == (0, 5)


def test_an_abstract_model_cannot_be_made():
    with pytest.raises(TypeError):
        Model()


def test_the_same_seed_draws_the_same_numbers():
    assert Run(seed=7).random().random(3).tolist() == Run(seed=7).random().random(3).tolist()
    assert Run(seed=7).random().random() != Run(seed=8).random().random()


def test_scores_are_float32():
    assert Shelf(3).recommend(Queries.of([[0]]), 2).scores.dtype == floats([]).dtype
