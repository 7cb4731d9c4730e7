"""A log of ratings through the command line: whoever foretells ratings best wins, by RMSE."""

import json

import polars as pl

from cli.corner import EVENTS, Shop
from shops import ratings

RATED = f"""\
decides = "rmse"
{EVENTS}
[split]
kind = "ratio"
random = true
[recommend]
k = 5
[methods.popularity]
[methods.svd]
factors = 6
[methods.knn_baseline]
shrinkage = 5.0
"""


def rated(folder, text=RATED) -> Shop:
    data = ratings().data
    rows = {"user_id": data.user, "item_id": data.item, "rating": data.weight, "time": data.time}
    return Shop(folder).log(pl.DataFrame(rows)).write(text, rest=False)


def test_the_winner_is_who_foretells_ratings_best(tmp_path):
    shop = rated(tmp_path)
    said = json.loads(shop.ok("compare", "--json").out)
    rows = {row["name"]: row["mean"] for row in said["validation"]["metrics"] if row["metric"] == "rmse"}
    assert set(rows) == {"svd", "knn_baseline"}
    assert said["winner"] == min(rows, key=rows.get)
    assert said["decided_by"] == "rmse on validation"
    out = shop.ok("compare").out
    assert "rmse on the test period" in out
    assert "mae on the test period" in out


def test_a_figure_that_does_not_exist_is_told(tmp_path):
    answer = rated(tmp_path, RATED.replace('"rmse"', '"rmsee"')).run("compare")
    assert answer.code == 4
    assert "decides must be one of recall," in answer.said
