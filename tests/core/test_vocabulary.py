"""Ids of every kind that shops use: none is lost, none is confused with another, none is renumbered."""

import pickle
import uuid

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.core import MISSING, Vocabulary, as_ids
from regulars.core.errors import BadTable, UnknownId

texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
numbers = st.integers(-(2**63), 2**63 - 1)
ids = st.one_of(st.lists(texts), st.lists(numbers))


@given(ids)
def test_every_id_comes_back_from_its_index(values):
    vocabulary = Vocabulary.of(values)
    assert vocabulary.names(vocabulary.index(values)).to_list() == values
    assert vocabulary.ids.to_list() == list(dict.fromkeys(values))


@given(ids, ids)
def test_an_id_that_is_not_there_is_missing(values, others):
    vocabulary = Vocabulary.of(values)
    known = {str(value) for value in values}
    assert (vocabulary.index(others) == MISSING).tolist() == [str(other) not in known for other in others]


@given(ids, ids)
def test_growing_renumbers_nobody(old, new):
    vocabulary = Vocabulary.of(old)
    grown = vocabulary.extended(new)
    assert grown.index(old).tolist() == vocabulary.index(old).tolist()
    assert (grown.index(new) != MISSING).all()
    assert grown.extends(vocabulary)
    assert vocabulary.extends(grown) == (len(vocabulary) == len(grown))


@pytest.mark.parametrize("many", [3, 2_000])
@pytest.mark.parametrize("kind", ["number", "text"])
def test_few_ids_and_many_ids_are_found_alike(many, kind):
    values = [i * 7 + 1 for i in range(5_000)] if kind == "number" else [f"a{i}" for i in range(5_000)]
    asked = [values[-1 - i] for i in range(many)]
    vocabulary = Vocabulary.of(values)
    assert vocabulary.index(asked).tolist() == [4_999 - i for i in range(many)]
    if kind == "number":
        assert vocabulary.index([str(value) for value in asked]).tolist() == [4_999 - i for i in range(many)]


def test_numbers_of_64_bits_keep_every_digit():
    close = [2**53, 2**53 + 1, 2**63 - 1, -(2**63)]
    assert Vocabulary.of(close).index(close).tolist() == [0, 1, 2, 3]


def test_unsigned_numbers_beyond_int64_stay_apart_as_text():
    huge = pl.Series([2**64 - 1, 2**64 - 2, 5], dtype=pl.UInt64)
    vocabulary = Vocabulary.of(huge)
    assert vocabulary.ids.to_list() == ["18446744073709551615", "18446744073709551614", "5"]
    assert vocabulary.index(pl.Series([5], dtype=pl.Int32)).tolist() == [2]


@pytest.mark.parametrize("huge", [[2**64 - 1, -1], [2**70, 5], [2**63, 1]])
def test_numbers_that_fit_no_64_bits_are_kept_as_text(huge):
    assert Vocabulary.of(huge).ids.to_list() == [str(number) for number in huge]


def test_objects_with_a_text_are_ids_by_their_text():
    one, two = uuid.UUID(int=1), uuid.UUID(int=2)
    assert Vocabulary.of([one, None, two]).index([str(two), one]).tolist() == [1, 0]


def test_a_number_and_its_text_are_the_same_id():
    assert Vocabulary.of([42, 7]).index(["7", "42", "x"]).tolist() == [1, 0, MISSING]
    assert Vocabulary.of(["42", "x"]).index([42, 7]).tolist() == [0, MISSING]


def test_a_leading_zero_makes_another_id():
    vocabulary = Vocabulary.of(["042", "42"])
    assert vocabulary.index(["42", "042"]).tolist() == [1, 0]
    assert Vocabulary.of([42]).index(["042"]).tolist() == [MISSING]


def test_spaces_case_and_accents_make_other_ids():
    different = ["a", " a", "a ", "A", "ä", "a\u0308", "日本", ""]
    assert Vocabulary.of(different).index(different).tolist() == list(range(len(different)))


def test_numbers_extended_by_text_become_text_in_their_places():
    grown = Vocabulary.of([42, 7]).extended(["x", "7"])
    assert grown.ids.to_list() == ["42", "7", "x"]
    assert grown.index([7]).tolist() == [1]
    assert grown.extends(Vocabulary.of([42, 7]))


