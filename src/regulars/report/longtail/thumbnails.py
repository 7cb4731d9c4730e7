"""Thumbnails: pictures of products small enough to stand inside of a page."""

import base64
import io
from pathlib import Path
from typing import Final

from .goods import Picture

SIDE: Final = 112  # pixels of the longer side
_SMALL: Final = 12_000  # bytes of a picture that may stand in a page as it is, where it cannot be made smaller
_KINDS: Final = ((b"\xff\xd8\xff", "jpeg"), (b"\x89PNG", "png"), (b"GIF8", "gif"), (b"RIFF", "webp"))


def thumbnail(picture: Picture) -> str:
    """A data: address of the picture, "" when there is none or it cannot be read.

    Made small with pillow (extra `image`); without it only what is small already is shown.
    """
    data = _read(picture)
    if not data:
        return ""
    try:
        from PIL import Image
    except ImportError:
        return _address(data) if len(data) <= _SMALL else ""
    try:
        with Image.open(io.BytesIO(data)) as image:
            image.draft("RGB", (SIDE, SIDE))
            small = image.convert("RGBA" if "A" in image.getbands() or "transparency" in image.info else "RGB")
            small.thumbnail((SIDE, SIDE))
            if small.mode == "RGBA":
                ground = Image.new("RGB", small.size, "white")
                ground.paste(small, mask=small.getchannel("A"))
                small = ground
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        return ""
    made = io.BytesIO()
    small.save(made, "JPEG", quality=72, optimize=True)
    return _address(made.getvalue())


def _read(picture: Picture) -> bytes:
    if not isinstance(picture, Path):
        return picture or b""
    try:
        return picture.read_bytes()
    except OSError:
        return b""


def _address(data: bytes) -> str:
    kind = next((name for head, name in _KINDS if data.startswith(head)), "")
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}" if kind else ""
