"""Reasons in words, sentence by sentence."""

from dataclasses import replace

import numpy as np
import polars as pl

from regulars.core import DAY, MISSING, Histories, Queries, Reasons, Recommendations, Vocabulary, floats, ints
from regulars.ranking import Words, sentences, verbs_of

NAMES = pl.Series(["Milk", "Tea", "A red hat", None])
START = 19_785 * DAY  # 3 March 2024
HISTORY = Histories.of(
    [[0, 1, 0, 0, 0, 2], [1, 1, 3], []],
    times=[
        [START, START, START + 20 * DAY, START + 20 * DAY + 60, START + 43 * DAY, START + 44 * DAY],
        [START, START + DAY, START + 300 * DAY],
        [],
    ],
)
QUERIES = Queries.of(HISTORY)


def told(items, why, words=None, queries=QUERIES, source="als"):
    """The sentences for answers [n, k] with the reasons [n, k]."""
    items, why = ints(items), ints(why)
    answer = Recommendations(items, floats(np.zeros(items.shape)), (source,))
    reasons = Reasons(why[:, :, np.newaxis], floats(np.ones(why.shape))[:, :, np.newaxis])
    return sentences(answer, reasons, queries, NAMES, words).to_list()


def test_another_item_speaks_for_it_on_the_day_of_its_newest_event():
    assert told([[9], [9], [MISSING]], [[1], [1], [MISSING]]) == [
        "because you bought Tea on 3 March 2024",
        "because you bought Tea on 4 March 2024",
    ]


def test_a_habit_counts_days_not_lines_of_a_receipt():
    """Milk on three days, 20 and 23 days apart; two lines of the second day are one purchase."""
    assert told([[0], [MISSING], [MISSING]], [[0], [MISSING], [MISSING]]) == [
        "you buy it about every 22 days; 3 times so far"
    ]


def test_every_day_is_said_as_such():
    daily = Queries.of(Histories.of([[1, 1, 1]], times=[[DAY * 100, DAY * 101, DAY * 102]]))
    assert told([[1]], [[1]], queries=daily) == ["you buy it about every day; 3 times so far"]


def test_one_gap_is_no_rhythm():
    assert told([[MISSING], [1], [MISSING]], [[MISSING], [1], [MISSING]]) == [
        "you bought it 2 times, last on 4 March 2024"
    ]


def test_one_purchase_is_no_habit():
    assert told([[2], [MISSING], [MISSING]], [[2], [MISSING], [MISSING]]) == ["you bought it on 16 April 2024"]


def test_without_a_reason_the_source_speaks():
    nothing = [[MISSING]] * 3
    assert told([[1], [0], [2]], nothing, source="popularity") == ["popular with customers now"] * 3
    assert told([[1], [0], [2]], nothing, source="trending")[0] == "selling better than in the weeks before"
    assert told([[1], [0], [2]], nothing, source="my own method")[0] == "chosen for you"


def test_a_log_without_times_has_no_dates():
    undated = Queries.of([[0, 1]])
    assert told([[3, 1]], [[0, 1]], queries=undated) == ["because you bought Milk", "you bought it before"]


def test_the_verb_is_that_of_the_event():
    kinds = replace(HISTORY, kinds=np.array([0, 1, 0, 0, 0, 2, 0, 1, 1], dtype=np.int8))
    words = Words(verbs=verbs_of(("purchase", "view", "cart")))
    assert told([[9, 9, 9]] * 2, [[0, 1, 2], [1, 3, MISSING]], words, Queries.of(kinds[:2]))[:4] == [
        "because you bought Milk on 15 April 2024",
        "because you looked at Tea on 3 March 2024",
        "because you picked A red hat on 16 April 2024",
        "because you looked at Tea on 4 March 2024",
    ]


