"""Best sellers of a customer's categories: worked by hand, as a sum of probabilities, and with gaps in the catalog."""

import numpy as np
import polars as pl
import pytest

from regulars.core import DAY, MISSING, Dataset, Histories, Queries, Run, ints
from regulars.core.errors import MissingColumn
from regulars.models import CategoryPopularity
from regulars.ranking import TwoStage, Unseen, sentences

PLAIN = {"rule": "binary", "head_start": 0.0, "half_life_days": np.inf, "columns": ("kind",)}
KINDS = {"milk": "dairy", "cream": "dairy", "curd": "dairy", "bun": "bread", "roll": "bread", "odd": None}


def shop(baskets: dict[str, str], kinds: dict[str, str | None] = KINDS, **columns: list[str | None]) -> Dataset:
    """Each customer's items, a day apart; the items of `kinds` with their category, and further columns."""
    rows = [
        {"user_id": user, "item_id": item, "time": (1 + day) * DAY}
        for user, items in baskets.items()
        for day, item in enumerate(items.split())
    ]
    items = pl.DataFrame({"item_id": list(kinds), "kind": list(kinds.values()), **columns})
    return Dataset.of(pl.DataFrame(rows), items=items)


SHOP = shop({"ann": "milk cream bun", "bob": "milk bun", "eve": "milk roll odd", "kim": "bun curd"})


def asked(data: Dataset, *histories: str) -> Queries:
    return Queries.of([data.items.index(words.split()).tolist() for words in histories], times=9 * DAY)


def scores(data: Dataset, history: str, **settings) -> dict[str, float]:
    model = CategoryPopularity(**(PLAIN | settings)).fit(data)
    return dict(zip(data.items.ids, model.score(asked(data, history))[0].tolist(), strict=True))


def test_a_score_is_worked_out_by_hand():
    """Ten purchases, one of them of no category: dairy has 5 of 9, bread 4 of 9. Who had milk and cream has 2 of 2.

    With smoothing 3, P(dairy | customer) = (2 + 3 * 5/9) / 5 = 11/15, beside 5/9 that is 1.32 times.
    P(bread | customer) = (3 * 4/9) / 5 = 4/15, that is .6 times. Milk has 3 of 10 sales, bun 3, roll 1.
    """
    found = scores(SHOP, "milk cream", smoothing=3.0, damping=0.0)
    assert found["milk"] == pytest.approx(0.3 * 1.32, rel=1e-6)
    assert found["curd"] == pytest.approx(0.1 * 1.32, rel=1e-6)
    assert found["bun"] == pytest.approx(0.3 * 0.6, rel=1e-6)
    damped = scores(SHOP, "milk cream", smoothing=3.0, damping=0.5)
    assert damped["bun"] == pytest.approx(0.3 * 0.6**0.5, rel=1e-6)
    assert scores(SHOP, "milk cream", smoothing=3.0, damping=1.0)["bun"] == pytest.approx(0.3)  # popularity


def nested(seed: int = 0) -> Dataset:
    """40 items in 3 departments of 4 kinds each; 60 customers with 8 items each."""
    random = np.random.default_rng(seed)
    kinds = random.integers(12, size=40)
    kinds[:12] = range(12)
    rows = [(user, int(item)) for user in range(60) for item in random.permutation(40)[:8]]
    log = pl.DataFrame(rows, schema=["user_id", "item_id"], orient="row").with_columns(
        time=pl.int_range(480) * 7 % 480 * DAY
    )
    items = pl.DataFrame({"item_id": range(40), "kind": [f"k{kind}" for kind in kinds]})
    return Dataset.of(log, items=items.with_columns(part=pl.Series([f"d{kind // 4}" for kind in kinds])))


