"""The command line: one file per group of verbs; it reads the settings and calls the layers."""

from . import checking, choosing, contests, demos, fitting, longtail, reports, starting
from .app import app, main

__all__ = ["app", "checking", "choosing", "contests", "demos", "fitting", "longtail", "main", "reports", "starting"]
