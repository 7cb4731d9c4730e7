"""regulars longtail, end to end on a small shop."""

import json

import pytest

from cli.corner import TABLES

pytest.importorskip("torch")
pytest.importorskip("altair")

RIDGE = """
[split]
days = 20
[methods.popularity]
[methods.by_content]
method = "content_to_cf"
mapping = "ridge"
base_settings = ["factors = 4", "passes = 2"]
"""


def test_a_page_is_written_and_the_tables_are_told(shop, tmp_path):
    shop.write(TABLES + RIDGE, rest=False)
    answer = shop.ok("longtail", "--sample", 40, "--plots", tmp_path / "plots")
    page = (shop.output / "longtail.html").read_text(encoding="utf-8")
    assert str(shop.output / "longtail.html") in answer.said
    assert "Corner shop: the long tail" in page
    assert "by_content: als with the content of its items mapped in by ridge" in page
    assert "tea no. 3" in page
    assert len(list((tmp_path / "plots").glob("*.png"))) == 7
    assert "ndcg@5 by events of the product, whole catalog" in answer.said
    assert "without a common category" in answer.said


def test_machines_get_json(shop):
    shop.write(TABLES + RIDGE, rest=False)
    told = json.loads(shop.ok("longtail", "--sample", 20, "--limit", 30, "--category", "title", "--json").out)
    assert set(told) == {"page", "pictures", "quality", "reach", "parts", "irrelevance", "neighbors"}
    assert sum(row["share"] for row in told["reach"] if row["name"] == "after") == pytest.approx(1)
    assert {row["name"] for row in told["quality"]} == {"before", "after"}
    shares = [row["mean"] for row in told["irrelevance"] if row["mean"] is not None]
    assert set(shares) == {1.0}, "no two products have one title"


def test_a_method_that_extends_no_other_is_refused(shop):
    shop.write(TABLES + RIDGE, rest=False)
    answer = shop.run("longtail", "--method", "popularity")
    assert answer.code == 4
    assert "longtail compares content_to_cf with the model that it extends" in answer.said


def test_a_column_that_is_not_there_is_named(shop):
    shop.write(TABLES + RIDGE, rest=False)
    answer = shop.run("longtail", "--category", "categroy")
    assert answer.code == 3
    assert "did you mean category?" in answer.said