def test_undamped_scores_are_the_sum_over_categories_of_probabilities():
    """P(item | customer) = P(kind | customer) P(item | kind), the former drawn to the department, that to the shop."""
    data = nested()
    part, kind = (data.item_features[name].to_list() for name in ("part", "kind"))
    sold = np.bincount(data.item, minlength=40).astype(float)
    own = [3, 9, 17, 22, 31]
    model = CategoryPopularity(**PLAIN | {"smoothing": 4.0, "damping": 0.0, "columns": ("part", "kind")}).fit(data)
    found = model.score(Queries.of([own], times=999 * DAY))[0]

    def share(labels, label, among):
        return sum(among[item] for item in range(40) if labels[item] == label)

    mine = np.isin(np.arange(40), own).astype(float)
    for item in range(40):
        of_part = (share(part, part[item], mine) + 4 * share(part, part[item], sold) / sold.sum()) / (5 + 4)
        of_kind = share(kind, kind[item], sold) / share(part, part[item], sold)
        p_kind = (share(kind, kind[item], mine) + 4 * of_part * of_kind) / (5 + 4)
        assert found[item] == pytest.approx(p_kind * sold[item] / share(kind, kind[item], sold), rel=1e-5)
    assert found.sum() == pytest.approx(1, rel=1e-5)


def test_columns_that_lie_within_each_other_are_found_coarse_first():
    data = nested()
    table = data.item_features.with_columns(color=pl.Series(["red", "blue", "green", "red"] * 10))
    table = table.with_columns(part_no=pl.col("part").str.tail(1).cast(pl.Int64))  # says what `part` says
    assert CategoryPopularity()._categories(Dataset.of(log_of(data), items=named(table))).columns == ["part", "kind"]


def log_of(data: Dataset) -> pl.DataFrame:
    return pl.DataFrame({"user_id": data.user, "item_id": data.item, "time": data.time})


def named(table: pl.DataFrame) -> pl.DataFrame:
    return table.with_columns(item_id=pl.int_range(pl.len()))


def test_what_sold_lately_counts_more_and_a_customer_once():
    data = shop({"ann": "milk milk milk cream", "bob": "curd"})
    found = scores(data, "roll curd", half_life_days=1.0, damping=1.0)
    assert found["cream"] / found["milk"] == pytest.approx(2)
    assert found["cream"] / found["curd"] == pytest.approx(8)  # of day 1, three days before


# ---- what is new, and what is not known


def test_an_item_without_a_category_is_not_told_of_and_does_not_count():
    assert np.isnan(scores(SHOP, "milk")["odd"])
    assert scores(SHOP, "milk odd") == pytest.approx(scores(SHOP, "milk"), nan_ok=True)


def test_customers_whose_items_have_no_category_are_told_nothing():
    model = CategoryPopularity(columns=("kind",)).fit(SHOP)
    assert np.isnan(model.score(asked(SHOP, "odd", ""))).all()
    assert (model.recommend(asked(SHOP, "odd", ""), 3).items == MISSING).all()


def test_an_item_that_nobody_bought_comes_by_its_category_behind_what_sells():
    data = shop({"ann": "milk cream", "bob": "milk bun"}, KINDS)
    found = scores(data, "milk cream", head_start=0.5)
    assert found["milk"] > found["cream"] > found["curd"] > found["roll"]
    assert np.isnan(scores(data, "milk cream")["curd"])  # without a head start


def test_new_items_are_placed_as_unsold_ones_are():
    model = CategoryPopularity(columns=("maker", "kind")).fit(
        shop({"ann": "milk cream roll", "bob": "milk bun"}, maker=["x", "x", "y", "y", "y", "y"])
    )
    fresh = pl.DataFrame({"kind": ["dairy", "wine", "bread", None], "maker": ["x", "y", "z", None]})
    wider = model.add_items(fresh)
    found = wider.score(Queries.of([[0, 1]], times=9 * DAY))[0]
    assert wider.n_items == 10
    np.testing.assert_array_equal(found[:6], model.score(Queries.of([[0, 1]], times=9 * DAY))[0])
    assert found[6] == pytest.approx(model.newcomer * (found[1] / model.sales[1]), rel=1e-6)  # beside cream
    assert found[7] > 0  # maker y is known, wine is not
    assert np.isnan(found[8:]).all()  # a maker of whom nobody bought, and nothing at all
    np.testing.assert_array_equal(wider.recommend(Queries.of([[0, 1]], times=9 * DAY), 1).items, [[0]])


