import hashlib
import os
import time
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import polars as pl
import pytest

from regulars.core import Run
from regulars.core.errors import BadTable, CannotWrite, Interrupted, MissingColumn
from regulars.features import ContentEncoder, encode_columns, joined
from regulars.features import encoding as module


@dataclass(frozen=True)
class Toy(ContentEncoder):
    """The first bytes of a hash as numbers; cannot read what begins with "bad". asked: what it was asked, in order."""

    identity: str = "toy 1"
    width: int = 3
    reads: ClassVar[str] = "text"
    asked: list = field(default_factory=list, compare=False)

    def encode(self, contents):
        self.asked.extend(contents)
        return np.array([self.vector(one) for one in contents], dtype=np.float32).reshape(-1, self.width)

    def vector(self, content):
        if content is None or str(content).startswith("bad"):
            return [np.nan] * self.width
        return np.frombuffer(hashlib.sha256(str(content).encode()).digest(), np.uint8)[: self.width] / 256


class Pictures(Toy):
    reads: ClassVar[str] = "picture"

    def encode(self, contents):
        return super().encode([one.read_bytes() if hasattr(one, "read_bytes") else one for one in contents])


ITEMS = pl.DataFrame({"id": [1, 2, 3, 4, 5, 6], "story": ["tea", "soap", None, "tea", " ", "bad one"]})


def vectors(frame, column="story_vector"):
    return frame[column].to_list()


def expected(*contents):
    return [None if one is None else Toy().vector(one).tolist() for one in contents]


def test_each_row_gets_the_vector_of_its_content_and_null_where_there_is_none():
    frame, (found,) = encode_columns(ITEMS, {"story": Toy()})
    assert frame.columns == ["id", "story", "story_vector"]
    assert frame["story_vector"].dtype == pl.Array(pl.Float32, 3)
    assert vectors(frame) == expected("tea", "soap", None, "tea", None, None)
    assert (found.rows, found.told, found.missing, found.unreadable) == (6, 3, 2, 1)
    assert [(one.row, one.content, one.why) for one in found.examples] == [(5, "bad one", "it holds no words")]


def test_a_content_is_encoded_once_however_many_rows_hold_it():
    toy = Toy()
    encode_columns(ITEMS, {"story": toy})
    assert sorted(toy.asked) == ["bad one", "soap", "tea"]


def test_only_what_is_new_or_changed_is_encoded_again(tmp_path):
    first, _ = encode_columns(ITEMS, {"story": Toy()}, cache=tmp_path)
    toy = Toy()
    changed = ITEMS.with_columns(story=pl.Series(["tea", "soap, new", None, "tea", "bread", None]))
    second, (found,) = encode_columns(changed, {"story": toy}, cache=tmp_path)
    assert sorted(toy.asked) == ["bread", "soap, new"]
    assert found.computed == 2
    assert vectors(second) == expected("tea", "soap, new", None, "tea", "bread", None)
    assert vectors(first)[0] == vectors(second)[0]


def test_another_encoder_does_not_take_the_vectors_of_the_first(tmp_path):
    encode_columns(ITEMS, {"story": Toy()}, cache=tmp_path)
    for other in (Toy("toy 2"), Toy("wide toy", 5)):
        frame, _ = encode_columns(ITEMS, {"story": other}, cache=tmp_path)
        assert sorted(other.asked) == ["bad one", "soap", "tea"]
        assert frame["story_vector"].dtype == pl.Array(pl.Float32, other.width)


def test_what_was_encoded_before_a_stop_is_kept(tmp_path, monkeypatch):
    monkeypatch.setitem(module._BLOCK, "text", 10)
    items = pl.DataFrame({"story": [f"story {n}" for n in range(35)]})

    def stop(progress):
        if progress.done >= 20:
            raise Interrupted("enough")

    with pytest.raises(Interrupted):
        encode_columns(items, {"story": Toy()}, cache=tmp_path, run=Run(on_epoch=stop))
    toy = Toy()
    frame, _ = encode_columns(items, {"story": toy}, cache=tmp_path)
    assert toy.asked == [f"story {n}" for n in range(20, 35)]
    assert vectors(frame) == expected(*items["story"])


