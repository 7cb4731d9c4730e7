"""What came of what was shown, beside a slow twin that asks each event in turn."""

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from regulars.store.outcomes import NO_ANSWER, PURCHASE, joined

WINDOW = 10
SHOWN = {"exposure_id": pl.String, "user_id": pl.String, "item_id": pl.String, "time": pl.Int64}
HAPPENED = {"user_id": pl.String, "item_id": pl.String, "kind": pl.String, "time": pl.Int64, "value": pl.Float64}
USERS, ITEMS = st.sampled_from("uv"), st.sampled_from("ab")


@st.composite
def exposures(draw):
    """Answers at different times, each of one or two items, as lines."""
    times = draw(st.lists(st.integers(0, 40), unique=True, max_size=8))
    answers = [(f"x{n}", draw(USERS), time) for n, time in enumerate(times)]
    lines = [(x, user, item, time) for x, user, time in answers for item in draw(st.sampled_from(["a", "b", "ab"]))]
    return pl.DataFrame(lines, schema=SHOWN, orient="row")


EVENTS = st.lists(
    st.tuples(
        USERS,
        ITEMS,
        st.sampled_from(["view", "cart", PURCHASE, *NO_ANSWER]),
        st.integers(0, 60),
        st.none() | st.integers(-3, 9).map(float),
        st.sampled_from(["", "", "x0", "x1", "x2", "unknown"]),
    ),
    max_size=25,
)


def twin(shown, events):
    """clicked, purchased, value of each line."""
    lines = [[line, [], [], 0.0] for line in shown.rows()]
    for user, item, kind, time, value, followed in events:
        if kind in NO_ANSWER:
            continue
        named = [line for line in lines if line[0][0] == followed and line[0][2] == item]
        before = [line for line in lines if line[0][1] == user and line[0][2] == item and line[0][3] <= time]
        meant = named or sorted(before, key=lambda line: line[0][3])[-1:]
        if meant and time - meant[0][0][3] <= WINDOW:
            meant[0][2 if kind == PURCHASE else 1].append(time)
            meant[0][3] += (value or 0.0) if kind == PURCHASE else 0.0
    return [(min(clicks, default=None), min(bought, default=None), value) for _, clicks, bought, value in lines]


@given(exposures(), EVENTS)
def test_each_event_counts_for_the_exposure_that_it_names_or_the_latest_before_it(shown, events):
    table = pl.DataFrame(events, schema={**HAPPENED, "followed": pl.String}, orient="row").sort("time")
    found = joined(shown, table, WINDOW)
    assert found.select(*SHOWN).equals(shown)
    assert found.select("clicked", "purchased", "value").rows() == twin(shown, events)