def test_one_category_is_popularity():
    data = shop({"ann": "milk cream", "bob": "milk"}, dict.fromkeys(KINDS, "food"))
    found = scores(data, "cream", columns=("kind",))
    assert found["milk"] / found["cream"] == pytest.approx(2)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (pl.DataFrame({"item_id": ["milk"]}), "needs attributes of the items"),
        (pl.DataFrame({"item_id": list(KINDS), "price": [1.5, 2.5, 3.5, 4.5, 5.5, 6.5]}), "none of which is one"),
        (pl.DataFrame({"item_id": list(KINDS), "kind": ["food"] * 6}), "none of which is one"),
        (pl.DataFrame({"item_id": list(KINDS), "code": list("abcdef")}), "coarse ones first"),
    ],
)
def test_without_a_category_it_says_what_to_give(table, said):
    data = Dataset.of(log_of(SHOP).with_columns(item_id=SHOP.items.names(SHOP.item)), items=table)
    with pytest.raises(MissingColumn, match=said):
        CategoryPopularity().fit(data)


def test_a_column_that_is_not_there_is_named():
    with pytest.raises(MissingColumn, match="shelf"):
        CategoryPopularity(columns=("shelf",)).fit(SHOP)


# ---- reasons, and a place among other sources


def test_the_reason_is_the_category_that_the_customer_buys_from():
    data = nested()
    model = CategoryPopularity(smoothing=1.0).fit(data)
    history = Histories.of([[0]], times=[[DAY]])
    queries = Queries.of(history, times=9 * DAY)
    answer = model.recommend(queries, 40)
    reasons = model.because(queries, answer)
    names = pl.Series([f"item {item}" for item in range(40)])
    kind = data.item_features["kind"].to_list()
    near = next(place for place, item in enumerate(answer.items[0]) if kind[item] == kind[0] and item)
    assert sentences(answer, reasons, queries, names)[near] == f"because you often buy from {kind[0]}, such as item 0"
    far = next(place for place, item in enumerate(answer.items[0]) if not np.isin(item, of_its_parts(data, history)))
    assert sentences(answer, reasons, queries, names)[far] == "popular with customers now"


def of_its_parts(data: Dataset, history: Histories) -> np.ndarray:
    """The items of the departments of a history."""
    part = data.item_features["part"].to_numpy()
    return np.flatnonzero(np.isin(part, part[history.items]))


def test_what_the_customer_had_stays_out_when_it_is_asked_to():
    data = nested()
    queries = data.everyone()
    answer = CategoryPopularity().fit(data).recommend(queries, 40, Unseen()(queries))
    for row, items in enumerate(answer.items):
        assert not np.isin(items[items != MISSING], queries.history[row : row + 1].items).any()
        assert (items != MISSING).sum() == 32


def test_a_pipeline_proposes_what_is_new_in_a_favorite_category():
    data = nested()
    stage = TwoStage((CategoryPopularity(),), filters=(Unseen(),), share=0.3, depth=5)
    pipeline = stage.fit(data, Run(threads=1))
    queries = data.everyone()
    pairs, _ = pipeline.candidates(queries, 5)
    best = CategoryPopularity().fit(data).recommend(queries, 5, Unseen()(queries)).items
    assert all(
        set(pairs.items[pairs.starts[row] : pairs.starts[row + 1]]) == set(ints(best[row]).tolist()) - {MISSING}
        for row in range(len(queries))
    )
