"""Demand: what the page of a forecast tells."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from regulars.forecasting import Forecast, Judgment, Panel, Rolled

from .nodes import Look

OWN = "forecast"  # what the judgment calls the forecaster of the page
NAIVE = "seasonal_naive"


@dataclass(frozen=True)
class Demand:
    """panel, forecast: as planned. changed: the forecast at other prices or promotions, and `change` in words.

    judgment: of `forecast`, seasonal_naive and others at earlier origins; notes: what had to be put right in the table.
    names: by column of the keys, what people call its values. adds_up: whether the units are means; medians and what
    aims at percentages add up to too little, so that their sums are told by how far earlier ones lay off.
    """

    panel: Panel
    forecast: Forecast
    changed: Forecast | None = None
    change: str = ""
    judgment: Judgment | None = None
    notes: tuple[str, ...] = ()
    names: Mapping[str, Mapping[object, str]] = field(default_factory=dict)
    look: Look = field(default_factory=Look)
    adds_up: bool = True

    @property
    def rounds(self) -> Rolled | None:
        """What the forecaster said at earlier origins."""
        return None if self.judgment is None else self.judgment.rolled.get(OWN)

    @property
    def step(self) -> str:
        """day or week."""
        return self.panel.calendar.step

    @property
    def latest(self) -> float:
        """Units sold in as many latest steps as are forecast."""
        return float(np.nansum(self.panel.units[:, -self.forecast.horizon :]))

    def called(self, column: str, value: object) -> str:
        """What people call a value of a key: its name, or "store 367" for a bare number."""
        name = self.names.get(column, {}).get(value)
        text = str(value)
        return name or (f"{column.removesuffix('_id')} {text}" if text.replace(".", "").isdigit() else text)

    @property
    def labels(self) -> pl.Series:
        """What people call each series."""
        keys = self.panel.keys
        rows = [
            " · ".join(self.called(column, value) for column, value in zip(keys.columns, row, strict=True))
            for row in keys.iter_rows()
        ]
        return pl.Series(rows, dtype=pl.String)
