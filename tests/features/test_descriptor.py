import subprocess
import sys

import numpy as np
import pytest

from product_shots import BLUE, RED, file, shot
from regulars.features.descriptor import PictureDescriptor
from regulars.features.perceived_color import perceived, shades
from regulars.features.product_shot import Product

ENCODER = PictureDescriptor()
WIDTHS = dict(zip(("color", "texture", "shape"), ENCODER.widths, strict=True))


def parts(*pixels):
    """Color, texture and shape of each picture, by name."""
    vectors = ENCODER.encode([file(one, "PNG") for one in pixels])
    ends = np.cumsum(ENCODER.widths)[:-1]
    return dict(zip(WIDTHS, np.split(vectors, ends, axis=1), strict=True))


def nearer(part, one, other):
    """Whether the picture 0 is nearer to `one` than to `other`."""
    return np.linalg.norm(part[0] - part[one]) < np.linalg.norm(part[0] - part[other])


def test_by_color_a_red_dress_is_nearer_to_a_red_shirt_than_to_a_blue_dress():
    told = parts(shot("dress", RED), shot("shirt", RED), shot("dress", BLUE))
    assert nearer(told["color"], 1, 2)
    assert nearer(told["shape"], 2, 1)


def test_by_texture_stripes_are_nearer_to_other_stripes_than_to_dots():
    told = parts(
        shot("dress", RED, pattern="stripes"),
        shot("shirt", BLUE, pattern="fine stripes"),
        shot("dress", RED, pattern="small dots"),
        shot("dress", RED, pattern="dots"),
        shot("dress", RED),
    )
    for other in (2, 3, 4):
        assert nearer(told["texture"], 1, other)


def test_the_background_is_left_out_of_the_color():
    told = parts(shot(background=(248, 248, 248)), shot(background=(215, 215, 210)), shot(color=(200, 60, 90)))
    assert nearer(told["color"], 1, 2)
    alone = parts(np.full((144, 96, 3), RED, dtype=np.uint8), shot())
    assert np.linalg.norm(np.diff(alone["color"][:, : shades().shape[1]], axis=0)) < 0.2


def test_a_product_is_found_wherever_it_stands_and_however_large():
    dress = shot()
    small = np.full((288, 192, 3), 248, dtype=np.uint8)
    small[130:274, 60:156] = dress
    told = parts(dress, small, shot("shirt"))
    assert nearer(told["shape"], 1, 2)
    assert nearer(told["color"], 1, 2)


def test_a_picture_without_a_plain_background_is_product_all_over():
    colors = perceived()[np.random.default_rng(2).integers(0, 32768, (72, 48))]
    product = Product.of(colors)
    assert not product.plain
    assert product.box == (0, 0, 48, 72)
    assert (product.weights == 1).all()


def test_what_the_product_encloses_belongs_to_its_outline():
    colors = np.full((60, 60, 3), 90, dtype=np.float32)
    colors[10:50, 10:50] = 20
    colors[20:40, 20:40] = 90
    product = Product.of(colors)
    assert product.plain
    assert product.box == (10, 10, 50, 50)
    assert product.outline[30, 30] == 1
    assert product.weights[30, 30] == pytest.approx(0.15)
    assert product.weights[5, 30] == 0


def test_equal_steps_look_equal_and_navy_is_no_black():
    code = {
        name: (r >> 3) << 10 | (g >> 3) << 5 | b >> 3
        for name, (r, g, b) in {
            "black": (0, 0, 0),
            "navy": (16, 16, 60),
            "white": (255, 255, 255),
            "gray": (119, 119, 119),
        }.items()
    }
    space = perceived()
    assert space[code["black"]] == pytest.approx([0, 0, 0], abs=1e-4)
    assert space[code["white"]] == pytest.approx([100, 0, 0], abs=0.01)
    assert space[code["gray"], 0] == pytest.approx(105.51 * np.log1p(0.0158 * 48.6), abs=0.6)  # 15/31 of white is L* 52
    assert np.linalg.norm(space[code["navy"]] - space[code["black"]]) > 15


def test_every_color_is_shared_out_among_the_shades():
    assert shades().sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert shades().shape[1] == WIDTHS["color"] - 54


def test_a_vector_depends_on_its_picture_alone_and_has_length_one():
    contents = [file(shot()), None, b"no picture", file(shot("shirt", BLUE)), file(np.full((9, 9, 3), 70, np.uint8))]
    together = ENCODER.encode(contents)
    assert together.shape == (5, ENCODER.width)
    assert together.dtype == np.float32
    assert np.isnan(together).all(axis=1).tolist() == [False, True, True, False, False]
    assert not np.isnan(together[[0, 3, 4]]).any()
    for row in (0, 3, 4):
        np.testing.assert_array_equal(ENCODER.encode([contents[row]])[0], together[row])
        assert np.linalg.norm(together[row]) == pytest.approx(1, abs=1e-5)
    assert ENCODER.encode([]).shape == (0, ENCODER.width)


@pytest.mark.parametrize("size", [(8, 8), (8, 400), (400, 8), (13, 13), (9, 3000)])
def test_pictures_of_odd_sizes_have_a_vector(size):
    pixels = np.random.default_rng(1).integers(0, 255, (*size, 3), dtype=np.uint8)
    for one in (pixels, np.zeros_like(pixels)):
        assert np.isfinite(ENCODER.encode([file(one, "PNG")])).all()


def test_a_picture_that_is_larger_gives_nearly_the_same_vector():
    large = np.kron(shot(), np.ones((6, 6, 1), dtype=np.uint8))
    one, other = ENCODER.encode([file(shot(), "PNG"), file(large, "PNG")])
    assert one @ other > 0.98


def test_the_settings_weigh_the_parts_and_are_in_the_identity():
    plain = PictureDescriptor(color=0.0, texture=0.0)
    vector = plain.encode([file(shot())])[0]
    assert not vector[: sum(plain.widths[:2])].any()
    assert plain.identity != ENCODER.identity == PictureDescriptor().identity


def test_it_needs_neither_torch_nor_scipy():
    code = (
        "import sys; from regulars.features.descriptor import PictureDescriptor; PictureDescriptor().encode([None])\n"
        "assert not {'torch', 'scipy', 'numba'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
