"""The command line: one file per group of verbs; it reads the settings and calls the layers."""

from . import adding, checking, choosing, contests, demos, fitting, longtail, reports, serving, starting, teaching
from .app import app, main

__all__ = [
    "adding",
    "app",
    "checking",
    "choosing",
    "contests",
    "demos",
    "fitting",
    "longtail",
    "main",
    "reports",
    "serving",
    "starting",
    "teaching",
]
