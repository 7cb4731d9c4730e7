"""Asking: histories, customers and moments as the query tower takes them, the same way in learning and in answering."""

import numpy as np
import torch

from regulars.core import DAY, Histories, Longs, floats
from regulars.features import Encoded

from .inputs import Fed
from .towers import Asked, TowerShape

HOUR = 3_600
MONDAY = 3  # 1 January 1970 was a Thursday


def asked(
    shape: TowerShape, history: Histories, times: Longs, *, customers: Encoded, context: Encoded, device: torch.device
) -> Asked:
    """Questions asked at `times` [n] about whoever has these histories; its items are rows of the table of vectors."""
    rows, n = history.rows.astype(np.int64), len(history)
    ages = np.maximum(times[rows] - history.times, 0) / DAY
    fading = np.exp2(-ages / shape.half_life_days)
    places = history.starts[1:][rows] - 1 - np.arange(len(rows))  # 0 for the newest event of a row
    some = np.minimum(history.lengths, shape.newest)[rows]
    newest = (places < shape.newest) / np.maximum(some, 1)
    values = (history.weights - shape.mean) / shape.unit if shape.unit else np.ones(len(rows))
    counts = np.stack([np.log1p(history.lengths), history.lengths > 0], 1).astype(np.float32).reshape(n, 2)
    columns = (history.items, history.starts[:-1], rows, history.kinds)
    items, starts, whose, kinds = (torch.from_numpy(part.astype(np.int64)).to(device) for part in columns)
    weights = [torch.from_numpy(floats(part)).to(device) for part in (fading, values, newest * values)]
    return Asked(
        items,
        starts,
        whose,
        kinds,
        weights[0],
        weights[1],
        weights[2],
        torch.from_numpy(counts).to(device),
        Fed.of(customers, device),
        Fed.of(context, device),
        torch.from_numpy(_clock(times, shape.utc_offset_hours)).to(device),
    )


def _clock(times: Longs, offset_hours: float) -> Longs:
    """Hour of the day and day of the week, from Monday; int64 [n, 2]."""
    local = times + round(offset_hours * HOUR)
    return np.stack([local // HOUR % 24, (local // DAY + MONDAY) % 7], 1)
