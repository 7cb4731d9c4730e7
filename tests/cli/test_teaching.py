"""regulars teach: a network learns attributes from pictures, and encodes them for [content]."""

import polars as pl
import pytest

from cli.corner import GROUPS, TABLES, items
from product_shots import BLUE, RED, file, shot

CONTENT = """
[content.photo]
pictures = "image"
folder = "photos"
{more}
"""
CLOTHES = dict(zip(GROUPS, [("dress", RED), ("dress", BLUE), ("shirt", RED), ("shirt", BLUE)], strict=True))


@pytest.fixture
def pictured(shop):
    """The corner shop with a photo of each item, of which two cannot be read."""
    (shop.folder / "photos").mkdir()
    table = items().with_columns(image=pl.format("{}.jpg", "item_id"))
    for place, group in enumerate(table["category"].to_list()):
        outline, color = CLOTHES[group]
        bytes_of = file(shot(outline, color, background=(225 + place % 20,) * 3))
        (shop.folder / "photos" / f"{place:04d}.jpg").write_bytes(bytes_of if place not in (7, 19) else b"no picture")
    table.write_csv(shop.folder / "items.csv")
    return shop.write(TABLES + CONTENT.format(more=""))


def test_what_was_taught_becomes_the_encoder_of_the_shop(pictured):
    told = pictured.ok("teach", "--epochs", 6, "--threads", 1, "--json").json
    assert told["encoder"] == "regulars-out/taught/photo"
    assert [one["attribute"] for one in told["attributes"]] == ["category"]
    assert told["attributes"][0]["values"] == 2  # of two kinds only nine pictures can be read
    pictured.write(TABLES + CONTENT.format(more=f'encoder = "{told["encoder"]}"'))
    (found,) = pictured.ok("check", "--json").json["content"]
    assert (found["told"], found["unreadable"]) == (38, 2)
    assert found["identity"].startswith("attributes 1: ")


def test_the_table_says_how_often_it_is_right_and_what_to_write(pictured):
    said = pictured.ok("teach", "--attribute", "category", "--epochs", 1, "--threads", 1).said
    assert "Told from pictures that it did not learn from" in said
    assert '[content.photo] encoder = "regulars-out/taught/photo"' in said


def test_without_pictures_or_attributes_it_says_what_is_wanted(pictured):
    assert "no [content.look] with pictures" in pictured.run("teach", "--content", "look").said
    assert "--attribute: the table of items has no colour" in pictured.run("teach", "--attribute", "colour").said
    pictured.write(TABLES)
    answer = pictured.run("teach")
    assert answer.code == 4
    assert "no pictures to learn from" in answer.said
