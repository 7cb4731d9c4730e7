"""The embedded descriptor of pictures: color, texture and shape, without weights to download; pillow and numpy."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, Literal, final

import numpy as np

from regulars.core import Bools, Floats, Ints, Settings, floats, setting
from regulars.core.errors import UnreadableFile

from .encoders import Content, ContentEncoder
from .gradients import DIRECTIONS, PATTERNS, STRENGTHS, oriented, patterns, textured
from .perceived_color import codes_of, perceived, shades, shares_of
from .pictures import open_picture
from .product_shot import Product

if TYPE_CHECKING:
    from PIL.Image import Image

VERSION: Final = 1  # of what is computed: a change makes other vectors
WITHIN: Final = 144  # pixels of the longer side that are looked at
NARROWEST: Final = 12  # a narrower picture is stretched, so that there is something inside of it at each scale
BRIGHTER: Final = 4  # of 255: a smaller difference is grain
CELL: Final = 8
ROWS, COLUMNS = 6, 5  # cells of the shape
GRID: Final = 4  # rows and columns of places whose mean color counts
SILHOUETTE: Final = (8, 10)
_GRAY: Final = np.array([52, 0, 0], dtype=np.float32)


@final
@dataclass(frozen=True)
class PictureDescriptor(Settings, ContentEncoder):
    """Color, texture and shape of a product, each a part of the vector of a length that is set here.

    Color: how much of each shade there is, and the mean color of places. Texture: local patterns, strengths and
    directions of change, inside of the product. Shape: directions of edges over a grid on the product's box, and its
    outline. A plain background, as product shots have it, is told by the border and left out. The vector has length 1.
    """

    reads: ClassVar[Literal["text", "picture"]] = "picture"

    color: float = setting(1.0, low=0.0, high=10.0)
    texture: float = setting(0.7, low=0.0, high=10.0)
    shape: float = setting(1.0, low=0.0, high=10.0)

    @property
    def identity(self) -> str:
        return f"descriptor {VERSION}: color {self.color}, texture {self.texture}, shape {self.shape}"

    @property
    def width(self) -> int:
        return sum(self.widths)

    @property
    def widths(self) -> tuple[int, int, int]:
        """Of the parts of color, texture and shape, in this order."""
        color = shades().shape[1] + 6 + 3 * GRID * GRID
        texture = 2 * PATTERNS + 2 * (STRENGTHS + DIRECTIONS)
        return color, texture, ROWS * COLUMNS * DIRECTIONS + SILHOUETTE[0] * SILHOUETTE[1] + 3

    def encode(self, contents: Sequence[Content]) -> Floats:
        vectors = np.full((len(contents), self.width), np.nan, dtype=np.float32)
        for row, content in enumerate(contents):
            with suppress(UnreadableFile):
                vectors[row] = self._described(open_picture(content, WITHIN))
        return vectors

    def _described(self, image: "Image") -> Floats:
        """The vector of one picture; float32 [width]."""
        if min(image.size) < NARROWEST:
            image = image.resize((max(image.width, NARROWEST), max(image.height, NARROWEST)))
        small = np.asarray(image.reduce(2))
        codes = codes_of(small)
        colors = perceived()[codes]
        product = Product.of(colors)
        light = image.convert("L")
        parts = (_color(codes, colors, product), _texture(light, product), _shape(light, product))
        weights = (self.color, self.texture, self.shape)
        return _unit(np.concatenate([_unit(part) * weight for part, weight in zip(parts, weights, strict=True)]))


def _color(codes: Ints, colors: Floats, product: Product) -> Floats:
    """Shades, mean and deviation of the colors, and the mean color of each place of a grid on the product's box."""
    left, top, right, bottom = product.box
    weights, inside = product.weights[top:bottom, left:right], colors[top:bottom, left:right]
    scaled = (inside - _GRAY) / np.float32(50)
    weighed = np.dstack([scaled * weights[..., np.newaxis], weights])
    rows, columns = (np.minimum(np.arange(GRID) * size // GRID, size - 1) for size in weights.shape)
    places = np.add.reduceat(np.add.reduceat(weighed, rows, axis=0), columns, axis=1)
    total = places[..., 3].sum()
    mean = places[..., :3].sum(axis=(0, 1)) / total
    deviation = np.sqrt(((scaled - mean) ** 2 * weights[..., np.newaxis]).sum(axis=(0, 1)) / total)
    means = places[..., :3] / np.maximum(places[..., 3:], 1e-3) * (places[..., 3:] > 0.05)
    shades = _unit(np.sqrt(shares_of(codes, product.weights)))
    return floats(np.concatenate([shades, mean, deviation, 0.25 * means.ravel()]))


def _texture(light: "Image", product: Product) -> Floats:
    """Patterns at full and half size, strengths and directions of change at half and quarter size, in the product."""
    half, quarter = light.reduce(2), light.reduce(4)
    inner = _inner(product.outline > 0.5)
    parts = [
        _unit(np.sqrt(patterns(np.asarray(light), _fitted(inner, light), BRIGHTER))),
        _unit(np.sqrt(patterns(np.asarray(half), _fitted(inner, half), BRIGHTER))),
        textured(np.asarray(half), _fitted(inner, half)),
        textured(np.asarray(quarter), _fitted(inner, quarter)),
    ]
    return floats(np.concatenate(parts))


def _inner(inside: Bools) -> Bools:
    """The inside without its edge, which says nothing of the cloth; everything when next to nothing is left."""
    inner = inside.copy()
    inner[1:-1, 1:-1] &= inside[:-2, 1:-1] & inside[2:, 1:-1] & inside[1:-1, :-2] & inside[1:-1, 2:]
    return inner if inner.sum() > 9 else np.ones_like(inside)


def _fitted(inside: Bools, image: "Image") -> Bools:
    """The inside at the size of an image less its border; bool [h - 2, w - 2]."""
    rows = np.arange(1, image.height - 1) * inside.shape[0] // image.height
    columns = np.arange(1, image.width - 1) * inside.shape[1] // image.width
    fitted: Bools = inside[rows][:, columns]
    return fitted


def _shape(light: "Image", product: Product) -> Floats:
    """Edges and outline on the box of the product, and how long, how full and how much of the picture it is."""
    from PIL import Image

    left, top, right, bottom = product.box
    height, width = product.outline.shape
    across, down = light.width / width, light.height / height
    box = (left * across, top * down, right * across, bottom * down)
    cut = light.resize((COLUMNS * CELL + 2, ROWS * CELL + 2), Image.Resampling.BILINEAR, box=box)
    outline = Image.fromarray(product.outline[top:bottom, left:right])
    silhouette = np.asarray(outline.resize(SILHOUETTE, Image.Resampling.BOX)).ravel()
    long, much = (bottom - top) / (right - left), (bottom - top) * (right - left) / (height * width)
    edges = _unit(oriented(np.asarray(cut), CELL))
    return floats(np.concatenate([edges, 0.15 * silhouette, [np.log(long), silhouette.mean(), much]]))


def _unit(vector: Floats) -> Floats:
    """The vector with length 1; zeros stay."""
    length = np.sqrt(vector @ vector)
    return floats(vector / length) if length > 0 else vector
