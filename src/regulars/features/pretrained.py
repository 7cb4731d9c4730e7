"""Pretrained networks: where their folder is, what names their weights, and how transformers is kept quiet."""

import hashlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from regulars.core.errors import MissingExtra, SettingError

if TYPE_CHECKING:
    import torch

CONFIG: Final = "config.json"
_WEIGHTS: Final = ("*.safetensors", "pytorch_model*.bin")  # the first kind that is there counts
_SAYS: Final = (  # what else decides the vectors
    CONFIG,
    "modules.json",
    "sentence_bert_config.json",
    "preprocessor_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.*",
    "merges.txt",
    "*.model",
    "[0-9]*_*/config.json",
    "[0-9]*_*/*.safetensors",
)


def folder_of(model: str, extra: str) -> Path:
    """The folder of a model in the format of transformers: a local one, or that of a name on the Hugging Face hub.

    A name is fetched once, into the hub's own cache; what is there needs no network. extra: what to install.
    Raises SettingError when there is neither, MissingExtra without transformers.
    """
    place = Path(model).expanduser()
    if place.is_dir():
        if not (place / CONFIG).is_file():
            raise SettingError(
                f"the folder {place} holds no model of transformers: there is no {CONFIG}. "
                "Name the folder that save_pretrained wrote"
            )
        if not _weights(place):
            raise SettingError(
                f"the folder {place} holds no weights: there is no *.safetensors and no pytorch_model.bin"
            )
        return place
    if place.exists() or place.is_absolute() or model.startswith((".", "~")) or model.count("/") > 1:
        raise SettingError(f"there is no model folder {place}; name one, or a model on the hub such as maker/name")
    if find_spec("transformers") is None:
        raise MissingExtra("transformers", extra)
    return _fetched(model)


def _fetched(model: str) -> Path:
    from huggingface_hub import snapshot_download

    try:
        found = Path(snapshot_download(model, local_files_only=True))
        if (found / CONFIG).is_file() and _weights(found):
            return found
    except (OSError, ValueError):
        pass  # not in the cache yet
    try:
        found = Path(snapshot_download(model, allow_patterns=[*_SAYS, _WEIGHTS[0]]))
        return found if _weights(found) else Path(snapshot_download(model, allow_patterns=[*_SAYS, _WEIGHTS[1]]))
    except (OSError, ValueError) as error:  # what the hub raises are such, too
        raise SettingError(
            f"there is no folder {model}, and no model of that name could be fetched from the hub: "
            f"{str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__}. "
            "Check the name and the network, or name a local folder"
        ) from error


def digest_of(folder: Path) -> str:
    """16 hex digits that change with the weights, the tokenizer or the settings of a model, not with its place."""
    files = sorted({file for pattern in _SAYS for file in folder.glob(pattern)} | set(_weights(folder)))
    stamps = tuple((str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in files)
    return _digest(str(folder), stamps)


@lru_cache(maxsize=64)
def _digest(folder: str, stamps: tuple[tuple[str, int, int], ...]) -> str:
    """The files are read once for each process, as long as their sizes and times stay."""
    digest = hashlib.sha256()
    for name, _, _ in stamps:
        with Path(name).open("rb") as file:
            inner = hashlib.file_digest(file, "sha256").digest()
        digest.update(Path(name).relative_to(folder).as_posix().encode() + b"\0" + inner)
    return digest.hexdigest()[:16]


def _weights(folder: Path) -> list[Path]:
    return next((found for pattern in _WEIGHTS if (found := sorted(folder.glob(pattern)))), [])


def half(device: "torch.device") -> bool:
    """Whether this device multiplies bfloat16 natively: CPUs with AMX, GPUs that say so."""
    import torch

    if device.type == "cpu":
        told = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}  # since torch 2.11
        return bool(told.get("amx_bf16"))
    return device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)


@contextmanager
def silenced() -> Iterator[None]:
    """transformers draws no bars and tells no tales while this lasts."""
    from transformers.utils import logging as told

    level, bars = told.get_verbosity(), told.is_progress_bar_enabled()
    told.set_verbosity(logging.ERROR)
    told.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        told.set_verbosity(level)
        if bars:
            told.enable_progress_bar()  # type: ignore[no-untyped-call]
