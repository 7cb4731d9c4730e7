"""The catalog: which types are read, what contradicts, and that versions do not disturb each other."""

from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regulars.core.errors import BadTable, VocabularyMismatch
from regulars.ranking.rules import Catalog, Rules
from rule_twins import START, asked, catalog_of, documents, vocabulary

FRAME = pl.DataFrame(
    {
        "price": pl.Series([1, 2, None], dtype=pl.Int32),
        "exact": pl.Series(["1.5", "2.5", None]).cast(pl.Decimal(10, 2)),
        "sold": [True, False, None],
        "brand": ["A", "B", None],
        "grade": pl.Series(["x", "y", None], dtype=pl.Categorical),
        "since": [datetime(2023, 11, 14, tzinfo=UTC), datetime(2024, 1, 1, tzinfo=UTC), None],
        "day": [date(2023, 11, 14), date(2024, 1, 1), None],
        "written": ["2023-11-14", "2024-01-01T10:00:00Z", None],
        "release": ["2023-11-14", "spring", None],
        "tags": [["x", "y"], [], None],
        "numbers": [[1, 2], [3], None],
        "vector": [[3.0, 4.0], [0.0, 2.0], None],
        "picture": pl.Series([[1.0, 0.0], [0.0, 1.0], None], dtype=pl.Array(pl.Float32, 2)),
        "stock": [{"rome": 1, "oslo": None}, {"rome": 0, "oslo": 2}, None],
        "nothing": pl.Series([None, None, None]),
        "raw": [b"a", b"b", None],
    }
)
KINDS = {
    "price": "number",
    "exact": "number",
    "sold": "flag",
    "brand": "text",
    "grade": "text",
    "since": "time",
    "day": "time",
    "written": "time",
    "release": "text",
    "tags": "list",
    "numbers": "list",
    "vector": "vector",
    "picture": "vector",
    "stock": "map",
}


def test_the_columns_of_a_table_keep_their_types() -> None:
    assert Catalog.of(FRAME, vocabulary(3)).fields == KINDS


@pytest.mark.parametrize(
    "text",
    [
        "price = 1",
        "exact = 1.5",
        "sold",
        'brand = "A"',
        'grade = "x"',
        "since = 2023-11-14",
        "day < 2024-01-01",
        "written = 2023-11-14",
        'release = "2023-11-14"',
        'tags has "y"',
        "numbers has 2",
        "stock[`rome`] > 0 or stock['rome'] = 1",
    ],
)
def test_each_type_can_be_asked_and_a_null_is_missing(text: str) -> None:
    assert _allowed(Catalog.of(FRAME, vocabulary(3)), text) == [0]


def test_vectors_are_directions_and_a_missing_one_has_none() -> None:
    catalog = Catalog.of(FRAME, vocabulary(3))
    for name, first in (("vector", [0.6, 0.8]), ("picture", [1.0, 0.0])):
        values = catalog.columns[name].values  # type: ignore[union-attr]
        assert values[:3].tolist() == [pytest.approx(first), [0.0, 1.0], [0.0, 0.0]]


def test_documents_make_the_same_catalog_as_a_table() -> None:
    kinds = ["price", "sold", "brand", "written", "release", "tags", "numbers", "vector", "stock"]
    rows = FRAME.select(kinds).to_dicts()
    assert Catalog.of_documents([*rows[:2], None], vocabulary(3)).fields == {name: KINDS[name] for name in kinds}


def test_an_empty_catalog_and_one_of_nobody_knows_what_allow_what_they_can() -> None:
    assert _allowed(Catalog(vocabulary(2)), "price < 5") == []
    assert _allowed(Catalog(vocabulary(2)), "not discontinued") == [0, 1]
    assert _allowed(Catalog.of(pl.DataFrame(), vocabulary(0)), "price < 5") == []


def test_a_table_of_another_length_is_refused() -> None:
    with pytest.raises(BadTable, match="needs 4 rows, one for each item; the table has 3"):
        Catalog.of(FRAME, vocabulary(4))


@settings(max_examples=30)
@given(documents(), st.lists(st.tuples(st.integers(0, 9), documents(1)), max_size=5), st.booleans())
def test_patches_one_by_one_or_together_leave_what_the_documents_say(
    items: list[dict[str, Any]], patches: list[tuple[int, list[dict[str, Any]]]], replaced: bool
) -> None:
    wanted, catalog = [dict(item) for item in items], catalog_of(items)
    rows = np.array([row % len(items) for row, _ in patches], dtype=np.int32)
    fields = [_times(patch[0]) for _, patch in patches]
    together, single = catalog.patched(rows, fields, replaced=replaced), catalog
    for row, (_, patch), field in zip(rows, patches, fields, strict=True):
        wanted[row] = dict(patch[0]) if replaced else wanted[row] | patch[0]
        single = single.patched(np.array([row]), [field], replaced=replaced)
    assert _said(together) == _said(single) == _said(catalog_of(wanted))
    assert _said(catalog) == _said(catalog_of(items))


def test_a_field_can_be_taken_away() -> None:
    catalog = catalog_of([{"price": 1.0, "tags": ["A"], "brand": "A"}])
    gone = catalog.patched(np.array([0]), [{"price": None, "tags": None, "brand": None}])
    for field in ("price", "tags", "brand"):
        assert _allowed(catalog, f"{field} is missing") == []
        assert _allowed(gone, f"{field} is missing") == [0]


