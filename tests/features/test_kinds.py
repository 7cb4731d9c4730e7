import datetime

import polars as pl
import pytest

from regulars.features import KINDS
from regulars.features.kinds import kind_of, separator_of

CASES = {
    "category": [
        pl.Series("brand", ["Nike", "Puma", "Nike", "Puma"]),
        pl.Series("type", ["Vest top", "Night gown"] * 10),
        pl.Series("fresh", [True, False]),
        pl.Series("doors", [2, 3, 4, 5] * 5),
        pl.Series("product_type_no", range(100)),
        pl.Series("manufacturer", range(100)),
        pl.Series("grade", ["a", "b"], dtype=pl.Categorical),
    ],
    "list": [
        pl.Series("tags", [["a"], ["b", "c"]]),
        pl.Series("genres", ["Drama|Comedy", "Drama", "Action|War"]),
        pl.Series("pair", [[1, 2], [2, 3]], dtype=pl.Array(pl.Int64, 2)),
    ],
    "number": [
        pl.Series("price", [0.5, 1.5]),
        pl.Series("age", range(18, 90)),
        pl.Series("p", ["1.5", "2"]).cast(pl.Decimal(8, 2)),
    ],
    "date": [
        pl.Series("since", [datetime.date(2020, 1, 1), datetime.date(2021, 1, 1)]),
        pl.Series("at", [datetime.datetime(2020, 1, 1, 8), datetime.datetime(2020, 1, 1, 9)]),
    ],
    "text": [
        pl.Series(
            "story", ["A warm coat for cold days", "A warm coat for cold days"] + ["Thin and light summer dress"] * 8
        ),
        pl.Series("name", ["Strap top", "Blue jeans", "Long coat", "Rain boots"]),
    ],
    "skip": [
        pl.Series("story_vector", [[0.5, 1.5], [2.5, 3.5]], dtype=pl.Array(pl.Float32, 2)),
        pl.Series("sound", [[0.5, 1.5], [2.5, 3.5]]),
        pl.Series("nothing", [None, None]),
        pl.Series("same", ["a", "a", None]),
        pl.Series("bytes", [b"a", b"b"]),
        pl.Series("parts", [{"a": 1}, {"a": 2}]),
        pl.Series("deep", [[[1]], [[2]]]),
    ],
}


@pytest.mark.parametrize(("kind", "values"), [(kind, values) for kind, cases in CASES.items() for values in cases])
def test_the_kind_of_a_column_is_told_by_its_type_name_and_values(kind, values):
    assert kind_of(values) == kind
    assert kind in KINDS


def test_a_list_may_be_written_as_text():
    assert separator_of(pl.Series(["a|b", "a", "c|d"])) == "|"
    assert separator_of(pl.Series(["a; b", "a", "c; d"])) == ";"
    assert separator_of(pl.Series(["a, b", "a"])) == ""
