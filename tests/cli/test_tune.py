"""As a user tunes: search, stop, go on, compare all at the best settings, fit; and what can go wrong on the way."""

import json
import re
import tomllib

import polars as pl
import pytest

from cli.corner import REST, TABLES, events, laid_out
from cli.test_interrupts import stopped as stopped
from regulars.config import read
from regulars.models import METHODS

FEW = """\
[tune]
trials = 8
methods = ["item_knn", "popularity"]
[tune.ranges.item_knn]
neighbors = [5, 40]
rule = ["count", "log"]
similarity = "cosine"
"""


@pytest.fixture(scope="module")
def tuned(tmp_path_factory):
    """A shop after tune, and what it said."""
    shop = laid_out(tmp_path_factory.mktemp("tuned") / "corner").write(f"{TABLES}{REST}{FEW}", rest=False)
    return shop, shop.ok("tune")


def trials(shop, *words):
    return shop.ok("tune", *words, "--json").json["trials"]


def test_tune_tells_what_each_method_gained_and_where_the_settings_are(tuned):
    shop, said = tuned
    assert "ndcg@5 on the validation period" in said.out
    assert re.search(r"item_knn\s+4 .*\+?-?\d+\.\d%", said.out)
    assert "best: item_knn with" in said.out
    assert "regulars-out/tuned.toml" in said.err
    names = {path.name for path in shop.output.iterdir()}
    assert names == {"prepared", "study.db", "tuned.toml", "tuning.html"}


def test_the_ranges_of_the_file_are_kept(tuned):
    found = [trial["settings"] for trial in trials(tuned[0]) if trial["method"] == "item_knn"]
    assert all(5 <= settings["neighbors"] <= 40 for settings in found)
    assert {settings["rule"] for settings in found} <= {"count", "log"}
    assert {settings["similarity"] for settings in found} == {"cosine"}


def test_the_same_command_makes_no_trial_twice_and_more_trials_go_on(tuned):
    shop, _ = tuned
    before = trials(shop)
    assert len(before) == 8
    assert trials(shop) == before
    more = trials(shop, "--trials", "11")
    assert more[:8] == before
    assert len(more) == 11


def test_the_page_of_the_search_needs_nothing_else(tuned):
    page = (tuned[0].output / "tuning.html").read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert not re.search(r"<(?:script|link|img|iframe|object)\b", page)
    for words in ("Corner shop", "How the search went", "Settings of item_knn", "What each setting did", "neighbors"):
        assert words in page


def test_compare_all_takes_every_method_the_data_support_at_its_best_settings(tuned):
    shop, _ = tuned
    said = shop.ok("compare", "--all")
    compared = json.loads((shop.output / "comparison.json").read_text())
    names = {row["name"] for row in compared["test"]["metrics"]}
    assert names | set(compared["absent"]) == {*METHODS, "both"}
    assert {"svd", "funk_svd", "svdpp", "knn_baseline"} <= set(compared["absent"])
    assert "without svd: It foretells ratings. But it needs ratings that differ" in said.said
    assert re.search(r"no difference between \w+ and", said.said)
    assert "(Holm)" in said.out
    best = {row["name"]: row["mean"] for row in compared["validation"]["metrics"] if row["metric"] == "ndcg@5"}
    assert compared["winner"] == max(best, key=best.get)
    values = [trial["value"] for trial in trials(shop) if trial["method"] == "item_knn"]
    assert best["item_knn"] == pytest.approx(max(values), abs=1e-6)
    assert compared["tuned"].keys() == {"item_knn", "popularity"}
    cost = {row["name"]: row for row in compared["test"]["cost"]}
    assert all(row["fit_seconds"] > 0 and row["answer_seconds"] > 0 and row["peak_mb"] > 0 for row in cost.values())


def test_fit_and_report_take_the_settings_that_were_compared(tuned, monkeypatch):
    monkeypatch.setattr("regulars.cli.league.METHODS", {"popularity": METHODS["popularity"]})
    shop, _ = tuned
    shop.ok("compare", "--all")
    path = shop.output / "comparison.json"
    compared = json.loads(path.read_text())
    compared["winner"], compared["tuned"]["item_knn"] = "item_knn", {"neighbors": 7, "similarity": "cosine"}
    path.write_text(json.dumps(compared))
    assert shop.ok("fit", "--json").json["method"] == "item_knn"
    shop.ok("recommend")
    shop.ok("report")
    assert "neighbors = 7" in (shop.output / "report.html").read_text(encoding="utf-8")


