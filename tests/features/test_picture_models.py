import json

import numpy as np
import pytest
import torch
import transformers

from product_shots import BLUE, RED, file, shot
from regulars.core.errors import SettingError
from regulars.features.picture_encoders import picture_encoder
from regulars.features.picture_models import PictureModel

COLORS = {"image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]}
SMALL = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
SEEN = {"image_size": 32, "patch_size": 8}
WORDS = {"vocab_size": 20, "max_position_embeddings": 8, "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0}


def vit():
    config = transformers.ViTConfig(**SMALL, **SEEN)
    return transformers.ViTModel(config), {
        "image_processor_type": "ViTImageProcessor",
        "size": {"height": 32, "width": 32},
    }


def dino():
    model = transformers.Dinov2Model(transformers.Dinov2Config(**SMALL, **SEEN))
    crop = {"size": {"shortest_edge": 36}, "crop_size": {"height": 32, "width": 32}, "do_center_crop": True}
    return model, {"image_processor_type": "BitImageProcessor", **crop}


def resnet():
    config = transformers.ResNetConfig(embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], layer_type="basic")
    return transformers.ResNetModel(config), {
        "image_processor_type": "ConvNextImageProcessor",
        "size": {"shortest_edge": 32},
    }


def convnext():
    model = transformers.ConvNextModel(transformers.ConvNextConfig(hidden_sizes=[8, 8, 8, 16], depths=[1, 1, 1, 1]))
    return model, {"image_processor_type": "ConvNextImageProcessor", "size": {"shortest_edge": 64}}


def clip():
    config = transformers.CLIPConfig(text_config=SMALL | WORDS, vision_config=SMALL | SEEN, projection_dim=12)
    return transformers.CLIPModel(config), {
        "image_processor_type": "CLIPImageProcessor",
        "size": {"shortest_edge": 32},
    } | {"crop_size": {"height": 32, "width": 32}}


def siglip():
    config = transformers.SiglipConfig(text_config=SMALL | WORDS, vision_config=SMALL | SEEN)
    return transformers.SiglipModel(config), {
        "image_processor_type": "SiglipImageProcessor",
        "size": {"height": 32, "width": 32},
    }


def written(make, folder):
    torch.manual_seed(3)
    model, page = make()
    model.save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(COLORS | page))
    return folder


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    made = {make.__name__: make for make in (vit, dino, resnet, convnext, clip, siglip)}
    return {name: written(make, tmp_path_factory.mktemp(name)) for name, make in made.items()}


WIDTHS = {"vit": 16, "dino": 16, "resnet": 16, "convnext": 16, "clip": 12, "siglip": 16}
SHOTS = [file(shot()), b"no picture", file(shot("shirt", BLUE), "PNG", "RGBA"), None]


@pytest.mark.parametrize("name", WIDTHS)
def test_every_family_of_networks_makes_vectors_of_pictures(name, folders):
    encoder = PictureModel(str(folders[name]), precision="float32", threads=1)
    vectors = encoder.encode(SHOTS)
    assert vectors.shape == (4, WIDTHS[name]) == (4, encoder.width)
    assert np.isnan(vectors).all(axis=1).tolist() == [False, True, False, True]
    np.testing.assert_allclose(np.linalg.norm(vectors[[0, 2]], axis=1), 1, rtol=1e-5)
    assert np.abs(vectors[0] - vectors[2]).max() > 1e-5
    alone = encoder.encode([SHOTS[2]])[0]
    np.testing.assert_allclose(alone, vectors[2], atol=1e-5)


def test_the_vector_is_what_the_network_says(folders):
    pixels = np.full((32, 32, 3), RED, dtype=np.uint8)
    model = transformers.ViTModel.from_pretrained(folders["vit"]).eval()
    given = torch.from_numpy(pixels.astype(np.float32) / 127.5 - 1).permute(2, 0, 1)[None]
    with torch.no_grad():
        expected = model(pixel_values=given).pooler_output[0].numpy()
    found = PictureModel(str(folders["vit"]), precision="float32").encode([file(pixels, "PNG")])[0]
    np.testing.assert_allclose(found, expected / np.linalg.norm(expected), atol=1e-5)


def test_pooling_that_nobody_taught_is_left_out(folders, tmp_path):
    model = transformers.ViTModel.from_pretrained(folders["vit"], add_pooling_layer=False)
    model.save_pretrained(tmp_path)
    (tmp_path / "preprocessor_config.json").write_bytes((folders["vit"] / "preprocessor_config.json").read_bytes())
    pixels = np.full((32, 32, 3), BLUE, dtype=np.uint8)
    given = torch.from_numpy(pixels.astype(np.float32) / 127.5 - 1).permute(2, 0, 1)[None]
    with torch.no_grad():
        expected = model.eval()(pixel_values=given).last_hidden_state[0, 0].numpy()
    found = PictureModel(str(tmp_path), precision="float32").encode([file(pixels, "PNG")])[0]
    np.testing.assert_allclose(found, expected / np.linalg.norm(expected), atol=1e-5)


def test_the_identity_changes_with_the_weights_not_with_the_place(folders, tmp_path):
    for name in ("one", "other"):
        written(vit, tmp_path / name)
    same = {PictureModel(str(tmp_path / name)).identity for name in ("one", "other")}
    assert len(same) == 1
    assert PictureModel(str(folders["dino"])).identity not in same
    assert PictureModel(str(tmp_path / "one"), precision="float32").identity not in same


def test_a_folder_without_a_whole_model_says_what_is_missing(folders, tmp_path):
    with pytest.raises(SettingError, match=r"there is no config\.json"):
        picture_encoder(str(tmp_path)).identity  # noqa: B018
    model = transformers.ViTModel.from_pretrained(folders["vit"])
    model.save_pretrained(tmp_path)
    with pytest.raises(SettingError, match=r"preprocessor_config\.json"):
        PictureModel(str(tmp_path)).encode(SHOTS)
    whole = {name: tensor for name, tensor in model.state_dict().items() if not name.startswith("layernorm.")}
    model.save_pretrained(tmp_path, state_dict=whole)
    (tmp_path / "preprocessor_config.json").write_bytes((folders["vit"] / "preprocessor_config.json").read_bytes())
    with pytest.raises(SettingError, match=r"lack 2 parts of the network, layernorm\.bias first"):
        PictureModel(str(tmp_path)).encode(SHOTS)


def test_a_name_stands_for_its_encoder(folders):
    assert picture_encoder("descriptor").identity == picture_encoder().identity
    assert picture_encoder(str(folders["vit"])) == PictureModel(str(folders["vit"]))
    with pytest.raises(SettingError, match="there is no file"):
        picture_encoder("missing.onnx")
