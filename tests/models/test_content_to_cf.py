"""Content to collaborative places what nobody met where behavior would have it, and leaves alone what it knows."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

import shops
from regulars.core import MISSING, QUIET, AddsItems, Dataset, Queries, Run, floats, ints
from regulars.core.errors import BadTable, CannotDo, EmptyData, Interrupted, MissingColumn, SettingError
from regulars.data.simulate import ShopSettings, simulate
from regulars.features import Inputs
from regulars.models import ALS, ContentToCF, Popularity
from regulars.models.content_to_cf import before
from regulars.models.folds import drawn, folded
from regulars.models.gating import Court, popular_from
from regulars.models.jury import Asked, Places
from regulars.models.kinds.bridge import Reader
from regulars.models.kinds.content_map import design, encoded
from regulars.models.kinds.gate import Decision
from regulars.models.kinds.saving import load, save
from regulars.models.ridge_map import ridge_map
from regulars.ranking import Unseen

torch = pytest.importorskip("torch")

ONE = Run(threads=1)
SMALL = ("factors = 4", "unobserved_weight = 0.3")
TINY = {"base_settings": SMALL, "epochs": 4, "batch": 64, "least": 1, "patience": 0}


@pytest.fixture(scope="module")
def described():
    return shops.described()


@pytest.fixture(scope="module")
def fitted(described):
    return ContentToCF(**TINY).fit(described.data, ONE)


@pytest.fixture(scope="module")
def simulated():
    """A shop with known tastes, of which every fifth item has lost all of its events."""
    shop = simulate(ShopSettings(customers=700, items=300, days=240, staples=0.0, novelties=0.0, campaigns=0), seed=1)
    cold = np.arange(300) % 5 == 0
    names = shop.items["item_id"]
    seen = shop.events.filter(~pl.col("item_id").is_in(names.filter(cold).implode()))
    events = seen.select("user_id", "item_id", time=pl.col("timestamp").dt.epoch("s"))
    data = Dataset.of(events, items=shop.items.drop("available_from_day"))
    order = data.items.index(names)
    return data, order, cold, shop.truth.catalog.tastes


def agreement(vectors, tastes, rows, columns):
    """Rank correlation of the cosines of items by their vectors, less their mean, with those by their true tastes."""
    from scipy.stats import spearmanr

    cosines = []
    for table in (vectors, tastes):
        table = table - np.nanmean(table, axis=0)
        table = table / np.linalg.norm(table, axis=1, keepdims=True)
        cosines.append((table[rows] @ table[columns].T).ravel())
    return spearmanr(*cosines).statistic


# ---- truth

PLAIN = {"base_settings": ("factors = 16",), "epochs": 10, "batch": 256, "folds": 3}


@pytest.mark.parametrize(("mapping", "least"), [("softmax", 0.35), ("mse", 0.4), ("ridge", 0.5)])
def test_items_without_events_are_where_their_true_tastes_put_them(simulated, mapping, least):
    """What behavior says of popular items, whose vectors are as good as can be, agrees by 0.69; chance by 0."""
    data, order, cold, tastes = simulated
    model = ContentToCF(**PLAIN, mapping=mapping).fit(data, ONE)
    assert np.isnan(before(model).item_vectors[order][cold]).all()
    vectors = model.encoder.content.vectors(data.item_features)[order][:, :16]
    np.testing.assert_array_equal(np.isnan(model.item_vectors[order][cold]).any(axis=1), False)
    assert agreement(vectors, tastes, cold, ~cold) > least
    assert abs(agreement(vectors, np.random.default_rng(0).permutation(tastes), cold, ~cold)) < 0.1


def test_rarely_met_items_come_closer_to_their_true_tastes(simulated):
    data, order, _, tastes = simulated
    thin = data.where(np.random.default_rng(0).random(len(data)) < 0.15)
    model = ContentToCF(**PLAIN, mapping="ridge").fit(thin, ONE)
    counts = np.bincount(thin.matrix().indices, minlength=data.n_items)[order]
    own = before(model).item_vectors[order]
    content = model.encoder.content.vectors(data.item_features)[order]
    mixed = Decision(half=10.0, yields=1.0).vectors(own, content, counts, np.zeros_like(own[:, 0]))
    rare, all_met = (counts > 0) & (counts <= 5), counts > 0
    assert agreement(mixed, tastes, rare, all_met) > agreement(own, tastes, rare, all_met) + 0.1


def test_where_content_says_nothing_every_met_item_stays_where_behavior_has_it():
    planted = shops.communities()
    random = np.random.default_rng(1)
    noise = pl.DataFrame({"noise": pl.Series(random.standard_normal((41, 6)), dtype=pl.Array(pl.Float64, 6))})
    data = replace(planted.data, item_features=noise)
    model = ContentToCF(**{**TINY, "validation": 0.2}).fit(data, ONE)
    decision, plain = model.encoder.decision, before(model)
    met = ~np.isnan(plain.item_vectors[:, 0])
    assert (decision.half, decision.yields) == (0.0, 1.0)
    np.testing.assert_array_equal(model.item_vectors[met][:, :4], plain.item_vectors[met])
    assert not model.item_vectors[met][:, 4:].any()
    assert "all others stay where behavior has them" in decision.words
    assert decision.after >= decision.before - 0.05


def test_a_popular_item_keeps_its_own_vector_when_the_gate_says_so(described, fitted):
    decision = Decision(scale=2.0, half=4.0, yields=0.5, popular=9.0)
    own, content = floats([[1, 0], [1, 0], [1, 0], [np.nan] * 2, [1, 0]]), floats([[0, 1]] * 4 + [[np.nan] * 2])
    vectors = decision.vectors(own, content, ints([12, 9, 4, 0, 1]), floats([0] * 5))
    expected = [[1, 0], [1, 0], [0.5, 2 * (1 - 0.5 * 0.5)], [0, 2], [1, 0]]  # popular, popular, half, new, no content
    np.testing.assert_allclose(vectors, expected)
    assert np.isnan(decision.vectors(floats([[np.nan]]), floats([[np.nan]]), ints([0]), floats([0]))).all()


def test_the_gate_trusts_content_for_rare_items_alone_where_only_their_vectors_are_noise():
    """Behavior tells of items that 100 customers met and is noise for those that 2 met; content tells of these."""
    random = np.random.default_rng(0)
    true = floats(random.standard_normal((60, 8)))
    counts = np.where(np.arange(60) < 30, 100, 2)
    own = np.where(counts[:, np.newaxis] > 50, true, floats(random.standard_normal((60, 8))))
    content = np.where(counts[:, np.newaxis] > 50, floats(random.standard_normal((60, 8))), true)
    queries = floats(random.standard_normal((800, 8)))
    targets = ints(np.argmax(queries @ true.T, axis=1))
    asked = Asked(queries, targets, np.zeros(801, dtype=np.int64), ints([]))
    nobody = asked[np.arange(0)]
    decision = Court(
        Places(floats(own), floats(content), counts, 8, floats([0] * 60)),
        asked,
        nobody,
        nobody,
        ints([]),
        0.0,
        0.0,
        QUIET,
    ).decided()
    by_own, by_content = decision.shares(ints([2, 100]))
    assert by_content[0] > 2 * by_own[0]
    assert by_own[1] > 2 * by_content[1]
    assert decision.after > decision.before + 0.2
    assert decision.popular_after >= decision.popular_before - 0.02


def test_what_customers_come_back_for_stays_at_the_head_of_their_lists():
    """Content tells of discoveries, own vectors of what is bought again: the gate sees to both."""
    random = np.random.default_rng(0)
    own, content = (floats(random.standard_normal((60, 8))) for _ in range(2))
    queries, starts = floats(random.standard_normal((600, 8))), np.zeros(601, dtype=np.int64)
    found, again = (Asked(queries, ints(np.argmax(queries @ v.T, axis=1)), starts, ints([])) for v in (content, own))
    places, nobody, none = Places(own, content, np.full(60, 20), 8, floats([0] * 60)), found[np.arange(0)], ints([])
    shares = [
        Court(places, found, nobody, asked, none, 0.0, 0.0, QUIET).decided().shares(ints([20]))
        for asked in (nobody, again)
    ]
    assert shares[0][1] > shares[0][0]
    assert shares[1][1] < 0.5 * shares[1][0]


def test_new_items_take_no_more_than_a_tenth_from_lists_with_popular_answers():
    """Content puts new items right for those who want them, but says nothing of who does not want them."""
    random = np.random.default_rng(0)
    true = floats(random.standard_normal((60, 8)))
    content = np.where(np.arange(60)[:, np.newaxis] < 30, true, 3 * floats(random.standard_normal((60, 8))))
    queries = floats(random.standard_normal((600, 8)))
    starts = np.zeros(601, dtype=np.int64)
    warm = Asked(queries, ints(np.argmax(queries @ true[:30].T, axis=1)), starts, ints([]))
    cold = Asked(queries, ints(30 + np.argmax(queries @ content[30:].T, axis=1)), starts, ints([]))
    places = Places(true, floats(content), np.full(60, 20), 8, floats([0] * 60))
    decision = Court(places, warm, cold, warm[np.arange(0)], ints(np.arange(30, 60)), 0.5, 0.5, QUIET).decided()
    hidden = true.copy()
    hidden[30:] = np.nan
    vectors = decision.vectors(hidden, floats(content), np.where(np.arange(60) < 30, 20, 0), floats([0] * 60))
    scores = queries @ vectors.T
    ranks = (scores > np.take_along_axis(scores, warm.targets[:, np.newaxis], axis=1)).sum(axis=1)
    left = np.where(ranks < 10, 1 / np.log2(2 + ranks), 0).mean()
    assert 0.88 < left < 0.98  # alone it is 1: the tenth is used, and no more
    assert decision.cold_after > 0.2


def test_popular_items_have_half_of_the_events():
    assert popular_from(np.array([50, 30, 10, 10])) == 50
    assert popular_from(np.array([4, 3, 3, 3, 3])) == 3
    assert popular_from(np.zeros(3, dtype=np.int64)) == np.inf


# ---- what is learned from


def test_questions_are_asked_without_any_item_of_their_fold(described):
    data = described.data
    base = ALS(factors=4, unobserved_weight=0.3).fit(data, ONE)
    folds = drawn(ints(np.arange(40)), 41, 3, 0.25, np.random.default_rng(0))
    assert (np.bincount(folds[:40]) == [10, 10, 10, 10]).all()
    assert folds[40] == MISSING
    likes = floats(np.random.default_rng(1).standard_normal((41, 5)))
    reader = Reader(base.encoder, base.item_vectors, likes)
    asked = folded(reader, data, folds, ints(np.arange(data.n_users)), (0, 3))
    for at in range(0, len(asked), 7):
        user, fold = asked.user[at], asked.fold[at]
        events = data.item[data.starts[user] : data.starts[user + 1]]
        answers = asked.items[asked.starts[at] : asked.starts[at + 1]]
        assert set(answers) == {item for item in events if folds[item] == fold}
        low, high = data.starts[user : user + 2]
        left = [place for place in range(low, high) if folds[data.item[place]] != fold]
        history = data.queries(ints([user]), int(data.time.max()) + 1).history.where(folds[events] != fold)
        alone = base.encode(Queries.of(history, times=int(data.time.max()) + 1))[0]
        np.testing.assert_allclose(asked.queries[at][:4], alone, rtol=1e-4, atol=1e-6)
        counted = np.bincount(data.item[left], data.weight[left], 41)
        mean = np.log1p(counted) @ likes
        np.testing.assert_allclose(
            asked.queries[at][4:-1], np.linalg.norm(alone) * mean / np.linalg.norm(mean), rtol=1e-3, atol=1e-5
        )


def test_the_ridge_map_is_the_solution_of_the_normal_equations(described):
    table = described.data.item_features
    inputs = Inputs.learn(table)
    rows = encoded(inputs, table)
    random = np.random.default_rng(0)
    own, weights = floats(random.standard_normal((41, 3))), floats(random.uniform(0, 1, 41))
    found = ridge_map(inputs, rows, own, weights, 0.5)
    features = design(inputs, rows).toarray().astype(np.float64)
    mean = np.average(own, axis=0, weights=weights)
    gram = features.T @ (weights[:, np.newaxis] * features) + 0.5 * np.eye(features.shape[1])
    exact = np.linalg.solve(gram, features.T @ (weights[:, np.newaxis] * (own - mean)))
    np.testing.assert_allclose(found.vectors(table)[:40], (features @ exact + mean)[:40], atol=2e-3)
    assert np.isnan(found.vectors(table)[40]).all()


# ---- new items


def test_a_new_item_is_recommended_to_those_who_like_its_kind(described, fitted):
    assert isinstance(fitted, AddsItems)
    wider = fitted.add_items(described.data.item_features[[3, 13, 23, 33]])
    assert wider.n_items == 45
    ranks = np.argsort(np.argsort(-wider.score(described.queries, ints([41, 42, 43, 44])), axis=1), axis=1)
    assert (ranks.argmin(axis=1) == np.arange(60) % 4).mean() > 0.9
    answer = wider.recommend(described.queries, 6, Unseen()(described.queries))
    assert (answer.items == 41 + (np.arange(60) % 4)[:, np.newaxis]).any(axis=1).mean() > 0.8


def test_an_item_that_is_added_stands_where_the_fit_puts_one_that_nobody_met(described):
    data = described.data
    twin = pl.concat([data.item_features[:40], data.item_features[[7]]])
    model = ContentToCF(**TINY).fit(replace(data, item_features=twin), ONE)
    wider = model.add_items(twin[[40]])
    np.testing.assert_allclose(wider.item_vectors[41], model.item_vectors[40], rtol=1e-5, atol=1e-7)


def test_a_history_of_nothing_but_new_items_says_what_their_content_says(described, fitted):
    wider = fitted.add_items(described.data.item_features[[3, 13, 23, 33]])
    answer = wider.recommend(Queries.of([[41], [42], [43], [44]], times=shops.START), 5)
    own = np.where(answer.items < 40, answer.items // 10, answer.items - 41)
    assert (own == np.arange(4)[:, np.newaxis]).mean() > 0.8


def test_items_added_twice_stand_beside_each_other(described, fitted, tmp_path):
    table = described.data.item_features
    twice = fitted.add_items(table[[3]]).add_items(table[[13]])
    at_once = fitted.add_items(table[[3, 13]])
    np.testing.assert_array_equal(twice.item_vectors, at_once.item_vectors)
    save(twice, tmp_path, described.data.items.extended([1_001, 1_002]))
    again = load(tmp_path).recommender
    np.testing.assert_array_equal(again.score(described.queries), at_once.score(described.queries))
    assert again.encoder.decision.words == fitted.encoder.decision.words


def test_similar_items_of_a_new_item_are_of_its_kind(described, fitted):
    wider = fitted.add_items(described.data.item_features[[3, 13, 23, 33]])
    answer = wider.similar_items(ints([41, 42, 43, 44]), 5)
    own = np.where(answer.items < 40, answer.items // 10, answer.items - 41)
    assert (own == np.arange(4)[:, np.newaxis]).mean() > 0.8


# ---- over other models


@pytest.mark.parametrize(
    ("base", "settings"),
    [
        ("bpr", ("factors = 8",)),
        ("pure_svd", ("factors = 4",)),
        ("two_tower", ("factors = 8", "epochs = 4", "batch = 128", "examples = 'rest'", "patience = 0")),
        ("sasrec", ("width = 8", "blocks = 1", "epochs = 15", "batch = 64", "rate = 0.01", "patience = 0")),
    ],
)
def test_over_any_model_of_vectors_a_new_item_finds_those_who_like_its_kind(described, base, settings):
    model = ContentToCF(**{**TINY, "base_settings": settings}, base=base).fit(described.data, ONE)
    wider = model.add_items(described.data.item_features[[3, 13, 23, 33]])
    scores = wider.score(described.queries, ints([41, 42, 43, 44]))
    assert (scores.argmax(axis=1) == np.arange(60) % 4).mean() > 0.8


def test_a_decision_says_whether_later_or_withheld_events_made_it(simulated):
    data, *_ = simulated
    settings = ContentToCF(mapping="ridge", base_settings=("factors = 8",))
    rehearsed = settings.fit(data, ONE).encoder.decision
    withheld = settings.over(ALS(factors=8).fit(data, ONE), data, ONE).encoder.decision
    assert rehearsed.rehearsed
    assert f"{rehearsed.asked:,} rehearsed events" in rehearsed.words
    assert not withheld.rehearsed
    assert f"{withheld.asked:,} withheld events" in withheld.words


def test_the_plain_model_is_inside_and_unchanged(described):
    base = ALS(factors=4, unobserved_weight=0.3).fit(described.data, ONE)
    model = ContentToCF(**TINY).over(base, described.data, ONE)
    plain = before(model)
    np.testing.assert_array_equal(plain.item_vectors, base.item_vectors)
    np.testing.assert_array_equal(plain.score(described.queries), base.score(described.queries))
    with pytest.raises(CannotDo, match="als extends no other model"):
        before(base)


def test_what_the_items_of_a_history_add_sums_up_to_the_score(described, fitted):
    """But for what an item is worth to anybody, which no item of a history is a reason for."""
    queries = described.queries[slice(0, 9)]
    answers = fitted.recommend(queries, 4).items
    starts, _, added = fitted.encoder.contributions(queries, fitted.item_vectors, answers)
    encoded = fitted.encode(queries)
    for row in range(9):
        vectors = fitted.item_vectors[answers[row]]
        told = encoded[row, :-1] @ vectors[:, :-1].T
        np.testing.assert_allclose(added[starts[row] : starts[row + 1]].sum(axis=0), told, rtol=2e-3, atol=1e-4)


# ---- stopped and begun again


def test_a_fit_that_is_stopped_goes_on_to_the_same_model(described, fitted, tmp_path):
    def stop(progress):
        if progress.task == "content_to_cf" and progress.done == 3:
            raise Interrupted("enough")

    with pytest.raises(Interrupted):
        ContentToCF(**TINY).fit(described.data, Run(threads=1, on_epoch=stop, checkpoints=tmp_path))
    assert list(tmp_path.iterdir())
    tasks = []
    watched = Run(threads=1, on_epoch=lambda progress: tasks.append(progress), checkpoints=tmp_path)
    again = ContentToCF(**TINY).fit(described.data, watched)
    steps = [progress.task for progress in tasks if progress.task.startswith("content_to_cf, epoch")]
    assert "content_to_cf, epoch 1" not in steps
    np.testing.assert_array_equal(again.item_vectors, fitted.item_vectors)


def test_a_fit_tells_how_well_withheld_items_are_ranked_and_what_the_gate_weighs(described):
    told = []
    method = ContentToCF(**{**TINY, "patience": 2})
    method.fit(described.data, Run(threads=1, on_epoch=lambda progress: told.append(progress)))
    judged = [dict(progress.figures).get("ndcg@10") for progress in told if progress.task == "content_to_cf"]
    assert max(figure for figure in judged if figure is not None) > 0.5
    assert any(progress.task == "content_to_cf, gate" for progress in told)


# ---- bad input


def with_vectors(data, vectors):
    table = pl.DataFrame({"picture": pl.Series(vectors, dtype=pl.List(pl.Float64))})
    return replace(data, item_features=table)


def test_items_without_any_content_keep_their_own_vectors_and_others_score_nan(described, fitted):
    nothing = described.data.item_features.clear(2)
    assert np.isnan(fitted.add_items(nothing).score(described.queries, ints([41, 42]))).all()
    data = described.data
    gone = data.item_features.with_row_index("row").with_columns(
        pl.when(pl.col("row") != 5).then(pl.exclude("row")).name.keep()
    )
    model = ContentToCF(**TINY).fit(replace(data, item_features=gone.drop("row")), ONE)
    np.testing.assert_array_equal(model.item_vectors[5, :4], before(model).item_vectors[5])


def test_vectors_of_another_width_and_numbers_that_are_none_are_refused(described):
    random = np.random.default_rng(0)
    vectors = [*(random.standard_normal((40, 3)) + np.repeat(np.eye(4, 3), 10, axis=0)).tolist(), None]
    model = ContentToCF(**TINY).fit(with_vectors(described.data, vectors), ONE)
    new = with_vectors(described.data, [[1.0, 2.0]] * 41).item_features
    with pytest.raises(BadTable, match="need one width, 3; the table has vectors of"):
        model.add_items(new)
    for bad in (float("nan"), float("inf")):
        broken = [*vectors[:5], [bad, 0.0, 0.0], *vectors[6:]]
        with pytest.raises(BadTable, match="NaN or infinite"):
            ContentToCF(**TINY).fit(with_vectors(described.data, broken), ONE)


def test_what_is_missing_or_misspelled_is_named(described):
    data = described.data
    with pytest.raises(MissingColumn, match="needs attributes of the items, and the dataset has none"):
        ContentToCF(**TINY).fit(replace(data, item_features=pl.DataFrame()))
    with pytest.raises(MissingColumn, match=r"item_columns names \['smell'\]; the table of items has"):
        ContentToCF(**TINY, item_columns=("smell",)).fit(data)
    with pytest.raises(SettingError, match="ALS has no setting width"):
        ContentToCF(base_settings=("width = 4",)).fit(data)
    with pytest.raises(SettingError, match="base_settings are texts like 'factors = 64'; given were"):
        ContentToCF(base_settings=("factors: 4",)).fit(data)
    with pytest.raises(CannotDo, match="two_tower with these settings gives a Chances"):
        ContentToCF(base="two_tower", base_settings=("objective = 'purchase'", "epochs = 1")).fit(data, ONE)
    with pytest.raises(CannotDo, match="als cannot place items"):
        ALS(factors=4).fit(data, ONE).add_items(data.item_features)


def test_too_few_described_items_teach_nothing(described):
    data = described.data
    few = pl.DataFrame({"price": [1.0, 2.0, *[None] * 39]})
    with pytest.raises(EmptyData, match="there are 2; give it attributes of more items"):
        ContentToCF(**TINY).fit(replace(data, item_features=few), ONE)
    assert not hasattr(Popularity().fit(data), "add_items")
