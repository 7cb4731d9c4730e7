"""JSON Lines: nested objects are spread out, broken lines are refused with their number."""

import json

from regulars.data import opening
from regulars.data.jsonlines import JsonLines


def read(path, text):
    path.write_text(text)
    chunks = list(JsonLines(path).chunks())
    rows = [
        {"line": int(line), **row}
        for chunk in chunks
        for line, row in zip(chunk.lines, chunk.rows.to_dicts(), strict=True)
    ]
    return rows, [
        (line, text) for chunk in chunks for r in chunk.refused for line, text in zip(r.lines, r.texts, strict=True)
    ]


def test_nested_objects_become_columns_and_numbers_keep_their_digits(tmp_path):
    rows, refused = read(
        tmp_path / "a.jsonl", '{"user":{"id":9007199254740993},"item":"007"}\n\n{"user":{"id":2},"item":"x"}\n'
    )
    assert rows == [
        {"line": 1, "user.id": "9007199254740993", "item": "007"},
        {"line": 3, "user.id": "2", "item": "x"},
    ]
    assert not refused


def test_a_broken_line_costs_itself_alone(tmp_path):
    rows, refused = read(tmp_path / "a.jsonl", '{"u":{"id":1}}\nnope\n[1]\n{"u":{"id":"2"}}\n{"u":')
    assert [(row["line"], row["u.id"]) for row in rows] == [(1, "1"), (4, "2")]
    assert refused == [(2, "nope"), (3, "[1]"), (5, '{"u":')]


def test_types_may_change_from_line_to_line_and_fields_may_be_missing(tmp_path):
    rows, _ = read(tmp_path / "a.jsonl", '{"u":1}\n{"u":"two","v":2.5}\n{"v":true}\n')
    assert [row["u"] for row in rows] == ["1", "two", None]


def test_one_array_of_objects_is_read_too(tmp_path):
    rows, refused = read(tmp_path / "a.json", json.dumps([{"u": 1}, 5, {"u": {"id": 3}}]))
    assert [(row["line"], row.get("u"), row.get("u.id")) for row in rows] == [(1, "1", None), (3, None, "3")]
    assert refused == [(2, "5")]


def test_lines_across_the_borders_of_blocks_are_whole(tmp_path, monkeypatch):
    text = "".join(json.dumps({"u": n, "note": "é" * n}) + "\n" for n in range(50))
    whole = read(tmp_path / "a.jsonl", text)
    monkeypatch.setattr(opening, "BLOCK", 11)
    assert read(tmp_path / "a.jsonl", text) == whole