def test_a_kill_while_a_part_is_written_leaves_none_of_it_and_the_rest_whole(tmp_path, monkeypatch):
    encode_columns(ITEMS, {"story": Toy()}, cache=tmp_path)

    def killed(*_):
        raise KeyboardInterrupt

    more = pl.DataFrame({"story": ["tea", "bread"]})
    with monkeypatch.context() as patched:
        patched.setattr("pathlib.Path.replace", killed)
        with pytest.raises(KeyboardInterrupt):
            encode_columns(more, {"story": Toy()}, cache=tmp_path)
    assert len(list(tmp_path.glob("*/.*.part"))) == len(list(tmp_path.glob("*/*.npy"))) == 1
    monkeypatch.setattr("regulars.features.vector_cache.ABANDONED", -1.0)
    toy = Toy()
    frame, _ = encode_columns(more, {"story": toy}, cache=tmp_path)
    assert toy.asked == ["bread"]
    assert vectors(frame) == expected("tea", "bread")
    assert not list(tmp_path.glob("*/.*.part")), "what a killed run left is swept away"


def test_progress_tells_how_many_contents_are_done(monkeypatch):
    monkeypatch.setitem(module._BLOCK, "text", 2)
    heard = []
    encode_columns(ITEMS, {"story": Toy()}, run=Run(on_epoch=lambda one: heard.append((one.task, one.done, one.total))))
    assert heard == [("encode story", 0, 3), ("encode story", 2, 3), ("encode story", 3, 3)]


def test_a_damaged_part_of_the_cache_is_encoded_anew(tmp_path):
    encode_columns(ITEMS, {"story": Toy()}, cache=tmp_path)
    (part,) = tmp_path.glob("*/*.npy")
    whole = part.read_bytes()
    for damaged in (whole[:-7], whole[:40], b"", b"no numpy at all"):
        part.write_bytes(damaged)
        toy = Toy()
        frame, _ = encode_columns(ITEMS, {"story": toy}, cache=tmp_path)
        assert vectors(frame) == expected("tea", "soap", None, "tea", None, None)
        assert "tea" in toy.asked
        for other in set(tmp_path.glob("*/*.npy")) - {part}:
            other.unlink()


def test_many_parts_become_one(tmp_path):
    for n in range(20):
        encode_columns(pl.DataFrame({"story": [f"story {n}"]}), {"story": Toy()}, cache=tmp_path)
    assert len(list(tmp_path.glob("*/*.npy"))) < 17
    toy = Toy()
    frame, _ = encode_columns(
        pl.DataFrame({"story": [f"story {n}" for n in range(20)]}), {"story": toy}, cache=tmp_path
    )
    assert toy.asked == []
    assert vectors(frame) == expected(*(f"story {n}" for n in range(20)))


def test_a_picture_is_known_by_its_bytes_not_by_its_path(tmp_path):
    for name, content in (("a.jpg", b"one"), ("b.jpg", b"one"), ("c.jpg", b"two")):
        (tmp_path / name).write_bytes(content)
    paths = [str(tmp_path / name) for name in ("a.jpg", "b.jpg", "c.jpg", "none.jpg")]
    toy = Pictures()
    frame, (found,) = encode_columns(pl.DataFrame({"image": paths}), {"image": toy}, cache=tmp_path / "kept")
    assert toy.asked == [b"one", b"two"]
    assert vectors(frame, "image_vector") == expected(b"one", b"one", b"two", None)
    assert (found.told, found.missing, found.unreadable) == (3, 0, 1)
    assert "none.jpg" in found.examples[0].why
    as_bytes = pl.DataFrame({"image": [b"two", b"", None]})
    toy = Pictures()
    frame, (found,) = encode_columns(as_bytes, {"image": toy}, cache=tmp_path / "kept")
    assert toy.asked == []
    assert vectors(frame, "image_vector") == expected(b"two", None, None)
    assert (found.missing, found.unreadable) == (2, 0)


