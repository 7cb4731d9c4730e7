import json

import numpy as np
import polars as pl
import pytest

from product_shots import BLUE, RED, file, shot
from regulars.core import Run
from regulars.core.errors import BadTable, DamagedModel, EmptyData, ForeignModel, Interrupted, SettingError
from regulars.features.attribute_encoder import PAGE, AttributeEncoder
from regulars.features.picture_encoders import picture_encoder
from regulars.models.picture_attributes import PictureAttributes

GREEN = (20, 150, 40)
COLORS = {"red": RED, "blue": BLUE, "green": GREEN}
ONE = Run(threads=1)
SHORT = {
    "epochs": 12,
    "patience": 0,
    "batch": 16,
    "side": 32,
    "channels": 8,
    "hidden": 32,
    "embedding": 8,
    "min_count": 3,
}


def shelf(n, seed):
    """Pictures of products in changing tones on changing backgrounds, and what they are."""
    random = np.random.default_rng(seed)
    pictures, rows = [], []
    for row in range(n):
        kind, name = ("dress", "shirt")[row % 2], list(COLORS)[row % 3]
        color = np.clip(np.array(COLORS[name]) + random.integers(-15, 16, 3), 0, 255)
        background = (int(random.integers(225, 250)),) * 3
        pictures.append(file(shot(kind, tuple(color.tolist()), background=background)))
        rows.append({"kind": kind, "color": name, "season": None if row % 5 else "all", "sku": f"sku {row}"})
    return pictures, pl.DataFrame(rows)


@pytest.fixture(scope="module")
def shop():
    return shelf(90, 0)


@pytest.fixture(scope="module")
def encoder(shop):
    return PictureAttributes(**SHORT).fit(*shop, ONE)


def test_it_tells_the_attributes_of_pictures_that_it_has_never_seen(encoder):
    pictures, truth = shelf(30, 1)
    told = encoder.guess(pictures)
    assert (told["kind"] == truth["kind"]).mean() > 0.9
    assert (told["color"] == truth["color"]).mean() > 0.9
    assert told["color_chance"].is_between(0.33, 1).all()


def test_convolutions_alone_learn_it_too(shop):
    encoder = PictureAttributes(**SHORT, beside="").fit(*shop, ONE)
    pictures, truth = shelf(30, 1)
    told = encoder.guess(pictures)
    assert (told["color"] == truth["color"]).mean() > 0.9
    assert (told["kind"] == truth["kind"]).mean() > 0.9


def test_only_what_has_two_frequent_values_is_an_attribute(encoder):
    assert [attribute.name for attribute in encoder.attributes] == ["kind", "color"]
    assert sorted(encoder.attributes[1].values) == ["blue", "green", "red"]


def test_alike_products_have_alike_vectors_and_each_vector_has_length_one(encoder):
    pictures = [
        file(shot("dress", RED)),
        file(shot("dress", RED, background=(230, 230, 230))),
        file(shot("shirt", BLUE)),
    ]
    vectors = encoder.encode([*pictures, None, b"no picture"])
    assert vectors.shape == (5, encoder.width) == (5, 16)
    np.testing.assert_allclose(np.linalg.norm(vectors[:3], axis=1), 1, rtol=1e-5)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.3
    assert np.isnan(vectors[3:]).all()
    assert encoder.guess([None])["kind"].to_list() == [None]
    np.testing.assert_allclose(encoder.encode(pictures[2:])[0], vectors[2], atol=1e-6)


def test_the_same_seed_gives_the_same_weights(shop, encoder):
    again = PictureAttributes(**SHORT).fit(*shop, ONE)
    assert again.identity == encoder.identity
    other = PictureAttributes(**{**SHORT, "epochs": 1}).fit(*shop, Run(seed=1, threads=1))
    assert other.identity != encoder.identity


def test_it_survives_the_disk_and_its_folder_is_its_name(encoder, tmp_path):
    encoder.save(tmp_path)
    encoder.save(tmp_path)
    loaded = picture_encoder(str(tmp_path))
    assert isinstance(loaded, AttributeEncoder)
    assert loaded.identity == encoder.identity
    assert loaded.attributes == encoder.attributes
    picture = [file(shot("shirt", GREEN))]
    np.testing.assert_array_equal(loaded.encode(picture), encoder.encode(picture))
    assert len(list(tmp_path.iterdir())) == 2


def test_a_folder_that_was_changed_is_refused(encoder, tmp_path):
    with pytest.raises(ForeignModel, match=r"there is no picture_attributes\.json"):
        AttributeEncoder.load(tmp_path, picture_encoder)
    encoder.save(tmp_path)
    weights = next(tmp_path.glob("*.safetensors"))
    whole = weights.read_bytes()
    weights.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(DamagedModel, match="not as it was written"):
        AttributeEncoder.load(tmp_path, picture_encoder)
    weights.write_bytes(whole)
    page = json.loads((tmp_path / PAGE).read_text())
    (tmp_path / PAGE).write_text(json.dumps(page | {"beside_identity": "descriptor 0"}))
    with pytest.raises(ForeignModel, match="was taught beside 'descriptor 0'"):
        AttributeEncoder.load(tmp_path, picture_encoder)
    (tmp_path / PAGE).write_text(json.dumps(page | {"version": 9}))
    with pytest.raises(ForeignModel, match="no picture encoder that this release reads"):
        AttributeEncoder.load(tmp_path, picture_encoder)
    shape = page["shape"] | {"embedding": 4}
    (tmp_path / PAGE).write_text(json.dumps(page | {"shape": shape}))
    with pytest.raises(DamagedModel, match="not of its shape"):
        AttributeEncoder.load(tmp_path, picture_encoder).encode([file(shot())])
    (tmp_path / PAGE).write_text("{")
    with pytest.raises(DamagedModel):
        AttributeEncoder.load(tmp_path, picture_encoder)


def test_withheld_pictures_say_how_good_it_is_and_twins_are_never_on_both_sides(shop):
    pictures, attributes = shop
    twice = PictureAttributes(**{**SHORT, "epochs": 3, "patience": 2, "validation": 0.3}).fit(
        [*pictures, *pictures], pl.concat([attributes, attributes]), ONE
    )
    assert all(0 <= attribute.accuracy <= 1 and 0 < attribute.majority < 1 for attribute in twice.attributes)


def test_what_cannot_be_read_is_left_out(shop, encoder):
    pictures, attributes = shop
    more = pl.concat([attributes, attributes[:2]])
    fitted = PictureAttributes(**SHORT).fit([*pictures, None, b"no picture"], more, ONE)
    assert fitted.attributes == encoder.attributes
    assert fitted.identity == encoder.identity


def test_what_cannot_be_learned_from_says_so(shop):
    pictures, attributes = shop
    with pytest.raises(BadTable, match="90 pictures, 3 rows"):
        PictureAttributes().fit(pictures, attributes[:3])
    with pytest.raises(EmptyData, match="no attribute to learn"):
        PictureAttributes().fit(pictures, attributes.select("sku"))
    with pytest.raises(EmptyData, match="no picture can be read"):
        PictureAttributes(**SHORT).fit([None] * 90, attributes)
    with pytest.raises(SettingError, match="channels = 0"):
        PictureAttributes(channels=0, beside="").fit(pictures, attributes)


def test_it_can_be_stopped(shop):
    def stop(progress):
        raise Interrupted("enough")

    with pytest.raises(Interrupted):
        PictureAttributes(**SHORT).fit(*shop, Run(threads=1, on_epoch=stop))
