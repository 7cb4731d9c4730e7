"""Product pictures that carry the taste: color and texture say who will like it, the shape says what it is."""

import struct
import zlib
from typing import Final

import numpy as np
import numpy.typing as npt

from regulars.core import Floats

from .words import TASTES

Pixels = npt.NDArray[np.uint8]

_SIDE: Final = 64  # pixels


def draw(tastes: Floats, category: int, item: int, side: int = _SIDE) -> Pixels:
    """The picture of one item; uint8 [side, side, 3].

    tastes [d]: the ground is the mean of the tastes' colors and striped by the main taste (its own angle and width);
    category: the shape; item: what makes the picture its own (place, size and light), drawn from this number.
    """
    random = np.random.default_rng([2, item])
    colors = np.array([color for _, color, _ in TASTES[: len(tastes)]], dtype=np.float64)
    order = np.argsort(-tastes, kind="stable")
    y, x = np.mgrid[0:side, 0:side] / (side - 1) * 2 - 1
    ground = colors.T @ (tastes / tastes.sum())
    angle, stripes = np.pi * order[0] / len(tastes), 3 + 2 * (order[0] % 4)
    wave = np.sin(stripes * np.pi * (x * np.cos(angle) + y * np.sin(angle)) + random.uniform(0, 6))
    canvas = ground * (1 + 0.18 * wave[..., None])
    middle, size = random.uniform(-0.15, 0.15, 2), random.uniform(0.5, 0.7)
    inside = _shape(category, (x - middle[0]) / size, (y - middle[1]) / size)
    front = 255 - 0.6 * (255 - colors[order[min(1, len(order) - 1)]])
    canvas = np.where(inside[..., None], front * random.uniform(0.85, 1.0), canvas)
    pixels: Pixels = np.clip(canvas, 0, 255).astype(np.uint8)
    return pixels


def png(pixels: Pixels) -> bytes:
    """`pixels` (uint8 [height, width, 3]) as a PNG file (RFC 2083), without an image library."""
    height, width, _ = pixels.shape
    rows = np.concatenate([np.zeros((height, 1), dtype=np.uint8), pixels.reshape(height, -1)], axis=1)
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(rows.tobytes(), 6)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(map(_chunk, parts))


def _chunk(part: tuple[bytes, bytes]) -> bytes:
    name, data = part
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _shape(category: int, x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Where the shape of a category is, in coordinates in which it fills -1 .. 1; every second six have a hole."""
    r = np.hypot(x, y)
    match category % 6:
        case 0:
            inside = r < 1
        case 1:
            inside = np.maximum(abs(x), abs(y)) < 0.85
        case 2:
            inside = (r < 1) & (np.sin(9 * r) > -0.2)
        case 3:
            inside = abs(x) + abs(y) < 1
        case 4:
            inside = (np.minimum(abs(x), abs(y)) < 0.3) & (np.maximum(abs(x), abs(y)) < 1)
        case _:
            inside = r < 0.65 + 0.35 * np.cos((3 + category // 6) * np.arctan2(y, x))
    return inside & (r > 0.25) if category // 6 % 2 else inside