def old(path, content, changed=1_000_000_000):
    """A file that was changed at a moment long ago."""
    path.write_bytes(content)
    os.utime(path, ns=(changed, changed))


def test_a_file_that_has_not_changed_is_not_read_again(tmp_path, monkeypatch):
    old(tmp_path / "a.jpg", b"one")
    items = pl.DataFrame({"image": [str(tmp_path / "a.jpg")]})
    kept = tmp_path / "kept"
    first, _ = encode_columns(items, {"image": Pictures()}, cache=kept)
    with monkeypatch.context() as patched:
        patched.setattr("pathlib.Path.read_bytes", lambda path: pytest.fail(f"{path} is read"))
        again, (found,) = encode_columns(items, {"image": Pictures()}, cache=kept)
    assert found.computed == 0
    assert vectors(again, "image_vector") == vectors(first, "image_vector") == expected(b"one")
    (kept / "files.parquet").write_bytes(b"damaged")
    again, _ = encode_columns(items, {"image": Pictures()}, cache=kept)
    assert vectors(again, "image_vector") == expected(b"one")


@pytest.mark.parametrize(("content", "changed"), [(b"other", 1_000_000_000), (b"two", 2_000_000_000)])
def test_a_file_of_another_size_or_time_is_read_again(tmp_path, content, changed):
    items = pl.DataFrame({"image": [str(tmp_path / "a.jpg")]})
    old(tmp_path / "a.jpg", b"one")
    encode_columns(items, {"image": Pictures()}, cache=tmp_path / "kept")
    old(tmp_path / "a.jpg", content, changed)
    frame, _ = encode_columns(items, {"image": Pictures()}, cache=tmp_path / "kept")
    assert vectors(frame, "image_vector") == expected(content)


def test_a_file_that_was_just_written_may_change_within_the_same_tick_of_the_clock(tmp_path):
    items = pl.DataFrame({"image": [str(tmp_path / "a.jpg")]})
    for content in (b"one", b"two"):
        now = time.time_ns()
        old(tmp_path / "a.jpg", content, now - now % 1_000_000_000)
        frame, _ = encode_columns(items, {"image": Pictures()}, cache=tmp_path / "kept")
        assert vectors(frame, "image_vector") == expected(content)


def test_a_table_of_no_rows_or_no_content_gets_its_column():
    for values in (pl.Series("story", [], dtype=pl.String), pl.Series("story", [None, None])):
        frame, (found,) = encode_columns(values.to_frame(), {"story": Toy()})
        assert frame["story_vector"].dtype == pl.Array(pl.Float32, 3)
        assert frame["story_vector"].null_count() == frame.height == found.missing


def test_what_cannot_be_encoded_is_said():
    with pytest.raises(MissingColumn, match="tale is to be encoded; the table has"):
        encode_columns(ITEMS, {"tale": Toy()})
    with pytest.raises(BadTable, match="id is to be encoded and holds Int64"):
        encode_columns(ITEMS, {"id": Toy()})


def test_a_cache_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotWrite, match="vectors cannot be kept in"):
        encode_columns(ITEMS, {"story": Toy()}, cache=tmp_path / "file")


def test_texts_are_joined_with_full_stops_and_empty_ones_left_out():
    items = pl.DataFrame({"name": ["Vest", "Sock. ", None, ""], "text": ["Soft jersey.", None, " Warm. ", " "]})
    assert joined(items, ["name", "text"], "all").to_list() == ["Vest. Soft jersey", "Sock", "Warm", None]
    with pytest.raises(MissingColumn, match="colour"):
        joined(items, ["name", "colour"], "all")
