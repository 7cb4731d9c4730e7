"""AttributeEncoder: a picture as what it shows of the shop's own attributes, told by a network that learned them."""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, final

import numpy as np
import polars as pl

from regulars.core import Floats, Frame, Longs, floats
from regulars.core.errors import CannotWrite, DamagedModel, ForeignModel, MissingExtra

from .encoders import Content, ContentEncoder
from .pictures import Pixels, readable

if TYPE_CHECKING:
    from .picture_network import PictureNetwork

PAGE: Final = "picture_attributes.json"
FORMAT: Final = "regulars picture attributes"
VERSION: Final = 1
BATCH: Final = 128


@dataclass(frozen=True)
class NetworkShape:
    """Of a `PictureNetwork`. height, width: of the pictures in pixels; classes: of each attribute.

    channels: of the first layer, 0: no convolutions; beside: width of the vectors beside the pictures, 0: none.
    """

    height: int
    width: int
    classes: tuple[int, ...]
    channels: int = 24
    embedding: int = 32
    hidden: int = 256
    beside: int = 0


@dataclass(frozen=True)
class Attribute:
    """One that the network tells: its values, and how often it is right about pictures that it did not learn from.

    majority: how often the most frequent value would have been right about them; None: there are none.
    """

    name: str
    values: tuple[str, ...]
    accuracy: float | None = None
    majority: float | None = None


@final
@dataclass(frozen=True, eq=False)
class AttributeEncoder(ContentEncoder):
    """The embeddings before the heads of all attributes, one after another, each of the same length; together 1.

    weights: arrays by name; beside: the encoder whose vectors the network reads beside the pictures, if any, which is
    called `named` (as `picture_encoder` takes it). Made by `models.PictureAttributes`, kept by `save`. Needs the extra
    `deep`.
    """

    reads: ClassVar[Literal["text", "picture"]] = "picture"

    shape: NetworkShape
    attributes: tuple[Attribute, ...]
    weights: dict[str, np.ndarray]
    beside: ContentEncoder | None = None
    named: str = ""

    @property
    def identity(self) -> str:
        return self._identity

    @cached_property
    def _identity(self) -> str:
        digest = hashlib.sha256(json.dumps(asdict(self.shape)).encode())
        for name, array in sorted(self.weights.items()):
            digest.update(name.encode() + np.ascontiguousarray(array).tobytes())
        return f"attributes {VERSION}: {digest.hexdigest()[:16]}" + (
            f", beside {self.beside.identity}" if self.beside else ""
        )

    @property
    def width(self) -> int:
        return len(self.attributes) * self.shape.embedding

    def encode(self, contents: Sequence[Content]) -> Floats:
        torch = _torch()
        vectors = np.full((len(contents), self.width), np.nan, dtype=np.float32)
        with torch.inference_mode():
            for rows, embeddings in self._embedded(contents):
                vectors[rows] = (embeddings.flatten(1) * len(self.attributes) ** -0.5).numpy()
        return vectors

    def guess(self, contents: Sequence[Content]) -> Frame:
        """The likeliest value of each attribute and, as NAME_chance, how likely; null for what cannot be read."""
        torch = _torch()
        values = np.full((len(contents), len(self.attributes)), -1, dtype=np.int64)
        chances = np.full(values.shape, np.nan, dtype=np.float32)
        with torch.inference_mode():
            for rows, embeddings in self._embedded(contents):
                for place, logits in enumerate(self._network.logits(embeddings)):
                    likely = logits.softmax(1).max(1)
                    values[rows, place], chances[rows, place] = likely.indices.numpy(), likely.values.numpy()
        columns: dict[str, pl.Series] = {}
        for place, attribute in enumerate(self.attributes):
            named = pl.Series([*attribute.values, None], dtype=pl.String)
            columns[attribute.name] = named.gather(
                np.where(values[:, place] < 0, len(attribute.values), values[:, place])
            )
            columns[f"{attribute.name}_chance"] = pl.Series(chances[:, place], nan_to_null=True)
        return pl.DataFrame(columns)

    def save(self, folder: str | Path) -> None:
        """Writes the encoder into a folder: one page of JSON, one file of arrays. Raises CannotWrite."""
        from safetensors.numpy import save

        folder, content = (
            Path(folder),
            save({name: np.ascontiguousarray(array) for name, array in self.weights.items()}),
        )
        checksum = hashlib.sha256(content).hexdigest()
        told = [asdict(attribute) for attribute in self.attributes]
        page = {
            "format": FORMAT,
            "version": VERSION,
            "shape": asdict(self.shape),
            "attributes": told,
            "arrays": checksum,
        }
        page |= {"beside": self.named, "beside_identity": self.beside.identity if self.beside else ""}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _put(folder / _name(checksum), content)
            _put(folder / PAGE, json.dumps(page, indent=1).encode())
            for older in set(folder.glob(_name("*"))) - {folder / _name(checksum)}:
                older.unlink()
        except OSError as error:
            raise CannotWrite(f"the picture encoder cannot be written to {folder}: {error}") from error

    @classmethod
    def load(cls, folder: str | Path, encoder_of: Callable[[str], ContentEncoder]) -> "AttributeEncoder":
        """The encoder in a folder, as `picture_encoder` gives it. encoder_of: what makes the one beside of its name.

        Raises ForeignModel when there is none, DamagedModel when a byte was changed.
        """
        from safetensors import SafetensorError
        from safetensors.numpy import load

        page, path = _page(Path(folder) / PAGE), Path(folder)
        try:
            arrays = path / _name(page["arrays"])
            content = arrays.read_bytes() if arrays.is_file() else b""
            if hashlib.sha256(content).hexdigest() != page["arrays"]:
                raise DamagedModel(f"{arrays} is missing or not as it was written; save the encoder again")
            shape = NetworkShape(**{**page["shape"], "classes": tuple(page["shape"]["classes"])})
            attributes = tuple(Attribute(**{**told, "values": tuple(told["values"])}) for told in page["attributes"])
            beside = encoder_of(page["beside"]) if page["beside"] else None
            encoder = cls(shape, attributes, load(content), beside, page["beside"])
        except (KeyError, TypeError, SafetensorError) as error:
            raise DamagedModel(f"{path / PAGE} cannot be read ({error}); save the encoder again") from error
        found = beside.identity if beside else ""
        if found != page["beside_identity"]:
            raise ForeignModel(
                f"the network in {path} was taught beside {page['beside_identity']!r}; here is {found!r}. "
                "Teach it again"
            )
        return encoder

    @cached_property
    def _network(self) -> "PictureNetwork":
        torch = _torch()
        from .picture_network import PictureNetwork

        network = PictureNetwork(self.shape)
        try:
            network.load_state_dict({name: torch.from_numpy(np.array(array)) for name, array in self.weights.items()})
        except RuntimeError as error:
            raise DamagedModel("the weights of the picture encoder are not of its shape; save it again") from error
        return network.eval().requires_grad_(False)

    def _embedded(self, contents: Sequence[Content]) -> Iterator[tuple[Longs, Any]]:
        torch = _torch()
        network = self._network
        for start in range(0, len(contents), BATCH):
            read = seen(contents[start : start + BATCH], (self.shape.width, self.shape.height), self.beside)
            if len(read.rows):
                yield start + read.rows, network(torch.from_numpy(read.pixels), torch.from_numpy(read.beside))


