"""Thumbnails: small, and never in the way of the page."""

import base64
import io

import numpy as np
import pytest

from regulars.report.longtail.thumbnails import SIDE, thumbnail

image = pytest.importorskip("PIL.Image")


def stored(mode, size, kind):
    made = io.BytesIO()
    image.fromarray(np.zeros((size[1], size[0], 4), dtype=np.uint8)).convert(mode).save(made, kind)
    return made.getvalue()


def shown(address):
    return image.open(io.BytesIO(base64.b64decode(address.partition(",")[2])))


@pytest.mark.parametrize(
    ("mode", "kind"), [("RGB", "JPEG"), ("CMYK", "JPEG"), ("RGBA", "PNG"), ("P", "PNG"), ("L", "PNG")]
)
def test_a_picture_of_any_kind_is_made_small(mode, kind):
    small = shown(thumbnail(stored(mode, (600, 300), kind)))
    assert small.size == (SIDE, SIDE // 2)
    assert small.mode == "RGB"


def test_what_is_transparent_is_white():
    assert shown(thumbnail(stored("RGBA", (40, 40), "PNG"))).getpixel((5, 5)) == (255, 255, 255)


def test_a_file_is_read(tmp_path):
    (tmp_path / "a.png").write_bytes(stored("RGB", (40, 40), "PNG"))
    assert thumbnail(tmp_path / "a.png").startswith("data:image/jpeg;base64,")


def test_what_cannot_be_read_has_no_thumbnail(tmp_path):
    whole = stored("RGB", (600, 600), "PNG")
    for broken in (None, b"", b"no picture", whole[: len(whole) // 2], tmp_path / "nowhere.png"):
        assert thumbnail(broken) == ""
