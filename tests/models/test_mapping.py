"""What maps content needs no network where the map is linear."""

import subprocess
import sys
from pathlib import Path

import numpy as np

from regulars.core import Histories, floats, ints, longs
from regulars.models.mapping import one_a_moment

TESTS = Path(__file__).parents[1]
WITHOUT_TORCH = """
import sys
sys.modules["torch"] = None
import shops
from regulars import ContentToCF
data = shops.described().data
model = ContentToCF(mapping="ridge", base_settings=("factors = 4",)).fit(data)
print(model.add_items(data.item_features[[3]]).n_items)
"""


def test_a_ridge_map_is_fitted_and_places_new_items_without_torch():
    told = subprocess.run([sys.executable, "-c", WITHOUT_TORCH], capture_output=True, text=True, cwd=TESTS)
    assert told.stdout == "42\n", told.stderr


def test_two_lines_of_a_receipt_are_no_return():
    times = longs([10, 10, 10, 20, 10])
    met = Histories(longs([0, 4, 5]), ints([3, 3, 4, 3, 3]), times, floats([1] * 5), np.zeros(5, dtype=np.int8))
    assert one_a_moment(met, 9).tolist() == [True, False, True, True, True]
    assert one_a_moment(met[slice(2, 2)], 9).tolist() == []
