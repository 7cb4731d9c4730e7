"""ContentEncoder: what turns texts or pictures into vectors, each by itself, so that every content is encoded once."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Literal

from regulars.core import Floats

Content = str | bytes | Path | None
"""A text; or a picture, as the bytes of its file or as the path to it; None: there is none."""


class ContentEncoder(ABC):
    """Abstract: a frozen dataclass of settings; the vector of a content depends on nothing but it and the content."""

    reads: ClassVar[Literal["text", "picture"]]
    """What it is asked about; of pictures a text is the path."""

    @property
    @abstractmethod
    def identity(self) -> str:
        """Names the encoder, its settings and its weights: equal identities give equal vectors, but for rounding."""

    @property
    @abstractmethod
    def width(self) -> int:
        """Of the vectors."""

    @abstractmethod
    def encode(self, contents: Sequence[Content]) -> Floats:
        """The vector of each content; float32 [n, width], a NaN row for what is missing or cannot be read."""
