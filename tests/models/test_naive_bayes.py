import math

import numpy as np
import polars as pl
import pytest

from regulars.core import DAY, Dataset, Queries, Recommendations, floats, ints
from regulars.core.errors import MissingColumn
from regulars.models.naive_bayes import NaiveBayes

RANDOM = np.random.default_rng(5)
N_USERS, N_ITEMS = 40, 12
BOUGHT = RANDOM.random((N_USERS, N_ITEMS - 1)) < RANDOM.uniform(0.1, 0.6, N_ITEMS - 1)  # the last item is never met
BOUGHT[:2] = False  # two customers of the table have bought nothing yet, and do not count
PAIRS, THERE = np.argwhere(BOUGHT), BOUGHT.any(axis=1)
AGAIN = PAIRS[RANDOM.random(len(PAIRS)) < 0.3]  # on another day
TOWNS = np.array(["Rome", "Oslo", None])[RANDOM.integers(0, 3, N_USERS)]
EVENTS = pl.DataFrame(
    {
        "user_id": [*PAIRS[:, 0], *PAIRS[:, 0], *AGAIN[:, 0]],
        "item_id": [*PAIRS[:, 1], *PAIRS[:, 1], *AGAIN[:, 1]],
        "time": [0] * len(PAIRS) + [60] * len(PAIRS) + [3 * DAY] * len(AGAIN),
    }
)
PEOPLE = pl.DataFrame(
    {"user_id": range(N_USERS), "town": TOWNS, "motto": [f"one two three four five {i}" for i in range(N_USERS)]}
)
SHOP = Dataset.of(EVENTS, items=pl.DataFrame({"item_id": range(N_ITEMS)}), customers=PEOPLE)
ITEM = SHOP.items.index(range(N_ITEMS))  # the index of each id
S = 2.5


def odds(evidence, item, known):
    """log P(e | i) / P(e | not i) from the customers of whom the evidence is known, by counting."""
    known = known & THERE
    n, with_item, with_evidence = known.sum(), (item & known).sum(), (evidence & known).sum()
    share = S * with_evidence / n
    both = (evidence & item & known).sum()
    yes = (both + share) / (with_item + S)
    no = (with_evidence - both + share) / (n - with_item + S)
    return math.log(yes / no)


def own(item):
    """The same for the item itself: of its customers, those who bought it on two days."""
    bought = BOUGHT[:, item]
    again = len(AGAIN[AGAIN[:, 1] == item])
    share = S * bought.sum() / THERE.sum()
    yes, no = (again + share) / (bought.sum() + S), (bought.sum() - again + share) / (THERE.sum() - bought.sum() + S)
    return math.log(yes / no)


def counted(history, town, damping):
    """The log-odds of every item, the textbook's way."""
    scores = []
    for item in range(N_ITEMS - 1):
        bought = BOUGHT[:, item]
        score = math.log((bought.sum() + 0.5) / (THERE.sum() - bought.sum() + 0.5))
        others = [odds(BOUGHT[:, o], bought, THERE) for o in history if o != item and (BOUGHT[:, o] & bought).any()]
        score += sum(others) / max(1, len(history)) ** damping + (own(item) if item in history else 0)
        if town:
            score += odds(town == TOWNS, bought, np.not_equal(TOWNS, None))
        scores.append(score)
    return scores


def asked(histories, towns):
    return Queries.of(
        [ITEM[list(history)] for history in histories],
        attributes=pl.DataFrame({"town": towns}, schema={"town": pl.String}),
    )


@pytest.mark.parametrize("damping", [0.0, 0.7, 1.0])
def test_scores_are_the_log_odds_that_counting_gives(damping):
    model = NaiveBayes(smoothing=S, damping=damping).fit(SHOP)
    histories, towns = [[0, 3, 7], [5], [], [1, 2]], ["Oslo", None, "Rome", "Atlantis"]
    scores = model.score(asked(histories, towns))[:, ITEM]
    for row, (history, town) in enumerate(zip(histories, towns, strict=True)):
        known = town if town in ("Oslo", "Rome") else None
        np.testing.assert_allclose(scores[row, :-1], counted(history, known, damping), rtol=2e-5, atol=1e-5)
    assert np.isnan(scores[:, -1]).all()


