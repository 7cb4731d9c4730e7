"""CSV files: every line is a row or refused with its number; ids keep every letter."""

import csv
import gzip
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.core.errors import EmptyData, UnreadableFile
from regulars.data import delimited as module
from regulars.data import opening
from regulars.data.delimited import delimited


def read(path, data, **how):
    """Rows with the line of each, and the refused lines by reason."""
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    chunks = list(delimited(path, **how).chunks())
    rows = [(int(line), *row) for chunk in chunks for line, row in zip(chunk.lines, chunk.rows.rows(), strict=True)]
    refused = {}
    for one in (one for chunk in chunks for one in chunk.refused):
        refused.setdefault(one.reason, []).extend(zip(one.lines, one.texts, strict=True))
    return rows, refused


def test_fields_stay_text_to_the_letter(tmp_path):
    rows, refused = read(tmp_path / "a.csv", "u,i\n007,12345678901234567890\n a b ,ü\n1.50,-0\n")
    assert rows == [(2, "007", "12345678901234567890"), (3, " a b ", "ü"), (4, "1.50", "-0")]
    assert not refused


def test_a_row_is_told_by_the_line_where_it_begins(tmp_path):
    rows, _ = read(tmp_path / "a.csv", 'u,note\n1,"two\nlines"\n\n2,"say ""hi"", twice"\n3,5" pipe\n')
    assert rows == [(2, "1", "two\nlines"), (5, "2", 'say "hi", twice'), (6, "3", '5" pipe')]


def test_lines_with_too_many_or_too_few_fields_are_set_aside(tmp_path):
    rows, refused = read(tmp_path / "a.csv", "u,i\n1\n2,b\n3,c,d\n")
    assert rows == [(3, "2", "b")]
    assert refused == {"too few fields": [(2, "1")], "too many fields": [(4, "3,c,d")]}


def test_a_stray_quote_costs_its_line_and_no_other(tmp_path):
    rows, refused = read(tmp_path / "a.csv", 'u,i\n1,"open\n2,b\n3,"c"\n4,"again\n')
    assert rows == [(3, "2", "b"), (4, "3", "c")]
    assert refused == {"a quote that is never closed": [(2, '1,"open'), (5, '4,"again')]}


@pytest.mark.parametrize(
    ("data", "note"),
    [
        ("\ufeffu;i\n1;é\n".encode(), "CSV with ;, utf-8"),
        ("u\ti\n1\té\n".encode("latin-1"), "TSV, latin-1"),
        ("u|i\r\n1|é\r\n".encode("utf-16"), "CSV with |, utf-16"),
        (gzip.compress("u,i\n1,é".encode(), mtime=0), "CSV, utf-8"),
    ],
)
def test_separator_encoding_and_packing_are_found_out(tmp_path, data, note):
    rows, refused = read(tmp_path / "a.csv", data)
    assert rows == [(2, "1", "é")]
    assert not refused
    assert delimited(tmp_path / "a.csv").note == note


def test_latin_letters_far_down_an_ascii_file_are_understood(tmp_path):
    plain = b"u,i\n" + b"1,a\n" * 400_000
    rows, refused = read(tmp_path / "a.csv", plain + "2,é\n".encode("latin-1"))
    assert rows[-1] == (400_002, "2", "é")
    assert not refused


def test_a_line_of_another_encoding_is_set_aside(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_HEAD", 16)
    rows, refused = read(tmp_path / "a.csv", "u,i\n1,ü\n2,bbbbbbbbbbb\n".encode() + "3,é\n4,d\n".encode("latin-1"))
    assert [row[1] for row in rows] == ["1", "2", "4"]
    assert refused == {module.NOT_TEXT: [(4, "3,\ufffd")]}


def test_records_across_the_borders_of_blocks_are_whole(tmp_path, monkeypatch):
    text = "u,i\n" + "".join(f'{n},"a\n{n},é"\n' for n in range(200))
    whole = read(tmp_path / "a.csv", text)
    monkeypatch.setattr(opening, "BLOCK", 7)
    assert read(tmp_path / "a.csv", text) == whole
    assert len(whole[0]) == 200


fields = st.text(st.characters(blacklist_characters="\x00\x1e\x1f\r", blacklist_categories=("Cs",)), max_size=6)


@given(st.lists(st.tuples(fields, fields), max_size=12), st.integers(1, 40))
def test_what_the_csv_module_writes_is_read_back(tmp_path_factory, rows, block):
    out = io.StringIO()
    csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows([("u", "i"), *rows])
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(opening, "BLOCK", block)
        found, refused = read(path, out.getvalue())
    assert [tuple(field or "" for field in row[1:]) for row in found] == rows
    assert not refused


def test_a_file_without_a_header_and_a_strange_encoding_are_told(tmp_path):
    with pytest.raises(EmptyData, match="no header"):
        read(tmp_path / "a.csv", "\n\n")
    with pytest.raises(UnreadableFile, match="'klingon' is unknown"):
        read(tmp_path / "a.csv", "u,i\n", encoding="klingon")


def test_a_cut_off_archive_is_told(tmp_path):
    (tmp_path / "a.csv").write_bytes(gzip.compress(b"u,i\n" + b"1,2\n" * 1000)[:-10])
    with pytest.raises(UnreadableFile, match="copy or export it again"):
        list(delimited(tmp_path / "a.csv").chunks())


def test_a_spoiled_archive_is_told(tmp_path):
    rows = "".join(f"{n},{n * 7919 % 10_007}\n" for n in range(400_000))
    packed = bytearray(gzip.compress(b"u,i\n" + rows.encode()))
    packed[-20_000:-19_000] = b"\xff" * 1000
    (tmp_path / "a.csv").write_bytes(packed)
    with pytest.raises(UnreadableFile, match=r"cannot be read to its end.*copy or export it again"):
        list(delimited(tmp_path / "a.csv").chunks())
