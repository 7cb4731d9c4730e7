"""Codes: the numbers of a vocabulary, however the ids arrive."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.core import Vocabulary
from regulars.data.codes import Codes

texts = st.lists(st.lists(st.text(max_size=4), max_size=20), max_size=6)
whole = st.lists(st.lists(st.integers(-(2**63), 2**63 - 1) | st.integers(0, 20), max_size=20), max_size=6)


@pytest.mark.parametrize("dtype", [pl.String, pl.Int64])
@given(data=st.data())
def test_codes_are_the_indices_of_the_vocabulary_of_all_ids(dtype, data):
    parts = data.draw(texts if dtype == pl.String else whole)
    codes = Codes(dtype)
    found = [code for part in parts for code in codes.codes(pl.Series(part, dtype=dtype)).tolist()]
    everything = pl.Series([one for part in parts for one in part], dtype=dtype)
    vocabulary = Vocabulary.of(everything)
    assert found == vocabulary.index(everything).tolist()
    assert codes.ids().to_list() == vocabulary.ids.to_list()


def test_the_table_grows_without_forgetting():
    codes = Codes(pl.Int64)
    ids = pl.Series(range(100_000), dtype=pl.Int64)
    for start in range(0, 100_000, 10_000):
        codes.codes(ids.slice(start, 10_000))
    assert codes.codes(ids).tolist() == list(range(100_000))
    assert len(codes) == 100_000
