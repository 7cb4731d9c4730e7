"""Pictures: the bytes or the file of one as red, green and blue, whatever it is; or the reason why not."""

import io
import logging
import warnings
from collections.abc import Sequence
from pathlib import Path
from stat import S_ISREG
from types import ModuleType
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from regulars.core.errors import MissingExtra, UnreadableFile

from .encoders import Content

if TYPE_CHECKING:
    from PIL.Image import Image, Transpose

Pixels = npt.NDArray[np.uint8]
"""A picture; uint8 [height, width, 3]."""

FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF")  # of others pillow runs programs, or opens what no shop shows
LEAST: Final = 8  # pixels of a side: less is a placeholder, not a picture
MOST: Final = 50_000_000  # pixels in memory, some 350 MB while it is opened; of a JPEG an eighth of each side is read
HEAVIEST: Final = 200_000_000  # bytes of a file
ORIENTATION: Final = 0x112  # the tag of EXIF

log = logging.getLogger(__name__)


def read_picture(content: Content, within: int) -> Pixels:
    """The picture, turned as it was meant to be seen, on white, no side longer than `within`; uint8 [h, w, 3].

    Of an animation the first frame; a JPEG is reduced while it is decoded, to no less than `within`. Raises
    UnreadableFile, which says why, for whatever cannot be read: no picture, damaged or cut off, smaller than LEAST,
    larger than MOST.
    """
    return np.asarray(open_picture(content, within))


def open_picture(content: Content, within: int) -> "Image":
    """As `read_picture`, as an image of pillow."""
    if content is None or content == b"" or content == "":
        raise UnreadableFile("there is no picture")
    name = "the picture" if isinstance(content, bytes) else str(content)
    data = content if isinstance(content, bytes) else _bytes_of(Path(content))
    pillow = _pillow()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about odd metadata and large sizes; sizes are looked at below
            return _opened(io.BytesIO(data), name, within)
    except UnreadableFile:
        raise
    except pillow.UnidentifiedImageError:
        raise UnreadableFile(f"{name} is not a picture that can be read ({', '.join(FORMATS)})") from None
    except pillow.Image.DecompressionBombError:
        raise UnreadableFile(f"{name} has far more than {MOST:,} pixels; make it smaller") from None
    except Exception as error:  # a decoder raises anything on bytes that somebody damaged or made up
        log.debug("%s cannot be decoded", name, exc_info=True)
        raise UnreadableFile(f"{name} is damaged or cut off ({error})") from error


def trouble(content: Content) -> str:
    """Why the picture cannot be read; empty when it can."""
    try:
        open_picture(content, LEAST)
    except UnreadableFile as error:
        return str(error)
    return ""


def readable(contents: Sequence[Content], within: int) -> tuple[list[int], list["Image"]]:
    """The places of the contents that can be read, and their pictures."""
    rows: list[int] = []
    images: list[Image] = []
    for row, content in enumerate(contents):
        try:
            images.append(open_picture(content, within))
        except UnreadableFile:
            continue
        rows.append(row)
    return rows, images


def _pillow() -> ModuleType:
    try:
        import PIL.Image
    except ImportError as error:
        raise MissingExtra("pillow", "image") from error
    return PIL


def _bytes_of(path: Path) -> bytes:
    web = [place for place, part in enumerate(path.parts) if part in ("http:", "https:")]  # behind a folder, too
    if web:
        address = path.parts[web[0]] + "//" + "/".join(path.parts[web[0] + 1 :])
        raise UnreadableFile(f"{address} is an address; download it, and give the path of the file")
    try:
        told = path.stat()
        if not S_ISREG(told.st_mode):  # a folder, or a pipe that would never end
            raise UnreadableFile(f"{path} is not a file")
        if told.st_size > HEAVIEST:
            raise UnreadableFile(f"{path} has {told.st_size:,} bytes, more than {HEAVIEST:,}")
        return path.read_bytes()
    except (OSError, ValueError) as error:
        raise UnreadableFile(f"{path} cannot be opened: {getattr(error, 'strerror', None) or error}") from error


def _opened(source: io.BytesIO, name: str, within: int) -> "Image":
    from PIL import Image

    with Image.open(source, formats=FORMATS) as image:
        if min(image.size) < LEAST:
            raise UnreadableFile(f"{name} has {image.width} x {image.height} pixels: too small to show anything")
        image.draft(None, (within, within))  # a JPEG: a half, a quarter or an eighth, still at least so large
        if image.width * image.height > MOST:
            raise UnreadableFile(
                f"{name} has {image.width * image.height:,} pixels, more than {MOST:,}; make it smaller"
            )
        turn = _turn(image)
        seen = _flat(image)
    shorter = within / max(seen.size)
    if shorter < 1:
        size = (max(1, round(seen.width * shorter)), max(1, round(seen.height * shorter)))
        seen = seen.resize(size, reducing_gap=2.0)
    return seen if turn is None else seen.transpose(turn)


def _turn(image: "Image") -> "Transpose | None":
    """How the camera was held, if the picture says so."""
    from PIL.Image import Transpose

    turns = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
    try:
        return turns.get(image.getexif().get(ORIENTATION, 1))
    except Exception:  # the picture is whole, what the camera wrote about it is not
        log.debug("odd EXIF", exc_info=True)
        return None


def _flat(image: "Image") -> "Image":
    """In red, green and blue, on white."""
    from PIL import Image

    if image.mode[:1] in ("I", "F"):  # 16 bits of gray
        wide = np.clip(np.nan_to_num(np.asarray(image, dtype=np.float64)) / 257, 0, 255)
        return Image.fromarray(wide.astype(np.uint8)).convert("RGB")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGB", image.size, "white")
        white.paste(image, mask=image.getchannel("A"))
        return white
    return image.convert("RGB")