def test_one_method_that_fails_or_takes_too_long_is_a_line_and_not_the_end(shop, monkeypatch):
    def broken(self, data, run=None):
        raise ZeroDivisionError("nothing to divide by")

    monkeypatch.setattr(METHODS["content"], "fit", broken)
    monkeypatch.setattr("regulars.cli.league.METHODS", {name: METHODS[name] for name in ("popularity", "content")})
    said = shop.write(TABLES).ok("compare", "--all", "--json").json
    assert said["absent"]["content"] == "ZeroDivisionError: nothing to divide by"
    slow = shop.run("compare", "--all", "--limit", "0")
    assert slow.code == 3
    assert "no method could be measured. popularity: it took more than the 0 s that it may" in slow.said


def test_all_and_single_methods_do_not_go_together(shop):
    assert shop.run("compare", "--all", "--method", "als").code == 2


def test_write_puts_the_best_settings_into_the_file_and_leaves_the_rest(shop):
    text = (
        f"# my shop\n{TABLES}# what to try\n[methods.popularity]  # the baseline\nhalf_life_days = 3.0\n\n{REST}{FEW}"
    )
    text = text.replace("[split]\ndays = 20\n[methods.popularity]\n[methods.item_knn]", "[split]\ndays = 20")
    shop.write(text, rest=False).ok("tune", "--write")
    after = shop.config.read_text()
    for line in ("# my shop", "# what to try", "[methods.popularity]  # the baseline", "[tune.ranges.item_knn]"):
        assert line in after
    best = tomllib.loads((shop.output / "tuned.toml").read_text())["methods"]
    assert read(shop.config).methods == best
    assert best["item_knn"]["similarity"] == "cosine"
    shop.ok("check")


def test_write_changes_nothing_when_the_file_says_its_methods_otherwise(shop):
    text = f"methods = {{ popularity = {{ half_life_days = 3.0 }} }}\n{TABLES}[split]\ndays = 20\n"
    answer = shop.write(text, rest=False).run("tune", "--trials", "3", "--write")
    assert answer.code == 4
    assert "names its methods in another way than by one table [methods.NAME] for each" in answer.said
    assert shop.config.read_text() == text


@pytest.mark.slow
def test_a_second_method_of_a_kind_keeps_its_name(shop):
    shop.write(
        TABLES + '[split]\ndays = 20\n[methods.lately]\nmethod = "popularity"\nhalf_life_days = 9.0\n', rest=False
    )
    shop.ok("tune", "--trials", "3")
    found = tomllib.loads((shop.output / "tuned.toml").read_text())["methods"]
    assert found["lately"]["method"] == "popularity"
    shop.ok("compare", "--all")


def test_a_study_of_another_log_is_refused_until_it_is_begun_anew(shop):
    shop.write(f"{TABLES}{REST}{FEW}", rest=False).ok("tune", "--trials", "3")
    shop.log(events(seed=1))
    answer = shop.run("tune", "--trials", "3")
    assert answer.code == 4
    assert re.search(r"study.db is a study of other data or another question: events [\d,]+, now", answer.said)
    assert "--fresh" in answer.said
    assert len(trials(shop, "--trials", "3", "--study", str(shop.folder / "other.db"))) == 3
    shop.ok("tune", "--trials", "3", "--fresh")


@pytest.mark.slow
def test_a_killed_search_goes_on_where_it_was(shop, stopped):
    shop.write(f"{TABLES}{REST}{FEW}", rest=False)
    assert stopped("SIGKILL", "tune", "tune").code == -9
    done = trials(shop)
    assert [trial["number"] for trial in done] == list(range(8))
    whole = trials(shop, "--fresh")
    assert [(trial["settings"], trial["value"]) for trial in done] == [
        (trial["settings"], trial["value"]) for trial in whole
    ]


def test_ctrl_c_keeps_what_was_tried_and_tells_it(shop, stopped):
    shop.write(f"{TABLES}{REST}{FEW}", rest=False)
    answer = stopped("SIGINT", "tune", "tune", "--threads", "1")
    assert answer.code == 130
    assert "every finished trial is kept, the same command goes on" in answer.err
    assert "Traceback" not in answer.err
    assert "item_knn" in answer.out
    assert (shop.output / "tuned.toml").exists()


