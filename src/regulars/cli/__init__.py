"""The command line: one file per group of verbs; it reads the settings and calls the layers."""

from . import (
    adding,
    checking,
    choosing,
    contests,
    demos,
    fitting,
    forecasting,
    loading,
    longtail,
    refitting,
    reports,
    repurchasing,
    serving,
    starting,
    stores,
    teaching,
    versions,
)
from .app import app, main

__all__ = [
    "adding",
    "app",
    "checking",
    "choosing",
    "contests",
    "demos",
    "fitting",
    "forecasting",
    "loading",
    "longtail",
    "main",
    "refitting",
    "reports",
    "repurchasing",
    "serving",
    "starting",
    "stores",
    "teaching",
    "versions",
]
