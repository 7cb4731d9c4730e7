"""Dropout by bytes: on a CPU torch draws one number after another, which takes a tenth of a transformer's step."""

import numpy as np
import torch
from torch import Tensor, nn


class Dropout(nn.Module):
    """Hides each number with chance `p`, in 256ths, and makes up for it, while learning; torch's generator seeds it."""

    def __init__(self, p: float) -> None:
        super().__init__()
        self.hidden = round(256 * p)

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or not self.hidden:
            return x
        if x.device.type != "cpu":
            return nn.functional.dropout(x, self.hidden / 256)
        random = np.random.default_rng(int(torch.randint(1 << 62, ())))
        drawn = torch.frombuffer(bytearray(random.bytes(x.numel())), dtype=torch.uint8)
        kept = (drawn >= self.hidden).to(x.dtype).mul_(256 / (256 - self.hidden))
        return x * kept.view_as(x)
