"""PictureModel: pictures as vectors by a pretrained network: ResNet, ConvNeXt, ViT, DINOv2, CLIP, SigLIP, ..."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, final

import numpy as np

from regulars.core import Floats, Settings, floats, setting
from regulars.core.errors import MissingExtra, SettingError

from .encoders import Content, ContentEncoder
from .pictures import readable
from .pretrained import digest_of, folder_of, half, silenced

if TYPE_CHECKING:
    import torch
    from PIL.Image import Image

VERSION: Final = 1  # of what becomes of a picture before the model sees it
BATCH: Final = 32
ROOM: Final = 3  # times the size that the model sees: a long picture still has its shorter side in full


@final
@dataclass(frozen=True)
class PictureModel(Settings, ContentEncoder):
    """A network of transformers, for pictures or for pictures and texts; vectors of length 1.

    model: a folder in the format of transformers, with its preprocessor_config.json, or a name on the Hugging Face hub,
    fetched once. The vector is what the network says of the whole picture: the projection of CLIP and SigLIP, what is
    pooled of convolutional networks, the first token of others. precision: of the products; "auto" is bfloat16 where
    the machine has it.

    device, threads (0: all cores): where it runs; they change no vector. Needs the extra `image`.
    """

    reads: ClassVar[Literal["text", "picture"]] = "picture"

    model: str
    precision: str = setting("auto", choices=("auto", "float32", "bfloat16"))
    device: str = "cpu"
    threads: int = 0

    @property
    def identity(self) -> str:
        said = f"pictures {VERSION}: {digest_of(self._folder)}"
        return said if self.precision == "auto" else f"{said}, {self.precision}"

    @property
    def width(self) -> int:
        return self._network.width

    def encode(self, contents: Sequence[Content]) -> Floats:
        """Raises SettingError for a model that cannot be loaded, MissingExtra without transformers or torch."""
        network = self._network
        vectors = np.full((len(contents), network.width), np.nan, dtype=np.float32)
        for start in range(0, len(contents), BATCH):
            rows, images = readable(contents[start : start + BATCH], network.within)
            if rows:
                vectors[start + np.array(rows)] = network.encode(images, self.threads)
        return vectors

    @cached_property
    def _folder(self) -> Path:
        return folder_of(self.model, "image")

    @cached_property
    def _network(self) -> "_Network":
        return _Network.load(self._folder, self.device, self.precision)


@dataclass(frozen=True)
class _Network:
    """A loaded model. module, processor: of transformers; pooled: whether its own pooling was learned."""

    module: Any
    processor: Any
    pooled: bool
    device: "torch.device"

    @classmethod
    def load(cls, folder: Path, device: str, precision: str) -> "_Network":
        try:
            import torch
            import transformers
        except ModuleNotFoundError as error:
            raise MissingExtra(error.name or "transformers", "image") from error
        # The processors of torchvision are left alone: its builds are often not made for the torch that is there.
        pillow = {"use_fast": False} if int(transformers.__version__.split(".")[0]) < 5 else {"backend": "pil"}
        try:
            where = torch.device(device)
            with silenced():
                processors: Any = transformers.AutoImageProcessor
                processor = processors.from_pretrained(folder, local_files_only=True, trust_remote_code=False, **pillow)
                module, told = transformers.AutoModel.from_pretrained(
                    folder, local_files_only=True, trust_remote_code=False, output_loading_info=True
                )
            exact = precision == "float32" or (precision == "auto" and not half(where))
            module = module.to(where, torch.float32 if exact else torch.bfloat16).eval()
        except (OSError, ValueError, KeyError, RuntimeError, ImportError) as error:
            reason = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
            raise SettingError(
                f"the picture model in {folder} cannot be loaded on {device}: {reason}. Is the folder whole (weights, "
                "config.json, preprocessor_config.json), and made for this version of transformers?"
            ) from error
        lost = sorted(told["missing_keys"])
        if others := [name for name in lost if "pooler" not in name]:
            raise SettingError(f"the weights in {folder} lack {len(others)} parts of the network, {others[0]} first")
        return cls(module, processor, not lost, where)

    @cached_property
    def within(self) -> int:
        """Pixels of the longer side that are read."""
        sizes: list[int] = []
        for name in ("size", "crop_size"):
            with suppress(AttributeError, TypeError, ValueError):
                sizes += [int(value) for value in dict(getattr(self.processor, name)).values() if value]
        return ROOM * max(sizes, default=224)

    @cached_property
    def width(self) -> int:
        from PIL import Image

        return int(self.encode([Image.new("RGB", (64, 64))], 0).shape[1])

    def encode(self, images: "list[Image]", threads: int) -> Floats:
        """Vectors of length 1; float32 [n, width]."""
        import torch
        from torch.nn.functional import normalize

        before = torch.get_num_threads()
        torch.set_num_threads(threads or before)
        try:
            pixels = self.processor(images=images, return_tensors="pt")["pixel_values"]  # [n, 3, h, w]
            with torch.inference_mode():
                said = self._said(pixels.to(self.device, self.module.dtype))
                return floats(normalize(said.float().flatten(1), dim=1).cpu().numpy())
        finally:
            torch.set_num_threads(before)

    def _said(self, pixels: "torch.Tensor") -> "torch.Tensor":
        """What the network says of each picture; [n, width], or [n, width, 1, 1]."""
        if hasattr(self.module, "get_image_features"):
            answer = self.module.get_image_features(pixel_values=pixels)
            found: torch.Tensor = getattr(answer, "pooler_output", answer)
            return found
        answer = self.module(pixel_values=pixels)
        pooled: torch.Tensor | None = getattr(answer, "pooler_output", None)
        if pooled is not None and self.pooled:
            return pooled
        last: torch.Tensor = answer.last_hidden_state
        return last.mean((2, 3)) if last.ndim == 4 else last[:, 0]
