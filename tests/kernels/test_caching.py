"""Compiled kernels survive whatever an earlier release, a lost disk or a read-only one leaves of their folder."""

import pickle
import sys
from pathlib import Path

import numba
import pytest
from numba.core.caching import IndexDataCacheFile

from regulars.kernels import caching


class Gone:
    """A class that the next release does not have."""


@pytest.fixture
def kept(tmp_path):
    files = IndexDataCacheFile(str(tmp_path), "kernel-1.py311", "stamp")
    files.save("signature", "machine code")
    assert files.load("signature") == "machine code"
    return files


@pytest.mark.parametrize("damage", [b"", b"\x80", b"no pickle", "a class that is gone"])
def test_an_index_that_cannot_be_read_is_made_anew(kept, tmp_path, damage, monkeypatch):
    if isinstance(damage, str):
        damage = pickle.dumps(numba.__version__) + pickle.dumps(Gone())
        monkeypatch.delattr(sys.modules[__name__], "Gone")
    (tmp_path / "kernel-1.py311.nbi").write_bytes(damage)
    assert kept.load("signature") is None
    kept.save("signature", "compiled anew")
    assert kept.load("signature") == "compiled anew"
    assert kept.load("another") is None


def test_machine_code_that_cannot_be_read_is_made_anew(kept, tmp_path):
    (tmp_path / "kernel-1.py311.1.nbc").write_bytes(b"")
    assert kept.load("signature") is None
    kept.save("signature", "compiled anew")
    assert kept.load("signature") == "compiled anew"


def test_where_nothing_usual_can_be_written_there_is_a_folder_of_the_users_own(tmp_path, monkeypatch):
    locked = tmp_path / "file"
    locked.write_text("no folder")
    monkeypatch.setattr(caching, "_usual", lambda: (locked / "a", locked / "b"))
    monkeypatch.setattr(caching.tempfile, "tempdir", str(tmp_path))
    found = [settled(monkeypatch), settled(monkeypatch)]
    assert found[0] == found[1]  # the same for the process that compiles
    assert found[0].parent == tmp_path
    assert found[0].stat().st_mode & 0o777 == 0o700
    found[0].chmod(0o755)  # somebody else may have put something there
    assert settled(monkeypatch) != found[0]


def test_a_folder_that_was_named_stays(tmp_path, monkeypatch):
    assert settled(monkeypatch, str(tmp_path)) == tmp_path


def settled(monkeypatch: pytest.MonkeyPatch, given: str = "") -> Path:
    monkeypatch.setattr(numba.config, "CACHE_DIR", given)
    caching.settle()
    return Path(numba.config.CACHE_DIR)
