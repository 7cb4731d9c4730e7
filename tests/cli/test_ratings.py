"""A log of ratings through the command line: whoever foretells ratings best wins, by RMSE."""

import json
import re
import tomllib

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
    rows = {"user_id": data.user, "item_id": data.item, "rating": (2 * data.weight).round() / 2, "time": data.time}
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


def test_settings_are_searched_by_the_error_that_decides(tmp_path):
    shop = rated(tmp_path, f"{RATED}[tune]\ntrials = 14\n")
    pictures = tmp_path / "pictures"
    said = shop.ok("tune", "--plots", pictures)
    assert "rmse on the validation period" in said.out
    assert "without popularity: none of the 3 trials" in said.said
    assert "it foretells no ratings, which rmse judges" in said.said
    found = shop.ok("tune", "--json").json
    values = {
        name: [trial["value"] for trial in found["trials"] if trial["method"] == name]
        for name in ("svd", "knn_baseline")
    }
    assert {name: found["methods"][name]["best"] for name in values} == {name: min(of) for name, of in values.items()}
    best = min(values, key=lambda name: min(values[name]))
    assert re.search(rf"best: {best} with", said.said)
    assert re.search(rf"{best} +\d+ .* \+\d+\.\d%", said.out)
    kept = (shop.output / "tuned.toml").read_text()
    assert f"# rmse {min(values[best]):.4f}, {values[best][0]:.4f} at first" in kept
    assert set(tomllib.loads(kept)["methods"]) == set(values)
    assert "rmse on the validation period, the less the better" in (shop.output / "tuning.html").read_text()
    assert ">RMSE<" in (pictures / "history.svg").read_text()


def test_a_metric_of_tune_goes_before_what_decides(tmp_path):
    shop = rated(tmp_path, f'{RATED}[tune]\ntrials = 2\nmethods = ["svd"]\n')
    assert shop.ok("tune", "--json").json["figure"] == "rmse"
    shop.write(f'{RATED}[tune]\ntrials = 2\nmethods = ["svd"]\nmetric = "ndcg"\n', rest=False)
    refused = shop.run("tune")
    assert refused.code == 4
    assert "another question: metric rmse, now ndcg@5" in refused.said
    assert shop.ok("tune", "--fresh", "--json").json["figure"] == "ndcg@5"


def test_nested_folds_count_fewer_errors_as_a_gain(tmp_path):
    shop = rated(tmp_path, f'{RATED}[tune]\ntrials = 8\nmethods = ["knn_baseline"]\n')
    said = shop.ok("tune", "--nested", "2", "--json").json["nested"]
    assert len(said) == 2
    for row in said:
        assert row["inside_best"] < row["inside_first"]
        assert row["promised"] > 0
        assert (row["kept"] > 0) == (row["outside_best"] < row["outside_first"])
    assert "How much of it is kept" in (shop.output / "tuning.html").read_text(encoding="utf-8")
