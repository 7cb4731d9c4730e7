"""Regulars: recommendations and campaigns for 100 % of a shop's catalog and customers."""

__version__ = "0.1.0"
