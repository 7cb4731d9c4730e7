"""Numba loops on plain arrays; they know no class of ours."""

from .caching import forgive, settle

settle()
forgive()
