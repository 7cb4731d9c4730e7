"""What maps content needs no network where the map is linear."""

import subprocess
import sys
from pathlib import Path

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
