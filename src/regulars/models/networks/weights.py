"""Weights: what a network has learned, as named arrays."""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from torch import nn

M = TypeVar("M", bound=nn.Module)


@dataclass(frozen=True)
class Weights:
    """The parameters and buffers of a module, by name; part of a saved model."""

    names: tuple[str, ...]
    arrays: tuple[np.ndarray, ...]

    @classmethod
    def of(cls, module: nn.Module) -> "Weights":
        """A copy of what the module holds now, on the CPU, in float32 where it is floating."""
        state = {name: tensor.detach().cpu() for name, tensor in module.state_dict().items()}
        kept = {name: value.float() if value.is_floating_point() else value for name, value in state.items()}
        return cls(tuple(kept), tuple(value.numpy().copy() for value in kept.values()))

    def into(self, module: M) -> M:
        """The module with these weights, ready to answer."""
        pairs = zip(self.names, self.arrays, strict=True)
        module.load_state_dict({name: torch.from_numpy(array.copy()) for name, array in pairs})
        return module.eval()