@dataclass(frozen=True)
class Seen:
    """The pictures that can be read, as the network takes them.

    rows: int64 [n], their places; pixels: uint8 [n, height, width, 3]; beside: float32 [n, beside].
    """

    rows: Longs
    pixels: Pixels
    beside: Floats


def seen(contents: Sequence[Content], size: tuple[int, int], beside: ContentEncoder | None) -> Seen:
    """Each picture, whole, in the middle of a white field; size: its width and height."""
    from PIL import Image, ImageOps

    places, images = readable(contents, max(size))
    rows = np.array(places, dtype=np.int64)
    pixels = np.empty((len(rows), size[1], size[0], 3), dtype=np.uint8)
    for row, image in enumerate(images):
        pixels[row] = np.asarray(ImageOps.pad(image, size, Image.Resampling.BILINEAR, color="white"))
    others = np.zeros((len(rows), 0), dtype=np.float32)
    if beside is not None and len(rows):
        others = beside.encode([contents[row] for row in places])
        there = ~np.isnan(others).any(axis=1)
        rows, pixels, others = rows[there], pixels[there], others[there]
    return Seen(rows, pixels, floats(others))


def _torch() -> Any:
    try:
        import torch
    except ModuleNotFoundError as error:
        raise MissingExtra("torch", "deep") from error
    return torch


def _name(checksum: str) -> str:
    return f"weights-{checksum[:16]}.safetensors"


def _put(path: Path, content: bytes) -> None:
    """Whole or not at all."""
    scratch = path.with_name(f".writing-{path.name}")
    scratch.write_bytes(content)
    scratch.replace(path)


def _page(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise ForeignModel(f"{path.parent} holds no picture encoder: there is no {PAGE}")
    try:
        page = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise DamagedModel(f"{path} cannot be read ({error}); save the encoder again") from error
    if not isinstance(page, dict) or page.get("format") != FORMAT or page.get("version") != VERSION:
        raise ForeignModel(f"{path} is no picture encoder that this release reads")
    return page
