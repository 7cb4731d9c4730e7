"""picture_encoder: the encoder of pictures that a name stands for, as regulars.toml and the command line write it."""

from pathlib import Path
from typing import Final

from regulars.core.errors import SettingError

from .attribute_encoder import PAGE, AttributeEncoder
from .descriptor import PictureDescriptor
from .encoders import ContentEncoder
from .onnx_pictures import OnnxPictures
from .picture_models import PictureModel

DESCRIPTOR: Final = "descriptor"


def picture_encoder(name: str = DESCRIPTOR) -> ContentEncoder:
    """ "descriptor": color, texture and shape, without weights; a folder that `PictureAttributes` taught; FILE.onnx; a
    folder of transformers, or the name of a model on its hub.

    Raises SettingError when there is none of the name, DamagedModel or ForeignModel for what cannot be loaded.
    """
    if name in ("", DESCRIPTOR):
        return PictureDescriptor()
    path = Path(name).expanduser()
    if path.suffix.lower() == ".onnx":
        if not path.is_file():
            raise SettingError(f"there is no file {path}; give the path of an ONNX model")
        return OnnxPictures(str(path))
    if (path / PAGE).is_file():
        return AttributeEncoder.load(path, picture_encoder)
    return PictureModel(name)
