"""What every index promises: allowed items alone, exactly k of them, nothing of whom nothing is known, exact scores."""

from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regulars.core import MISSING, Allowed, Queries, Vocabulary, excluding, ints
from regulars.core.errors import CannotDo
from regulars.kernels.topk import top_k_product
from regulars.models.kinds.saving import load, save
from regulars.models.kinds.tree import from_tree, to_tree
from regulars.retrieval import INDEXES, GraphIndex, Indexed

N, D, UNKNOWN = 400, 12, (7, 8, 399)
NEEDS = {"graph": "faiss"}
RECALL = {"exact": 1.0, "bits": 1.0, "graph": 0.97}  # of the ten best
asked_often = settings(max_examples=40)


def catalog(seed=0):
    """Clustered vectors of uneven lengths; of some items nothing is known."""
    random = np.random.default_rng(seed)
    centers = random.standard_normal((20, D))
    vectors = centers[random.integers(20, size=N)] + 0.5 * random.standard_normal((N, D))
    vectors *= random.lognormal(0, 0.5, size=(N, 1))
    vectors[list(UNKNOWN)] = np.nan
    return vectors.astype(np.float32)


VECTORS = catalog()
QUESTIONS = np.random.default_rng(1).standard_normal((50, D)).astype(np.float32)


@pytest.fixture(scope="module", params=INDEXES)
def index(request):
    if request.param in NEEDS:
        pytest.importorskip(NEEDS[request.param])
    return INDEXES[request.param]().build(VECTORS)


def true_scores(vectors, items):
    known = np.where(items == MISSING, 0, items)
    return np.einsum("nd,nkd->nk", vectors.astype(np.float64), VECTORS[known].astype(np.float64))


def test_the_best_are_found(index):
    best, _ = top_k_product(QUESTIONS, VECTORS, 10)
    found = index.search(QUESTIONS, 10).items
    recall = np.mean([len(set(row) & set(right)) / 10 for row, right in zip(found, best, strict=True)])
    name = next(name for name, method in INDEXES.items() if type(method().build(VECTORS[:20])) is type(index))
    assert recall >= RECALL[name]


def test_scores_are_the_inner_products_and_fall(index):
    answer = index.search(QUESTIONS, 25)
    np.testing.assert_allclose(answer.scores, true_scores(QUESTIONS, answer.items), rtol=1e-6)
    assert (np.diff(answer.scores, axis=1) <= 0).all()


def test_one_question_is_answered_as_in_a_batch(index):
    together = index.search(QUESTIONS, 9)
    for row in range(0, len(QUESTIONS), 11):
        alone = index.search(QUESTIONS[row : row + 1], 9)
        np.testing.assert_array_equal(alone.items[0], together.items[row])


@given(
    share=st.sampled_from([0.0, 0.005, 0.05, 0.5, 1.0]), each=st.booleans(), banned=st.booleans(), k=st.integers(0, 30)
)
@asked_often
def test_exactly_k_of_the_allowed_and_known(index, share, each, banned, k):
    random = np.random.default_rng(int(1000 * share) + k)
    questions = QUESTIONS[:6]
    width = int(random.choice([N - 30, N, N + 10]))
    allowed = Allowed(random.random((6 if each else 1, width)) < share)
    if banned:
        allowed = allowed & excluding([random.integers(0, N + 5, size=size).tolist() for size in (0, 3, 50, 200, 1, 9)])
    answer = index.search(questions, k, allowed)
    can = allowed.dense(6, N)
    can[:, list(UNKNOWN)] = False
    for row, items in enumerate(answer.items):
        found = items[items != MISSING]
        assert len(found) == len(set(found.tolist())) == min(k, can[row].sum())
        assert can[row, found].all()
        assert (items[len(found) :] == MISSING).all()
    np.testing.assert_array_equal(np.isnan(answer.scores), answer.items == MISSING)


def test_a_question_that_says_nothing_gets_nothing(index):
    questions = QUESTIONS[:3].copy()
    questions[1] = np.nan
    answer = index.search(questions, 5)
    assert (answer.items[1] == MISSING).all()
    np.testing.assert_array_equal(answer.items[[0, 2]], index.search(questions[[0, 2]], 5).items)


def test_a_catalog_of_unknown_items_and_one_of_a_single_item_are_searched(index):
    method = next(method for method in INDEXES.values() if type(method().build(VECTORS[:20])) is type(index))
    assert (method().build(np.full((4, 3), np.nan, np.float32)).search(np.ones((2, 3), np.float32), 3).items < 0).all()
    single = method().build(np.ones((1, 3), np.float32)).search(np.ones((2, 3), np.float32), 3)
    assert single.items.tolist() == [[0, MISSING, MISSING]] * 2


