import json

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from product_shots import BLUE, RED, file, shot
from regulars.core.errors import SettingError
from regulars.features.onnx_pictures import DEVIATION, MEAN, OnnxPictures
from regulars.features.picture_encoders import picture_encoder

FLAT = np.full((48, 32, 3), RED, dtype=np.uint8)
SHOTS = [file(shot()), b"no picture", file(shot("shirt", BLUE), "PNG", "RGBA"), None]


def model(path, nodes, shapes, *, given=("n", 3, 24, 16), kind=TensorProto.FLOAT, arrays=()):
    """A file of nodes from `picture` to outputs of these shapes."""
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()]
    inputs = [helper.make_tensor_value_info("picture", kind, list(given))]
    constants = [numpy_helper.from_array(np.array(values), name) for name, values in arrays]
    graph = helper.make_graph(nodes, "pictures", inputs, outputs, constants)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(made)
    path.write_bytes(made.SerializeToString())
    return str(path)


def means(path, **how):
    """The mean of each color."""
    nodes = [
        helper.make_node("GlobalAveragePool", ["picture"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["colors"]),
    ]
    return model(path, nodes, {"colors": [how.get("given", ("n",))[0], 3]}, **how)


def unit(values):
    return np.asarray(values) / np.linalg.norm(values)


EXPECTED = unit((np.array(RED) / 255 - MEAN) / DEVIATION)


@pytest.mark.parametrize("given", [("n", 3, 24, 16), ("n", 3, "h", "w"), (1, 3, 24, 16), (4, 3, 24, 16)])
def test_a_model_of_any_batch_and_size_sees_the_colors_as_it_was_taught(tmp_path, given):
    encoder = OnnxPictures(means(tmp_path / "means.onnx", given=given), fit="crop", threads=1)
    vectors = encoder.encode([file(FLAT, "PNG"), None, b"no picture", file(FLAT, "PNG"), file(shot(), "PNG")])
    assert encoder.width == 3
    np.testing.assert_allclose(vectors[[0, 3]], [EXPECTED, EXPECTED], atol=1e-4)
    assert np.isnan(vectors).all(axis=1).tolist() == [False, True, True, False, False]


def test_colors_may_come_last_and_as_bytes(tmp_path):
    nodes = [
        helper.make_node("Cast", ["picture"], ["real"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["real"], ["colors"], axes=[1, 2], keepdims=0),
    ]
    shape = {"given": ("n", 24, 16, 3), "kind": TensorProto.UINT8}
    vectors = OnnxPictures(model(tmp_path / "m.onnx", nodes, {"colors": ["n", 3]}, **shape)).encode([file(FLAT, "PNG")])
    np.testing.assert_allclose(vectors[0], unit(RED), atol=1e-5)


def test_of_several_outputs_the_one_of_the_whole_picture_is_taken(tmp_path):
    nodes = [
        helper.make_node("Identity", ["picture"], ["last_hidden_state"]),
        helper.make_node("ReduceMax", ["picture"], ["pooler_output"], axes=[2, 3], keepdims=0),
    ]
    path = model(tmp_path / "m.onnx", nodes, {"last_hidden_state": ["n", 3, 24, 16], "pooler_output": ["n", 3]})
    np.testing.assert_allclose(OnnxPictures(path).encode([file(FLAT, "PNG")])[0], EXPECTED, atol=1e-4)
    places = OnnxPictures(path, output="last_hidden_state")
    np.testing.assert_allclose(places.encode([file(FLAT, "PNG")])[0], EXPECTED, atol=1e-4)
    with pytest.raises(SettingError, match="has no output 'tokens'; it has last_hidden_state, pooler_output"):
        OnnxPictures(path, output="tokens").encode(SHOTS)


def test_the_whole_picture_is_shown_unless_its_middle_is_wanted(tmp_path):
    path = means(tmp_path / "means.onnx", given=("n", 3, 16, 16))
    wide = np.full((20, 60, 3), 255, dtype=np.uint8)
    wide[:, 15:45] = RED
    crop, whole = (OnnxPictures(path, fit=fit).encode([file(wide, "PNG")])[0] for fit in ("crop", "pad"))
    np.testing.assert_allclose(crop, EXPECTED, atol=1e-3)
    assert whole @ EXPECTED < 0.9


def test_the_page_beside_the_model_says_how_colors_are_taken(tmp_path):
    path = means(tmp_path / "means.onnx")
    before = OnnxPictures(path).identity
    (tmp_path / "preprocessor_config.json").write_text(json.dumps({"image_mean": [0, 0, 0], "image_std": [1, 1, 1]}))
    encoder = OnnxPictures(path)
    np.testing.assert_allclose(encoder.encode([file(FLAT, "PNG")])[0], unit(RED), atol=1e-4)
    assert encoder.identity != before
    (tmp_path / "preprocessor_config.json").write_text("{")
    with pytest.raises(SettingError, match="mend it"):
        OnnxPictures(path).encode(SHOTS)


def test_the_identity_changes_with_the_file_and_the_settings(tmp_path):
    one, same = means(tmp_path / "one.onnx"), means(tmp_path / "same.onnx")
    other = means(tmp_path / "other.onnx", given=("n", 3, 16, 16))
    assert OnnxPictures(one).identity == OnnxPictures(same).identity == picture_encoder(one).identity
    assert len({OnnxPictures(one).identity, OnnxPictures(other).identity, OnnxPictures(one, fit="crop").identity}) == 3


def test_a_file_that_is_no_model_of_pictures_says_so(tmp_path):
    (tmp_path / "page.onnx").write_text("<html>")
    with pytest.raises(SettingError, match="cannot be loaded as an ONNX model"):
        OnnxPictures(str(tmp_path / "page.onnx")).encode(SHOTS)
    nodes = [helper.make_node("Identity", ["picture"], ["out"])]
    path = model(tmp_path / "table.onnx", nodes, {"out": ["n", 7]}, given=("n", 7))
    with pytest.raises(SettingError, match=r"needs one input, a batch of pictures .* it takes picture tensor\(float\)"):
        OnnxPictures(path).encode(SHOTS)
    with pytest.raises(SettingError, match="cannot be read"):
        OnnxPictures(str(tmp_path / "nowhere.onnx")).identity  # noqa: B018
