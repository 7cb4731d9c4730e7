import numpy as np
import polars as pl
import pytest

torch = pytest.importorskip("torch")

from regulars.features import Inputs  # noqa: E402
from regulars.models.networks.inputs import Fed, InputEmbedding  # noqa: E402

SHELF = pl.DataFrame(
    {
        "brand": ["Oat", "Rye", None, "Oat", "Rye"],
        "color": ["red", "red", "blue", "blue", "red"],
        "price": [1.0, 3.0, None, 5.0, 7.0],
        "tags": [["warm", "soft"], ["warm"], [], None, ["soft"]],
        "picture": [[1.0, 2.0], [3.0, 4.0], None, [1.0, 2.0], [3.0, 0.0]],
    }
)


def test_a_row_is_its_categories_its_bags_and_its_numbers():
    inputs = Inputs.learn(SHELF)
    module, encoded = InputEmbedding(inputs, 4), inputs.encode(SHELF)
    found = module(Fed.of(encoded)).detach().numpy()
    assert found.shape == (5, module.width) == (5, 4 + 4 + 4 + 1 + 2 + 2)
    table = module.categories.weight.detach().numpy()
    brands, colors = encoded.categories.T
    np.testing.assert_array_equal(found[:, :4], table[brands])
    np.testing.assert_array_equal(found[:, 4:8], table[3 + colors])  # after two brands and the unknown one
    words = module.bags[0].weight.detach().numpy()
    np.testing.assert_allclose(found[0, 8:12], words.mean(0), rtol=1e-6)
    assert not found[2, 8:12].any()
    np.testing.assert_array_equal(found[:, 12:], np.hstack([encoded.numbers, encoded.missing, *encoded.vectors]))


def test_rows_one_by_one_are_as_in_a_batch():
    inputs = Inputs.learn(SHELF)
    module, encoded = InputEmbedding(inputs), inputs.encode(SHELF)
    whole = module(Fed.of(encoded))
    for row in range(5):
        alone = module(Fed.of(encoded[np.array([row])]))
        torch.testing.assert_close(alone[0], whole[row])


def test_nothing_known_is_no_input():
    inputs = Inputs()
    module = InputEmbedding(inputs)
    assert module.width == 0
    assert module(Fed.of(inputs.encode(pl.DataFrame(), 3))).shape == (3, 0)


def test_a_linear_layer_through_the_tables_is_the_layer_over_the_rows():
    inputs = Inputs.learn(SHELF)
    module, rows = InputEmbedding(inputs, 4), Fed.of(inputs.encode(SHELF))
    layer = torch.nn.Linear(module.width, 3)
    torch.testing.assert_close(module.through(layer, rows), layer(module(rows)))
    with torch.autocast("cpu", torch.bfloat16):
        half = module.through(layer, rows)
    torch.testing.assert_close(half, layer(module(rows)), atol=0.05, rtol=0.05)
