import io
import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from product_shots import BLUE, RED, file, shot
from regulars.core.errors import UnreadableFile
from regulars.features.pictures import open_picture, read_picture, trouble

DRESS = shot()


@pytest.mark.parametrize(
    ("kind", "mode"),
    [("JPEG", "RGB"), ("JPEG", "CMYK"), ("PNG", "RGB"), ("PNG", "P"), ("PNG", "RGBA"), ("WEBP", "RGB"), ("GIF", "P")],
)
def test_a_picture_looks_the_same_in_whatever_file_it_is(kind, mode):
    seen = read_picture(file(DRESS, kind, mode), 500)
    assert seen.shape == DRESS.shape
    assert np.abs(seen.astype(int) - DRESS).mean() < 6


@pytest.mark.parametrize(("kind", "mode"), [("JPEG", "L"), ("PNG", "L"), ("PNG", "1"), ("PNG", "LA")])
def test_a_gray_picture_is_gray(kind, mode):
    seen = read_picture(file(DRESS, kind, mode), 500)
    assert seen.shape == DRESS.shape
    assert (seen == seen[..., :1]).all()


def test_sixteen_bits_become_eight():
    ramp = np.linspace(0, 65535, 40 * 30).reshape(40, 30)
    written = io.BytesIO()
    Image.fromarray(ramp.astype(np.uint16)).save(written, "PNG")
    assert np.abs(read_picture(written.getvalue(), 100)[..., 0] - ramp / 257).max() <= 1


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_is_transparent_is_white(mode):
    picture = Image.new("RGBA", (20, 20), (0, 0, 0, 0))
    picture.paste((10, 10, 10, 255), (5, 5, 15, 15))
    seen = read_picture(file(picture, "PNG", mode), 100)
    assert (seen[0, 0] == 255).all()
    assert (seen[10, 10] < 20).all()


STORED = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # orientation -> how pillow turns an upright picture into it


@pytest.mark.parametrize("orientation", STORED)
def test_a_picture_is_turned_as_the_camera_was_held(orientation):
    upright = np.full((40, 24, 3), 250, dtype=np.uint8)
    upright[:10, :6] = BLUE  # the upper left corner
    exif = Image.Exif()
    exif[0x112] = orientation
    stored = Image.fromarray(upright).transpose(Image.Transpose(STORED[orientation]))
    assert (read_picture(file(stored, "PNG", exif=exif), 100) == upright).all()


def test_of_an_animation_the_first_frame_is_seen():
    frames = [Image.new("RGB", (20, 20), color) for color in (RED, BLUE)]
    written = io.BytesIO()
    frames[0].save(written, "GIF", save_all=True, append_images=frames[1:])
    assert np.abs(read_picture(written.getvalue(), 100).astype(int) - RED).max() < 3


def test_no_side_is_longer_than_wanted_and_nothing_grows():
    assert read_picture(file(DRESS), 72).shape == (72, 48, 3)
    assert read_picture(file(DRESS), 1000).shape == DRESS.shape
    assert read_picture(file(np.zeros((8, 3000, 3), dtype=np.uint8)), 100).shape == (1, 100, 3)


def test_a_file_is_read_by_its_path(tmp_path):
    (tmp_path / "dress").write_bytes(file(DRESS))
    expected = read_picture(file(DRESS), 144)
    assert (read_picture(tmp_path / "dress", 144) == expected).all()
    assert (read_picture(str(tmp_path / "dress"), 144) == expected).all()


def test_twenty_megapixels_are_opened_in_little_memory(tmp_path):
    Image.new("RGB", (5472, 3648), RED).save(tmp_path / "large.jpg")
    code = (
        "import resource, sys; from regulars.features.pictures import read_picture; import PIL.JpegImagePlugin\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "assert read_picture(sys.argv[1], 144).shape == (96, 144, 3)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path / "large.jpg"], capture_output=True, check=True)
    unit = 1024 if sys.platform == "darwin" else 1
    assert int(done.stdout) / unit < 30_000  # kilobytes; as it is, it would take 60,000


def bomb():
    return file(Image.new("1", (20_000, 20_000)), "PNG", "1")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "no picture"),
        (b"", "no picture"),
        ("", "no picture"),
        (b"<html>404 not found</html>", "not a picture that can be read (JPEG, PNG, WEBP, GIF)"),
        (file(DRESS, "TIFF"), "not a picture that can be read"),
        (file(DRESS)[:900], "damaged or cut off"),
        (file(DRESS, "PNG")[:400], "damaged or cut off"),
        (file(DRESS, "WEBP")[:200], "damaged or cut off"),
        (file(np.zeros((1, 1, 3), dtype=np.uint8), "GIF"), "1 x 1 pixels: too small"),
        (file(Image.new("1", (9_000, 9_000)), "PNG", "1"), "81,000,000 pixels, more than 50,000,000"),
        (bomb(), "far more than 50,000,000 pixels"),
        ("nowhere.jpg", "cannot be opened: No such file"),
        ("a\0b.jpg", "cannot be opened"),
        ("https://shop.example/dress.jpg", "is an address; download it"),
        ("folder/https://shop.example/dress.jpg", "https://shop.example/dress.jpg is an address"),
        (os.path.dirname(__file__), "is not a file"),
    ],
)
def test_what_cannot_be_read_says_why(content, why):
    with pytest.raises(UnreadableFile) as caught:
        read_picture(content, 100)
    assert why in str(caught.value)
    assert trouble(content) == str(caught.value)


def test_nobody_waits_for_a_pipe(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert "is not a file" in trouble(tmp_path / "pipe")


def test_bytes_that_are_changed_at_random_never_do_more_than_be_refused():
    random = np.random.default_rng(4)
    for kind, mode in [("JPEG", "RGB"), ("PNG", "P"), ("GIF", "P"), ("WEBP", "RGB"), ("JPEG", "CMYK")]:
        whole = np.frombuffer(file(DRESS, kind, mode), dtype=np.uint8)
        for _ in range(40):
            bytes_of = whole.copy()
            bytes_of[random.integers(0, len(whole), 6)] = random.integers(0, 256, 6)
            assert isinstance(trouble(bytes_of.tobytes()), str)


def test_a_good_picture_has_no_trouble():
    assert trouble(file(DRESS)) == ""
    assert open_picture(file(DRESS), 50).mode == "RGB"