def test_few_neighbors_change_only_the_pairs_that_are_not_kept():
    full, few = (NaiveBayes(smoothing=S, neighbors=k).fit(SHOP) for k in (100, 3))
    ids = SHOP.items.ids.to_list()
    for item in ITEM[:-1].tolist():
        kept, every = (
            dict(zip(model.indices[row].tolist(), model.data[row].tolist(), strict=True))
            for model in (few, full)
            for row in [slice(model.indptr[item], model.indptr[item + 1])]
        )
        assert len(kept) == 3
        assert kept.items() <= every.items()
        mine, others = BOUGHT[:, ids[item]], {other: BOUGHT[:, ids[other]] for other in every}
        shared = {index: (mine & theirs).sum() for index, theirs in others.items()}
        assert min(shared[other] for other in kept) >= sorted(shared.values())[-3]


def test_of_whom_nothing_is_known_it_cannot_tell():
    model = NaiveBayes().fit(SHOP)
    assert np.isnan(model.score(asked([[], [], [int(ITEM[-1])]], [None, "Atlantis", None]))).all()
    assert np.isnan(model.score(Queries.of([[]]))).all()


def test_the_factors_of_a_score_are_its_reasons():
    model = NaiveBayes(smoothing=S, damping=0.0).fit(SHOP)
    question = asked([[0, 3, 7]], ["Oslo"])
    answer = Recommendations(ITEM[[5, 3]][np.newaxis], floats([[1, 1]]))
    reasons = model.because(question, answer, 9)
    names = [f"town = {t}" for t in ("Oslo", "Rome")]
    assert sorted(reasons.names) == names
    for place, item in enumerate([5, 3]):
        bought = BOUGHT[:, item]
        factors = {int(ITEM[o]): odds(BOUGHT[:, o], bought, THERE) for o in (0, 3, 7) if o != item}
        if item == 3:
            factors[int(ITEM[3])] = own(3)
        factors["town = Oslo"] = odds(TOWNS == "Oslo", bought, np.not_equal(TOWNS, None))
        speaking = {name: value for name, value in factors.items() if value > 0}
        total = sum(speaking.values())
        found = {
            int(i) if i >= 0 else reasons.names[f]: share
            for i, f, share in zip(
                reasons.items[0, place], reasons.features[0, place], reasons.shares[0, place], strict=True
            )
            if not np.isnan(share)
        }
        assert found == pytest.approx({name: value / total for name, value in speaking.items()}, rel=1e-4)


def test_attributes_are_used_where_they_are_known_and_wanted():
    assert {part.column for part in NaiveBayes().fit(SHOP).columns.parts} == {"town"}
    assert NaiveBayes(attributes=False).fit(SHOP).columns.parts == ()
    assert NaiveBayes(min_customers=30).fit(SHOP).columns.parts == ()
    assert NaiveBayes().fit(Dataset.of(EVENTS)).columns.parts == ()


def test_a_column_that_the_table_lacks_is_named():
    with pytest.raises(
        MissingColumn, match=r"columns names \['income'\]; the table of customers has \['town', 'motto'\]"
    ):
        NaiveBayes(columns=("income",)).fit(SHOP)


def test_similar_items_are_those_that_an_item_speaks_for_most():
    model = NaiveBayes(smoothing=S).fit(SHOP)
    found = model.similar_items(ints([ITEM[4], ITEM[-1], -1, 99]), 3)
    said = [odds(BOUGHT[:, 4], BOUGHT[:, item], THERE) if item != 4 else -9 for item in range(N_ITEMS - 1)]
    assert found.items[0].tolist() == ITEM[np.argsort(said)[::-1][:3]].tolist()
    assert (found.items[1:] == -1).all()