def test_templates_can_be_written_anew():
    words = Words(because="{item}!", habit="{times} x / {days} d", sources={"popularity": "beliebt"})
    assert told([[9, 0]], [[1, 0]], words, QUERIES[:1]) == ["Tea!", "3 x / 22 d"]
    assert told([[1]], [[MISSING]], words, QUERIES[:1], source="popularity") == ["beliebt"]


def test_an_attribute_is_told_with_the_item_that_has_it_or_alone():
    answer = Recommendations(ints([[3, 3, 3]]), floats(np.zeros((1, 3))), ("content",))
    reasons = Reasons(
        ints([[[1], [MISSING], [0]]]),
        floats(np.ones((1, 3, 1))),
        ints([[[1], [0], [MISSING]]]),
        ("your age 20 to 30", "brand = Assam"),
    )
    assert sentences(answer, reasons, QUERIES[:1], NAMES).to_list() == [
        "because you like brand = Assam, as in Tea",
        "because of your age 20 to 30",
        "because you bought Milk on 15 April 2024",
    ]


def test_an_item_of_the_basket_is_told_as_such():
    baskets = Histories.of([[1], [], [0, 2]])
    filled = replace(QUERIES, baskets=baskets)
    assert told([[3], [3], [3]], [[1], [1], [0]], queries=filled) == [
        "goes with Tea in your basket",
        "because you bought Tea on 4 March 2024",
        "goes with Milk in your basket",
    ]


def test_sentences_are_a_column_of_the_long_table():
    answer = Recommendations(
        ints([[1, MISSING], [0, 2], [MISSING, MISSING]]), floats(np.zeros((3, 2))), ("popularity",)
    )
    reasons = Reasons(ints([[[0], [MISSING]], [[MISSING], [1]], [[MISSING], [MISSING]]]), floats(np.ones((3, 2, 1))))
    table = answer.frame(["ann", "bob", "cem"], Vocabulary.of(["m", "t", "h", "x"]))
    table = table.with_columns(sentences(answer, reasons, QUERIES, NAMES))
    assert table.select("user_id", "item_id", "reason").rows() == [
        ("ann", "t", "because you bought Milk on 15 April 2024"),
        ("bob", "m", "popular with customers now"),
        ("bob", "h", "because you bought Tea on 4 March 2024"),
    ]


def test_no_answers_are_no_sentences():
    empty = Recommendations.none(3, 2)
    assert sentences(empty, Reasons.none(3, 2, 1), QUERIES, NAMES).to_list() == []
    assert sentences(empty[:0], Reasons.none(0, 2, 1), QUERIES[:0], NAMES).len() == 0


def test_sentences_agree_with_a_loop_for_many_customers():
    random = np.random.default_rng(1)
    items = random.integers(0, 6, size=(200, 30)).tolist()
    times = np.sort(random.integers(START, START + 90 * DAY, size=(200, 30)), axis=1)
    history = Histories.of(items, times=times.tolist())
    names = pl.Series([f"item {i}" for i in range(6)])
    answer = Recommendations(ints(np.tile(np.arange(6), (200, 1))), floats(np.zeros((200, 6))), ("personal",))
    reasons = Reasons(answer.items[:, :, np.newaxis], floats(np.ones((200, 6, 1))))
    found = sentences(answer, reasons, Queries.of(history), names).to_list()
    expected = []
    for row in range(200):
        for item in range(6):
            days = sorted({t // DAY for i, t in zip(items[row], times[row], strict=True) if i == item})
            day = pl.Series([days[-1]]).cast(pl.Date)[0] if days else None
            if len(days) > 2:
                every = max(1, round((days[-1] - days[0]) / (len(days) - 1)))
                rhythm = "day" if every == 1 else f"{every} days"
                expected.append(f"you buy it about every {rhythm}; {len(days)} times so far")
            elif len(days) > 1:
                expected.append(f"you bought it 2 times, last on {day.day} {day:%B %Y}")
            elif days:
                expected.append(f"you bought it on {day.day} {day:%B %Y}")
            else:
                expected.append("chosen for you")
    assert found == expected
