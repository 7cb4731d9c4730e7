"""Trained: the settings that all networks share; nothing here needs torch."""

from dataclasses import dataclass

from regulars.core import Settings, setting


@dataclass(frozen=True)
class Trained(Settings):
    """Abstract: how long and how fast a network learns.

    epochs: at most; batch: examples (customers, sessions or pairs) of a step; rate: of AdamW, after `warmup` (a part of
    all steps) falling along a cosine to a hundredth if `schedule` is "cosine"; weight_decay: of AdamW; clip: longest
    gradient of a step.
    patience: after so many epochs without a better NDCG@10 of the withheld events the fit stops and keeps the best
    weights; 0 withholds nothing and learns all epochs from everything. validation: part of the customers whose newest
    event is withheld, at most `withheld.MOST` customers.
    precision: of the products of matrices; "auto" is bfloat16 on CPUs with AMX and on GPUs that have it, where a step
    takes half of the time, and float32 elsewhere. It is a setting because another rounding learns another network,
    if one as good.
    """

    epochs: int = setting(100, low=1, high=2000, log=True)
    batch: int = setting(256, low=8, high=65536, log=True)
    rate: float = setting(1e-3, low=1e-5, high=0.1, log=True)
    schedule: str = setting("cosine", choices=("cosine", "constant"))
    warmup: float = setting(0.02, low=0.0, high=0.5)
    weight_decay: float = setting(0.0, low=0.0, high=1.0)
    clip: float = setting(1.0, low=0.01, high=100.0, log=True)
    patience: int = setting(10, low=0, high=200)
    validation: float = setting(0.1, low=0.01, high=0.5)
    precision: str = setting("auto", choices=("auto", "float32", "bfloat16"))