@pytest.mark.parametrize("steps", [[1], [3, 1, 40], [400, 2]])
def test_items_that_join_are_found_and_the_older_index_stays(index, steps):
    random, before = np.random.default_rng(2), index.search(QUESTIONS, 10)
    all_vectors, longer = VECTORS, index
    for n in steps:
        new = (2 * random.standard_normal((n, D))).astype(np.float32)
        new[n // 2 : n // 2 + n // 10] = np.nan
        all_vectors, longer = np.concatenate([all_vectors, new]), longer.extended(new)
    assert longer.n_items == len(all_vectors)
    allowed = Allowed(random.random((1, len(all_vectors))) < 0.5)
    for permitted in (None, allowed):
        mask = None if permitted is None else permitted.mask
        best, scores = top_k_product(QUESTIONS, all_vectors, 10, allowed=mask)
        answer = longer.search(QUESTIONS, 10, permitted)
        for found, right in zip(answer.items.tolist(), best.tolist(), strict=True):
            assert {item for item in right if item >= N} <= set(found)
        assert np.mean(answer.items == best) > (0.9 if isinstance(longer, GraphIndex) else 1 - 1e-9)
        np.testing.assert_allclose(answer.scores[:, 0], scores[:, 0], rtol=1e-5)
    np.testing.assert_array_equal(index.search(QUESTIONS, 10).items, before.items)
    beside = index.extended(all_vectors[:1]).search(QUESTIONS, 10, Allowed(np.arange(N + 1)[np.newaxis] < N))
    np.testing.assert_array_equal(beside.items, before.items)


def test_a_longer_index_survives_the_disk(index):
    longer = index.extended(QUESTIONS)
    arrays: dict[str, np.ndarray] = {}
    again = from_tree(to_tree(longer, "index", arrays), arrays)
    np.testing.assert_array_equal(again.search(QUESTIONS, 10).items, longer.search(QUESTIONS, 10).items)


def test_an_index_survives_the_disk(index):
    arrays: dict[str, np.ndarray] = {}
    again = from_tree(to_tree(index, "index", arrays), arrays)
    left, right = again.search(QUESTIONS, 10), index.search(QUESTIONS, 10)
    np.testing.assert_array_equal(left.items, right.items)
    np.testing.assert_array_equal(left.scores, right.scores)


@dataclass(frozen=True)
class Vectors:
    """A model of vectors in miniature: a question is the vector of its newest item."""

    item_vectors: np.ndarray
    method: str = "vectors"
    n_items: int = N

    def encode(self, queries):
        return self.item_vectors[[queries.history.items[end - 1] for end in queries.history.starts[1:]]]

    def because(self, queries, answer, r=3):
        raise NotImplementedError


def test_an_indexed_model_answers_by_its_vectors(index):
    indexed = Indexed(Vectors(VECTORS), index)
    answer = indexed.recommend(Queries.of([[3], [7], [5, 12]]), 4)
    assert answer.names == ("vectors",)
    np.testing.assert_array_equal(answer.items[[0, 2]], index.search(VECTORS[[3, 12]], 4).items)
    assert (answer.items[1] == MISSING).all()
    similar = indexed.similar_items(ints([3, 7, N + 4, MISSING]), 5)
    assert 3 not in similar.items[0]
    assert (similar.items[1:] == MISSING).all()


@dataclass(frozen=True)
class Growing(Vectors):
    """The same, placing new items at the vectors that their attributes are."""

    def add_items(self, features):
        vectors = np.concatenate([self.item_vectors, features["vector"].to_numpy()])
        return Growing(vectors, self.method, len(vectors))


def test_an_indexed_model_takes_new_items(index):
    longer = Indexed(Growing(VECTORS), index).add_items(pl.DataFrame({"vector": 5 * VECTORS[[3, 5]]}))
    answer = longer.recommend(Queries.of([[3], [N + 1]]), 1)
    assert answer.items.ravel().tolist() == [N, N + 1]
    with pytest.raises(CannotDo, match="no new items"):
        Indexed(Vectors(VECTORS), index).add_items(pl.DataFrame({"vector": VECTORS[:1]}))


def test_the_graph_is_found_only_where_faiss_is():
    assert set(NEEDS) < set(INDEXES)
    assert find_spec("faiss") is None or INDEXES["graph"]().build(VECTORS).n_items == N


def test_an_indexed_model_is_saved_with_its_index(tmp_path):
    from contracts.subjects import METHOD_SUBJECTS

    subject = METHOD_SUBJECTS["als"]
    model, queries = subject.fitted, subject.planted.queries
    for name, method in INDEXES.items():
        if find_spec(NEEDS.get(name, "numpy")) is None:
            continue
        indexed = Indexed(model, method().build(model.item_vectors))
        save(indexed, tmp_path / name, Vocabulary.of(range(model.n_items)))
        again = load(tmp_path / name).recommender.recommend(queries, 10)
        np.testing.assert_array_equal(again.items, model.recommend(queries, 10).items)