def test_values_of_another_kind_are_missing_and_told(caplog: pytest.LogCaptureFixture) -> None:
    odd = {"price": "cheap", "brand": 5, "old": 1, "since": "soon", "tags": 5, "stock": 3, "size": True}
    catalog = catalog_of([{"price": 1.0, "brand": "A", "old": True, "since": START, "tags": ["A"]}, {"size": 1.0}])
    catalog = catalog.patched(np.array([0]), [{"stock": {"rome": 1}}])
    worse = catalog.patched(np.array([1]), [odd]).patched(np.array([1]), [{"stock": {"rome": "many"}}])
    assert worse.contradictions == dict.fromkeys(odd, 1) | {"stock": 2}
    assert _allowed(worse, "price is missing and brand is missing and tags is missing and not old") == [1]
    assert len(caplog.records) == len(odd)
    assert catalog.contradictions == {}


@pytest.mark.parametrize("value", [float("nan"), 10**400, [[]], {"a": {"b": 1}}, {}, [], "", object(), [None], "\0"])
def test_no_value_crashes_the_catalog(value: object) -> None:
    catalog = catalog_of([{"price": 1.0, "brand": "A", "tags": ["A"], "old": True, "since": START}, {}])
    for field in (*catalog.fields, "new"):
        patched = catalog.patched(np.array([1]), [{field: value}])
        assert _allowed(patched, "price = 1") == [0]
        _allowed(patched, f'{field} = "A" or {field} has "A" or {field} < 5 or {field} or {field}[store] > 1')


def test_new_items_are_missing_everywhere_and_the_old_keep_their_place() -> None:
    catalog = catalog_of([{"price": 1.0}, {"price": 2.0}])
    for n in (3, 70, 500):
        longer = catalog.extended(vocabulary(n))
        assert (longer.n_items, _allowed(longer, "price < 9")) == (n, [0, 1])
        priced = longer.patched(np.array([n - 1]), [{"price": 3.0}])
        assert _allowed(priced, "price < 9") == [0, 1, n - 1]
    assert _allowed(catalog, "price is missing") == []


def test_items_that_do_not_extend_the_old_ones_are_refused() -> None:
    with pytest.raises(VocabularyMismatch, match="grows at its end only"):
        catalog_of([{}, {}]).extended(vocabulary(1))
    with pytest.raises(VocabularyMismatch, match="3 other ones"):
        catalog_of([{}, {}]).extended(type(vocabulary(1))(pl.Series(["x", "i0", "i1"])))


def test_a_deleted_item_is_not_allowed_until_it_is_there_again() -> None:
    catalog = catalog_of([{"price": 1.0}, {"price": 2.0}])
    gone = catalog.without(np.array([0]))
    assert _allowed(gone, "price < 9") == [1]
    assert Rules().bound(gone).allowed(asked()).dense(1, 2).tolist() == [[False, True]]
    assert _allowed(gone.patched(np.array([1]), [{"price": 3.0}]), "price < 9") == [1]
    assert _allowed(gone.patched(np.array([0]), [{"price": 3.0}]), "price < 9") == [0, 1]


def test_every_change_has_a_later_version() -> None:
    catalog = catalog_of([{"price": 1.0}])
    changes = [catalog.patched(np.array([0]), [{"price": 2}]), catalog.extended(vocabulary(2)), catalog.without([0])]  # type: ignore[arg-type]
    assert [change.version - catalog.version for change in changes] == [1, 1, 1]


def test_masks_live_as_long_as_what_they_were_made_of() -> None:
    catalog = catalog_of([{"price": 1.0, "brand": "A"}, {"price": 2.0, "brand": "B"}])
    assert _allowed(catalog, 'brand = "A"') == [0]
    kept = len(catalog.masks)
    assert len(catalog.patched(np.array([1]), [{"price": 5.0}]).masks) == kept
    assert len(catalog.patched(np.array([1]), [{"brand": "A"}]).masks) == 0
    assert _allowed(catalog.patched(np.array([1]), [{"brand": "A"}]), 'brand = "A"') == [0, 1]


def test_a_name_that_becomes_a_field_is_read_as_one_from_then_on() -> None:
    catalog = catalog_of([{}, {}])
    assert _allowed(catalog, "seasonal") == []
    assert _allowed(catalog.patched(np.array([1]), [{"seasonal": True}]), "seasonal") == [1]


def _allowed(catalog: Catalog, where: str) -> list[int]:
    mask = Rules.of({"where": where}).bound(catalog).allowed(asked()).dense(1, catalog.n_items)
    return np.flatnonzero(mask[0]).tolist()


def _times(item: dict[str, Any]) -> dict[str, Any]:
    return {name: float(value) if name == "since" else value for name, value in item.items()}


def _said(catalog: Catalog) -> list[list[int]]:
    """What a catalog answers to a question about each field."""
    questions = ["price > 1", "size <= 2", "old", f"since < now + {2} seconds", "price is missing", "since is missing"]
    questions += [f'{field} = "{word}"' for field in ("brand", "maker") for word in ("A", "B", "Ä b")]
    questions += [*(f'tags has "{word}"' for word in ("A", "12")), "tags is missing", 'stock["rome"] > 0']
    return [_allowed(catalog, question) for question in [*questions, 'stock["berlin"] is missing']]
