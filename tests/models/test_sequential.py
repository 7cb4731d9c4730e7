"""GRU4Rec and LSTM are torch's own; they and SASRec remember the order, keep to the session, and bear odd histories."""

import math
from dataclasses import replace

import numpy as np
import pytest

from regulars.core import MISSING, Dataset, Histories, Queries, Vocabulary
from regulars.core.errors import EmptyData
from regulars.models import LSTM, GRU4Rec, SASRec

torch = pytest.importorskip("torch")

SMALL = {"width": 16, "epochs": 25, "batch": 10, "rate": 0.03, "dropout": 0.0, "patience": 0, "length": 20}
METHODS = {
    "gru4rec": GRU4Rec(temperature=0.2, **SMALL),
    "lstm": LSTM(temperature=0.2, **SMALL),
    "sasrec": SASRec(blocks=2, **{**SMALL, "epochs": 40, "rate": 0.02}),
}
FOLLOWS = [[0, 5, 1, 4], [2, 5, 3, 6]] * 20  # what follows 5 depends on what was before it
N = 8  # the last item was never met
every = pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)


def shop(rows: list[list[int]], *, apart: int = 60, n_items: int = N) -> Dataset:
    """A customer for each row of items, `apart` seconds between two events; ids are indices."""
    events = [(user, item, apart * place) for user, row in enumerate(rows) for place, item in enumerate(row)]
    user, item, time = (np.array(column) for column in zip(*events, strict=True))
    ones, zeros = np.ones(len(events), dtype=np.float32), np.zeros(len(events), dtype=np.int8)
    ids = Vocabulary.of(range(len(rows))), Vocabulary.of(range(n_items))
    return Dataset(*ids, user.astype(np.int32), item.astype(np.int32), time, ones, zeros)


# ---- what a fitted model computes, and what it learns


@pytest.mark.parametrize(("method", "cell"), [("gru4rec", torch.nn.GRU), ("lstm", torch.nn.LSTM)])
def test_answers_are_cosines_with_what_torch_knows_after_the_last_item(method, cell):
    model = replace(METHODS[method], layers=2, epochs=2).fit(shop(FOLLOWS))
    twin = cell(16, 16, num_layers=2, batch_first=True)
    weights = dict(zip(model.encoder.weights.names, model.encoder.weights.arrays, strict=True))
    names = {name: f"layers.{name[-1]}.{name[:-1]}0" for name in twin.state_dict()}
    twin.load_state_dict({name: torch.from_numpy(weights[ours]) for name, ours in names.items()})
    history = [2, 5, 3]
    with torch.no_grad():
        told = twin(torch.from_numpy(model.encoder.inputs[history])[None])[0][0, -1].numpy()
    vectors = model.item_vectors[: N - 1]
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)
    scores = model.score(Queries.of([history]))[0, : N - 1]
    np.testing.assert_allclose(scores, vectors @ told / np.linalg.norm(told) / 0.2, rtol=1e-4, atol=1e-5)


@every
def test_what_follows_depends_on_more_than_the_last_item(method):
    model = method.fit(shop(FOLLOWS))
    assert model.recommend(Queries.of([[0, 5], [2, 5], [0, 5, 1]]), 1).items[:, 0].tolist() == [1, 3, 4]


@every
def test_targets_of_one_event_a_window_teach_the_same(method):
    model = replace(method, targets="last", epochs=40).fit(shop(FOLLOWS))
    assert model.recommend(Queries.of([[0, 5], [2, 5]]), 1).items[:, 0].tolist() == [1, 3]


@pytest.mark.parametrize("method", ["gru4rec", "lstm"])
def test_a_sampled_softmax_learns_what_the_full_one_learns(method):
    sampled = replace(METHODS[method], loss="sampled", negatives=4, epochs=40).fit(shop(FOLLOWS))
    assert sampled.recommend(Queries.of([[0, 5], [2, 5]]), 1).items[:, 0].tolist() == [1, 3]


# ---- sessions


@every
def test_only_the_current_session_is_read(method):
    model = replace(method, gap_minutes=30.0, epochs=2).fit(shop(FOLLOWS))
    hour = 3_600
    histories = Histories.of([[2, 5, 0, 5], [0, 5]], times=[[0, 60, hour, hour + 60], [hour, hour + 60]])
    long, short = model.score(Queries.of(histories))
    np.testing.assert_allclose(long, short, rtol=1e-5)
    whole, _ = replace(model, encoder=replace(model.encoder, gap=math.inf)).score(Queries.of(histories))
    assert not np.allclose(whole[: N - 1], short[: N - 1], rtol=1e-2)


@every
def test_nothing_is_learned_across_a_pause(method):
    with pytest.raises(EmptyData, match="needs customers with two events within 30 minutes"):
        replace(method, gap_minutes=30.0).fit(shop(FOLLOWS, apart=3_600))


# ---- histories as they should not be


@every
def test_a_history_of_nothing_or_of_strange_items_alone_tells_nothing(method):
    model = replace(method, epochs=1).fit(shop(FOLLOWS))
    queries = Queries.of([[], [N - 1], [N, 999, MISSING], [0, 999, 5]])
    assert np.isnan(model.score(queries[slice(0, 3)])).all()
    np.testing.assert_allclose(model.score(queries)[3], model.score(Queries.of([[0, 5]]))[0], rtol=1e-5)
    assert (model.recommend(queries[slice(0, 3)], 3).items == MISSING).all()


@every
def test_of_ten_thousand_events_the_newest_are_read(method):
    random = np.random.default_rng(0)
    rows = [random.integers(0, N - 1, 10_000).tolist(), *FOLLOWS]
    model = replace(method, epochs=1, batch=64).fit(shop(rows))
    long, short = model.score(Queries.of([rows[0], rows[0][-method.length :]]))
    np.testing.assert_allclose(long, short, rtol=1e-4, atol=1e-5)
    assert np.isfinite(long[: N - 1]).all()


@every
@pytest.mark.parametrize("loss", ["full", "sampled"])
def test_a_catalog_of_one_item_is_answered_with_it(method, loss):
    model = replace(method, epochs=1, loss=loss).fit(shop([[0, 0, 0], [0, 0]], n_items=1))
    assert model.recommend(Queries.of([[0], []]), 2).items.tolist() == [[0, MISSING], [MISSING, MISSING]]


@every
def test_customers_with_one_event_each_teach_nothing_and_it_is_said(method):
    with pytest.raises(EmptyData, match="to see what follows what"):
        method.fit(shop([[0], [1], [2]]))