def test_a_column_of_floats_that_are_whole_holds_whole_numbers():
    assert as_ids(pl.Series([1.0, None, 3.0])).to_list() == [1, None, 3]
    assert as_ids([1.5, 2.0]).to_list() == ["1.5", "2.0"]
    assert Vocabulary.of(np.array([3.0, 1.0])).index([1]).tolist() == [1]


def test_a_mixed_list_of_numbers_and_text_is_text():
    assert as_ids([1, "b"]).to_list() == ["1", "b"]
    assert as_ids(np.array([1, "b"], dtype=object)).to_list() == ["1", "b"]


def test_categories_are_ids_by_their_text():
    assert Vocabulary.of(pl.Series(["b", "a", "b"], dtype=pl.Categorical)).index(["a"]).tolist() == [1]


def test_nulls_are_nobody():
    vocabulary = Vocabulary.of(["a", None, "b"])
    assert len(vocabulary) == 2
    assert vocabulary.index(["a", None]).tolist() == [0, MISSING]
    assert vocabulary.names(np.array([1, MISSING], dtype=np.int32)).to_list() == ["b", None]


def test_the_order_belongs_to_the_fingerprint_and_so_does_where_ids_end():
    prints = [Vocabulary.of(ids).fingerprint for ids in (["a", "b"], ["b", "a"], ["ab"], ["a", "b", "c"])]
    assert len(set(prints)) == 4
    assert Vocabulary.of([1, 2]).fingerprint == Vocabulary.of(["1", "2"]).fingerprint


def test_a_vocabulary_with_another_order_does_not_extend():
    assert not Vocabulary.of(["b", "a", "c"]).extends(Vocabulary.of(["a", "b"]))


def test_repeats_and_nulls_are_refused_by_the_plain_constructor():
    with pytest.raises(BadTable):
        Vocabulary(pl.Series(["a", "a"]))
    with pytest.raises(BadTable):
        Vocabulary(pl.Series(["a", None]))


def test_an_unknown_id_is_named_in_the_error():
    with pytest.raises(UnknownId, match=r"product 'c' is unknown; 2 are known, the first is 'a'"):
        Vocabulary.of(["a", "b"]).known(["a", "c"], "product")


def test_an_empty_vocabulary_knows_nobody():
    vocabulary = Vocabulary.of([])
    assert len(vocabulary) == 0
    assert vocabulary.index(["a"]).tolist() == [MISSING]
    with pytest.raises(UnknownId, match=r"0 are known$"):
        vocabulary.known(["a"])
    assert vocabulary.extended(["a"]).index(["a"]).tolist() == [0]


def test_vocabularies_that_grew_apart_from_one_keep_their_own_ids():
    old = Vocabulary.of(["a", "b"])
    assert old.index(["a"]).tolist() == [0]
    one, other = old.extended(["c"]), old.extended(["d", "c"])
    more = one.extended(["e"])
    assert old.index(["a", "c", "e"]).tolist() == [0, MISSING, MISSING]
    assert one.index(["c", "d", "e"]).tolist() == [2, MISSING, MISSING]
    assert other.index(["c", "d", "e"]).tolist() == [3, 2, MISSING]
    assert more.index(["c", "e"]).tolist() == [2, 3]
    assert more.extends(old)
    assert more.extends(one)
    assert not more.extends(other)
    assert not one.extends(more)
    assert other.extends(old)


def test_numbers_that_join_later_are_found_by_number_and_by_text():
    old = Vocabulary.of([7, 8])
    assert old.index(["8"]).tolist() == [1]
    assert old.extended([9]).index([9]).tolist() == [2]
    assert old.extended([9]).index(["9", "09"]).tolist() == [2, MISSING]


def test_a_vocabulary_travels_to_another_process():
    old = Vocabulary.of(["a", "b"])
    assert old.index(["b"]).tolist() == [1]
    assert pickle.loads(pickle.dumps(old)).index(["b"]).tolist() == [1]


def test_places_are_indices_without_a_series():
    old = Vocabulary.of([7, 8])
    new = old.extended([9])
    assert old.places(["8", 7, "x", "9"]) == [1, 0, MISSING, MISSING]
    assert new.places(("9",)) == [2]


def test_a_few_ids_are_found_by_their_indices_also_after_growing():
    items = Vocabulary.of([7, 8, 9])
    longer = items.extended([10])
    assert longer.ids_at([3, 0, 3]) == [10, 7, 10]
    assert Vocabulary.of(["b", "a"]).ids_at([1]) == ["a"]
