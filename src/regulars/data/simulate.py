"""Shops of any size whose truth is known: for tests, benchmarks and demonstrations without anybody's data."""

from .simulation.log import LogSettings, simulate_log

__all__ = ["LogSettings", "simulate_log"]