def test_tune_looks_at_nothing_of_the_test_period(shop):
    """The same log without its last 20 days for all but one customer gives the same trials."""
    shop.write(f"{TABLES}{REST}{FEW}", rest=False)
    first = [(trial["settings"], trial["value"]) for trial in trials(shop)]
    log = events()
    begin = log["timestamp"].max() - 20 * 86_400
    other = log.with_columns(
        item_id=pl.when(pl.col("timestamp") > begin).then(pl.lit("0003")).otherwise(pl.col("item_id"))
    )
    shop.log(other)
    again = [(trial["settings"], trial["value"]) for trial in trials(shop)]  # the study is even the same one
    assert again == first


@pytest.mark.slow
def test_nested_tells_what_was_promised_and_what_was_kept(shop):
    shop.write(f"{TABLES}{REST}{FEW}", rest=False)
    found = shop.ok("tune", "--nested", "2", "--json").json["nested"]
    assert {row["fold"][:13] for row in found} == {"time split at"}
    assert len(found) == 4
    said = shop.ok("tune", "--nested", "2")
    assert re.search(
        r"tuning promised [+-][\d.]+% inside and kept [+-][\d.]+% on what came after, over 2 folds", said.said
    )
    assert "How much of it is kept" in (shop.output / "tuning.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_pictures_of_a_search(shop):
    shop.write(f"{TABLES}{REST}{FEW}", rest=False)
    shop.ok("tune", "--trials", "22", "--plots", str(shop.folder / "pictures"))
    made = {path.name: path.read_text() for path in (shop.folder / "pictures").iterdir()}
    assert {"history.svg", "importance-item_knn.svg", "slice-item_knn-neighbors.svg"} <= set(made)
    assert "neighbors" in made["slice-item_knn-neighbors.svg"]


def test_a_grid_tries_every_combination_of_what_was_narrowed(shop):
    grid = '[tune.ranges.item_knn]\nneighbors = [5, 10, 20]\nrule = ["log", "count"]\n'
    shop.write(f"{TABLES}{REST}{grid}", rest=False)
    found = trials(shop, "--method", "item_knn", "--search", "grid", "--trials", "50")
    assert len(found) == 6
    assert {(one["settings"]["neighbors"], one["settings"]["rule"]) for one in found} == {
        (n, rule) for n in (5, 10, 20) for rule in ("log", "count")
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[tune]\ntrails = 3", "[tune] has no trails; did you mean trials?"),
        ('[tune]\nsearch = "random"', "[tune]: Plan: search must be one of 'bayes', 'grid'; it is 'random'"),
        ('[tune]\nmetric = "auc"', "[tune]: metric must be one of recall, recall_capped, precision, ndcg"),
        ('[tune]\nmethods = ["alss"]', "[tune]: there is no method alss; did you mean als?"),
        ("[tune.ranges.alss]\nfactors = [1, 2]", "[tune]: there is no method alss; did you mean als?"),
        ("[tune.ranges.als]\nfactor = [8, 16]", "[tune.ranges.als]: ALS has no setting factor; did you mean factors?"),
        ("[tune.ranges.als]\nfactors = [1, 16]", "ALS: factors must be from 4 to 4096; the range to search holds 1"),
        ("[tune.ranges.als]\nfactors = []", "ALS: no value is left for factors"),
        ("[tune.ranges.als]\nfactors = [64, 8]", "ALS: factors is searched from low to high; it is from 64 to 8"),
    ],
)
def test_a_search_that_cannot_be_is_told_before_any_work(shop, text, said):
    answer = shop.write(f"{TABLES}{text}\n", rest=False).run("tune")
    assert answer.code == 4
    assert said in answer.said
    assert not shop.output.exists()


def test_a_blend_is_not_tuned_but_its_methods_are(shop):
    answer = shop.run("tune", "--method", "both")
    assert answer.code == 4
    assert "a blend, a pipeline or a route; tune the methods that it is made of: item_knn, popularity" in answer.said


def test_when_nothing_can_be_fitted_the_reason_is_told(shop):
    answer = shop.run("tune", "--method", "svd", "--trials", "4")
    assert answer.code == 4
    assert "none of the 3 trials could be measured" in answer.said


def test_advise_says_of_every_method_whether_it_works_here(shop):
    said = shop.ok("advise", "--json").json
    verdicts = {row["method"]: row["works_here"] for row in said["methods"]}
    assert set(verdicts) == set(METHODS)
    assert verdicts["svd"] == "no"
    assert verdicts["item_knn"] == "yes"
    assert verdicts["content"] == "yes"
    assert "60 customers" in said["shop"][0]
    assert "needs ratings that differ" in shop.ok("advise").said
