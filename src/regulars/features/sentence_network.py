"""SentenceNetwork: a loaded sentence model, which makes vectors of length 1 of texts."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from regulars.core import Floats
from regulars.core.errors import MissingExtra, SettingError

from .pretrained import half, silenced
from .sentence_folder import SentenceFolder

if TYPE_CHECKING:
    import torch

BATCH: Final = 4096  # tokens computed at a time, the filling ones included


@dataclass(frozen=True)
class SentenceNetwork:
    """network, tokenizer: of transformers; layers after pooling: matrix [out, in], bias [out], whether tanh follows."""

    network: Any
    tokenizer: Any
    poolings: tuple[str, ...]
    layers: tuple[tuple[Floats, Floats, bool], ...]
    device: "torch.device"

    @classmethod
    def load(cls, folder: SentenceFolder, device: str, precision: str) -> "SentenceNetwork":
        """Raises SettingError for what is no whole model, MissingExtra without transformers or torch."""
        try:
            import torch
            from safetensors import SafetensorError
            from transformers import AutoModel, AutoTokenizer
        except ModuleNotFoundError as error:
            raise MissingExtra(error.name or "transformers", "text") from error
        try:
            where = torch.device(device)
            local = {"local_files_only": True, "trust_remote_code": False}  # no code of the folder is run
            with silenced():
                tokenizer = AutoTokenizer.from_pretrained(folder.path, **local)
                network, told = AutoModel.from_pretrained(folder.path, output_loading_info=True, **local)
            if lost := [name for name in told["missing_keys"] if "pooler" not in name]:
                raise ValueError(f"its file lacks the weights {', '.join(sorted(lost)[:3])}")
            exact = precision == "float32" or (precision == "auto" and not half(where))
            network = network.to(where, torch.float32 if exact else torch.bfloat16).eval()
            layers = tuple(layer.weights() for layer in folder.layers)
        except (OSError, ValueError, KeyError, RuntimeError, ImportError, SafetensorError) as error:
            raise SettingError(
                f"the sentence model in {folder.path} cannot be loaded on {device}: {_first_line(error)}. Is the "
                "folder whole, and made for this version of transformers?"
            ) from error
        if tokenizer.pad_token is None:
            tokenizer.pad_token = tokenizer.eos_token
        return cls(network, tokenizer, folder.poolings, layers, where)

    def encode(self, texts: list[str], length: int) -> Floats:
        """The vectors of texts of which `length` tokens are read; float32 [n, width]."""
        tokens = self.tokenizer(texts, truncation=True, max_length=length, return_attention_mask=False)["input_ids"]
        order = sorted(range(len(texts)), key=lambda row: -len(tokens[row]))  # those of one length go together
        pooled = np.concatenate([self._batch([tokens[row] for row in rows]) for rows in _batches(order, tokens)])
        for matrix, bias, curved in self.layers:
            pooled = pooled @ matrix.T + bias
            pooled = np.tanh(pooled) if curved else pooled
        vectors = np.empty_like(pooled)
        vectors[order] = pooled / np.maximum(np.linalg.norm(pooled, axis=1, keepdims=True), 1e-12)
        return vectors

    def _batch(self, tokens: list[list[int]]) -> Floats:
        import torch

        ids = torch.full((len(tokens), len(tokens[0])), int(self.tokenizer.pad_token_id or 0))
        mask = torch.zeros_like(ids)
        for row, some in enumerate(tokens):
            ids[row, : len(some)] = torch.tensor(some)
            mask[row, : len(some)] = 1
        ids, mask = ids.to(self.device), mask.to(self.device)
        with torch.inference_mode():
            words = self.network(input_ids=ids, attention_mask=mask).last_hidden_state.float()  # [batch, length, width]
            pooled = torch.cat([_pooled(words, mask, pooling) for pooling in self.poolings], dim=1)
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
    """Rows from the longest to the shortest, as many together as make up BATCH tokens."""
    start = 0
    while start < len(order):
        stop = start + max(1, BATCH // max(1, len(tokens[order[start]])))
        yield order[start:stop]
        start = stop


def _pooled(words: "torch.Tensor", mask: "torch.Tensor", pooling: str) -> "torch.Tensor":
    """One vector for each text; words: [batch, length, width], mask: [batch, length], 1 where a word is."""
    if pooling == "cls":
        return words[:, 0]
    if pooling == "lasttoken":
        return words.gather(1, (mask.sum(1) - 1)[:, None, None].expand(-1, 1, words.shape[2]))[:, 0]
    there = mask[:, :, None].to(words.dtype)
    if pooling == "max":
        return words.masked_fill(there == 0, float("-inf")).amax(1)
    if pooling == "weightedmean":  # later words count more (Muennighoff, SGPT, 2022, eq. 5)
        there = there * mask.cumsum(1)[:, :, None]
    size = there.sum(1)
    return (words * there).sum(1) / (size.sqrt() if pooling == "mean_sqrt_len_tokens" else size)


def _first_line(error: Exception) -> str:
    return next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
