"""OnnxPictures: pictures as vectors by any model in the ONNX format, without torch."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, final

import numpy as np

from regulars.core import Floats, Settings, floats, setting
from regulars.core.errors import MissingExtra, SettingError

from .encoders import Content, ContentEncoder
from .pictures import readable

if TYPE_CHECKING:
    from PIL.Image import Image

VERSION: Final = 1
BATCH: Final = 32
SIDE: Final = 224  # pixels, of a model that does not say
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet, which most models were taught on
_WANTED: Final = ("image_embeds", "pooler_output")  # outputs that mean the whole picture, where several are given
_TYPES: Final = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(uint8)": np.uint8}


@final
@dataclass(frozen=True)
class OnnxPictures(Settings, ContentEncoder):
    """A model that takes pictures, [n, 3, h, w] or [n, h, w, 3], run by onnxruntime; vectors of length 1.

    path: of FILE.onnx. side: of the square that it sees, for a model that takes any; 0: 224. fit: "pad" shows the whole
    picture on white, "crop" its middle. mean, deviation: that colors in [0, 1] are taken less, and by; those of a
    preprocessor_config.json beside the file come first. output: which one is the vector; "": image_embeds,
    pooler_output, or the first. Of tokens [n, tokens, d] the first is taken, of places [n, d, h, w] the mean.

    threads (0: all cores) changes no vector. Needs the extra `image`.
    """

    reads: ClassVar[Literal["text", "picture"]] = "picture"

    path: str
    side: int = setting(0, low=0, high=4096)
    fit: str = setting("pad", choices=("pad", "crop"))
    mean: tuple[float, float, float] = MEAN
    deviation: tuple[float, float, float] = DEVIATION
    output: str = ""
    threads: int = 0

    @cached_property
    def _identity(self) -> str:
        try:
            with Path(self.path).open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()[:16]
        except OSError as error:
            raise SettingError(f"the ONNX model {self.path} cannot be read: {error.strerror}") from error
        colors = " ".join(f"{value:g}" for part in self._colors for value in part)
        return f"onnx {VERSION}: {digest}, {self.fit} {self.side}, {colors}, {self.output}"

    @property
    def identity(self) -> str:
        return self._identity

    @property
    def width(self) -> int:
        return self._width

    def encode(self, contents: Sequence[Content]) -> Floats:
        """Raises SettingError for a model that cannot be loaded or takes something else, MissingExtra."""
        vectors = np.full((len(contents), self.width), np.nan, dtype=np.float32)
        batch = min(BATCH, self._model.batch or BATCH)
        for start in range(0, len(contents), batch):
            rows, images = readable(contents[start : start + batch], 3 * max(self._model.size))
            if rows:
                vectors[start + np.array(rows)] = self._run(images)
        return vectors

    @cached_property
    def _width(self) -> int:
        from PIL import Image

        return int(self._run([Image.new("RGB", (64, 64))]).shape[1])

    @cached_property
    def _colors(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        page = Path(self.path).with_name("preprocessor_config.json")
        try:
            told = json.loads(page.read_bytes()) if page.is_file() else {}
            mean, deviation = told.get("image_mean") or self.mean, told.get("image_std") or self.deviation
            return tuple(map(float, mean)), tuple(map(float, deviation))
        except (OSError, ValueError, TypeError, AttributeError) as error:
            raise SettingError(f"{page} cannot be read ({error}); mend it, or take it away") from error

    @cached_property
    def _model(self) -> "_Model":
        return _Model.load(self.path, self.side or SIDE, self.output, self.threads)

    def _run(self, images: "list[Image]") -> Floats:
        from PIL import Image, ImageOps

        model = self._model
        height, width = model.size
        way = Image.Resampling.BICUBIC
        fitted = [
            ImageOps.fit(image, (width, height), way)
            if self.fit == "crop"
            else ImageOps.pad(image, (width, height), way, color="white")
            for image in images
        ]
        pixels = np.stack([np.asarray(image) for image in fitted])
        if model.type is not np.uint8:
            mean, deviation = (np.array(part, dtype=np.float32) for part in self._colors)
            pixels = ((pixels.astype(np.float32) / 255 - mean) / deviation).astype(model.type)
        said = model.run(pixels if model.last else np.ascontiguousarray(pixels.transpose(0, 3, 1, 2)))
        said = said.mean(axis=(2, 3)) if said.ndim == 4 else said[:, 0] if said.ndim == 3 else said
        lengths = np.sqrt((said**2).sum(axis=1, keepdims=True))
        return floats(said / np.where(lengths > 0, lengths, 1))


@dataclass(frozen=True)
class _Model:
    """A loaded model. size: height and width that it sees; last: whether colors come last; batch: 0 for any."""

    session: Any
    size: tuple[int, int]
    last: bool
    type: Any
    batch: int
    output: str

    @classmethod
    def load(cls, path: str, side: int, output: str, threads: int) -> "_Model":
        try:
            import onnxruntime  # type: ignore[import-untyped]
        except ModuleNotFoundError as error:
            raise MissingExtra("onnxruntime", "image") from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.log_severity_level = threads, 3
        try:
            session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # what onnxruntime raises has no class of its own in common
            reason = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
            raise SettingError(f"{path} cannot be loaded as an ONNX model: {reason}") from error
        first, *others = session.get_inputs()
        if others or len(first.shape) != 4 or first.type not in _TYPES:
            given = ", ".join(f"{one.name} {one.type} {one.shape}" for one in (first, *others))
            raise SettingError(f"{path} needs one input, a batch of pictures [n, 3, h, w]; it takes {given}")
        dims = [dim if isinstance(dim, int) and dim > 0 else 0 for dim in first.shape]
        last = dims[3] == 3 and dims[1] != 3
        height, width = dims[1:3] if last else dims[2:4]
        names = [one.name for one in session.get_outputs()]
        if output and output not in names:
            raise SettingError(f"{path} has no output {output!r}; it has {', '.join(names)}")
        wanted = output or next((name for name in _WANTED if name in names), names[0])
        return cls(session, (height or side, width or side), last, _TYPES[first.type], dims[0], wanted)

    def run(self, pixels: np.ndarray) -> Floats:
        """What the model says; float32 [n, ...]. A batch that is too small for it is filled up."""
        missing = max(0, self.batch - len(pixels))
        filled = np.concatenate([pixels, np.repeat(pixels[:1], missing, axis=0)]) if missing else pixels
        said = self.session.run([self.output], {self.session.get_inputs()[0].name: filled})[0]
        return floats(said)[: len(pixels)]
