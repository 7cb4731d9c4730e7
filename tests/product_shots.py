"""Pictures of products, drawn: a dress or a shirt on a plain background, in a color or a pattern."""

import io

import numpy as np
from PIL import Image, ImageDraw

RED, BLUE, WHITE = (200, 20, 30), (30, 40, 190), (248, 248, 248)
OUTLINES = {
    "dress": [(40, 10), (56, 10), (60, 50), (76, 134), (20, 134), (36, 50)],
    "shirt": [(34, 30), (62, 30), (90, 60), (78, 74), (68, 62), (68, 120), (28, 120), (28, 62), (18, 74), (6, 60)],
}


def shot(outline="dress", color=RED, *, pattern="plain", background=WHITE):
    """uint8 [144, 96, 3]"""
    mask = Image.new("L", (96, 144))
    ImageDraw.Draw(mask).polygon(OUTLINES[outline], fill=255)
    picture = Image.new("RGB", mask.size, background)
    picture.paste(cloth(color, pattern), mask=mask)
    return np.asarray(picture)


def cloth(color, pattern, width=96, height=144):
    """Plain; stripes that lie across; or dots: of the color and of white."""
    down, across = np.mgrid[:height, :width]
    light = {
        "plain": np.zeros((height, width), dtype=bool),
        "stripes": down // 4 % 2 == 1,
        "fine stripes": down // 2 % 2 == 1,
        "dots": (down % 9 - 4) ** 2 + (across % 9 - 4) ** 2 <= 6,
        "small dots": (down % 7 - 3) ** 2 + (across % 7 - 3) ** 2 <= 4,
    }[pattern]
    return Image.fromarray(np.where(light[..., np.newaxis], 240, color).astype(np.uint8))


def file(pixels, kind="JPEG", mode="RGB", **options):
    """The bytes of a file."""
    written = io.BytesIO()
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    image = image.quantize() if mode == "P" else image.convert(mode)
    image.save(written, kind, **options)
    return written.getvalue()
