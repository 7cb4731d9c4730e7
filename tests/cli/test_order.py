"""Commands in the wrong order, models of other items, damaged files: each says which command mends it."""

import json

import polars as pl
import pytest

from cli.corner import TABLES, events, items


@pytest.fixture
def fitted(shop):
    shop.ok("fit", "--method", "item_knn")
    return shop


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("fit",), "comparison.json is not there yet; make it with: regulars compare"),
        (("recommend",), "there is no fitted model in"),
        (("recommend",), "model yet; make it with: regulars fit"),
        (("similar", "0001"), "yet; make it with: regulars fit"),
        (("report",), "comparison.json is not there yet; make it with: regulars compare"),
    ],
)
def test_a_command_before_its_time_names_the_one_before_it(shop, words, said):
    answer = shop.run(*words)
    assert answer.code == 4
    assert said in answer.said


def test_a_report_needs_lists(fitted):
    fitted.ok("compare")
    answer = fitted.run("report")
    assert answer.code == 4
    assert "recommendations.parquet is not there yet; make it with: regulars recommend" in answer.said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("recommend", "--customer", "nobody"), "customer 'nobody' is unknown; 60 are known, the first is 'c-0"),
        (("recommend", "--customer", "c-001", "--customer", "c-999"), "customer 'c-999' is unknown"),
        (("similar", "1"), "item '1' is unknown; 40 are known, the first is '00"),
    ],
)
def test_an_unknown_id_is_told_with_one_that_is_known(fitted, words, said):
    answer = fitted.run(*words)
    assert answer.code == 4
    assert said in answer.said


def test_a_list_longer_than_the_catalog_holds_the_catalog_and_says_so(fitted):
    answer = fitted.ok("recommend", "-k", "100")
    lists = pl.read_parquet(fitted.output / "recommendations.parquet")
    assert lists.group_by("user_id").len()["len"].to_list() == [40] * 60
    assert "60 of 60 customers get fewer than 100 items" in answer.err
    assert "get fewer" not in fitted.ok("recommend").err


def test_similar_items_of_a_model_that_knows_none_say_which_do(shop):
    shop.ok("fit", "--method", "popularity")
    answer = shop.run("similar", "0001", "--json")
    assert (answer.code, answer.out) == (4, "")
    assert "item_knn, ease or als" in answer.said


def test_the_winner_must_still_be_there(shop):
    shop.ok("compare", "--method", "both")
    shop.write(TABLES + "[methods.popularity]\n", rest=False)
    answer = shop.run("fit")
    assert answer.code == 4
    assert "has no both" in answer.said
    assert "Compare again with: regulars compare, or say which to fit with --method" in answer.said


def damaged(path):
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.unlink()  # the old bytes may be mapped into this very process
    path.write_bytes(content)


def test_a_model_with_a_changed_byte_is_refused(fitted):
    damaged(next((fitted.output / "model").glob("arrays-*")))
    for words in (("recommend",), ("similar", "0001")):
        answer = fitted.run(*words)
        assert answer.code == 4
        assert "(DamagedModel)" in answer.said
        assert "is missing or not as it was written" in answer.said
        assert "regulars fit" in answer.said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"format": "regulars mod', "(DamagedModel)"),
        ("{}", "is not a model of Regulars (regulars fit makes it anew)"),
        ('{"format": "regulars model", "version": 99}', "has version 99; this release"),
    ],
)
def test_a_foreign_model_is_refused(fitted, text, said):
    (fitted.output / "model" / "model.json").write_text(text)
    answer = fitted.run("recommend")
    assert answer.code == 4
    assert said in answer.said
    assert fitted.ok("fit", "--method", "item_knn")
    assert fitted.ok("recommend")


@pytest.mark.parametrize(("gone", "said"), [("0001", "1 of which are"), ("", "40 of which are")])
def test_a_model_of_items_that_are_not_there_any_more_is_refused(fitted, gone, said):
    """gone: one of them, or all."""
    keep = pl.col("item_id") != gone if gone else pl.lit(True)
    name = pl.col("item_id") if gone else "x" + pl.col("item_id")
    fitted.log(events().filter(keep).with_columns(item_id=name))
    items().filter(keep).with_columns(item_id=name).write_csv(fitted.folder / "items.csv")
    for words in (("recommend",), ("similar", "0002" if gone else "x0001")):
        answer = fitted.run(*words)
        assert answer.code == 4
        assert "(VocabularyMismatch)" in answer.said
        assert f"the model was fitted on 40 items, {said} not among the" in answer.said
        assert "regulars fit makes it anew" in answer.said


def test_a_model_knows_its_items_in_whatever_order_they_come(fitted):
    before = fitted.ok("recommend", "--customer", "c-001", "--json").json
    similar = fitted.ok("similar", "0013", "--json").json
    fitted.log(events().reverse())
    items().reverse().write_csv(fitted.folder / "items.csv")
    assert fitted.ok("similar", "0013", "--json").json == similar
    told = fitted.ok("recommend", "--customer", "c-001", "--json").json
    assert [row["item_id"] for row in told] == [row["item_id"] for row in before]


def test_a_model_serves_a_shop_that_got_new_items_since(fitted):
    more = pl.DataFrame({"customer_id": ["c-001"], "item_id": ["new"], "timestamp": [1_720_000_000]})
    fitted.log(pl.concat([events(), more.with_columns(event_type=pl.lit("purchase"))]))
    fitted.ok("recommend")
    assert pl.read_parquet(fitted.output / "recommendations.parquet").height == 300


@pytest.mark.parametrize("content", ["{", "{}", "[]", '{"winner": "item_knn"}', "\x00"])
def test_a_damaged_comparison_is_told(fitted, content):
    (fitted.output / "comparison.json").write_text(content)
    for words in (("fit",), ("report",)):
        answer = fitted.run(*words)
        assert answer.code == 4
        assert "make it again with: regulars compare" in answer.said


def test_damaged_lists_are_told(fitted):
    fitted.ok("compare")
    (fitted.output / "recommendations.parquet").write_bytes(b"PAR1PAR1")
    answer = fitted.run("report")
    assert answer.code == 3
    assert "recommendations.parquet is damaged; make it again with: regulars recommend" in answer.said


def test_a_damaged_dataset_is_told_and_made_again_once_it_is_gone(fitted):
    (fitted.output / "prepared" / "time.npy").write_bytes(b"abc")
    answer = fitted.run("recommend")
    assert answer.code == 3
    assert "prepared is damaged; delete it and prepare again (regulars check)" in answer.said
    for path in sorted((fitted.output / "prepared").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    assert fitted.ok("recommend")


@pytest.mark.parametrize("place", ["events.csv", "events.csv/below"])
@pytest.mark.parametrize("words", [("check",), ("compare",), ("fit", "-m", "item_knn")])
def test_an_output_folder_that_cannot_be_written_is_told(shop, place, words):
    answer = shop.write(f'output = "{place}"\n{TABLES}').run(*words)
    assert answer.code == 4
    assert "(CannotWrite)" in answer.said
    assert f"{shop.folder / place} cannot be" in answer.said
    assert 'Name another folder in regulars.toml: output = "..."' in answer.said


@pytest.mark.parametrize("name", ["model.json", "recommendations.parquet", "recommendations.csv", "report.html"])
def test_a_result_that_cannot_be_written_is_told(fitted, name):
    fitted.ok("compare")
    fitted.ok("recommend")
    (fitted.output / name).unlink(missing_ok=True)
    (fitted.output / name / "in the way").mkdir(parents=True)
    words = {"model.json": ("fit", "-m", "item_knn"), "report.html": ("report",)}.get(name, ("recommend",))
    answer = fitted.run(*words)
    assert answer.code == 4
    assert "(CannotWrite)" in answer.said
    assert f"{fitted.output / name} cannot be written" in answer.said
    assert not list(fitted.output.glob("*.part"))


def test_a_configuration_that_cannot_be_written_is_told(shop):
    answer = shop.run("init", shop.folder, "--config", shop.folder / "events.csv" / "regulars.toml")
    assert answer.code == 4
    assert "(CannotWrite)" in answer.said
    shop.ok("init", shop.folder, "--config", shop.folder / "new" / "folder" / "regulars.toml")
    assert shop.ok("check", "--config", shop.folder / "new" / "folder" / "regulars.toml")


def test_every_command_speaks_json(fitted):
    fitted.ok("compare")
    said = {
        words[0]: fitted.ok(*words, "--json").json
        for words in (
            ("check",),
            ("evaluate", "item_knn"),
            ("compare",),
            ("fit", "-m", "item_knn"),
            ("recommend",),
            ("similar", "0001"),
            ("report",),
            ("init", fitted.folder, "--force"),
        )
    }
    assert said["check"]["events"] == events().height
    assert {row["name"] for row in said["evaluate"]["metrics"]} == {"item_knn"}
    assert said["compare"] == json.loads((fitted.output / "comparison.json").read_text())
    assert said["fit"]["method"] == "item_knn"
    assert (said["recommend"]["customers"], said["recommend"]["rows"]) == (60, 300)
    assert len(said["similar"]) == 10
    assert said["report"] == {"report": str(fitted.output / "report.html")}
    assert said["init"]["config"] == str(fitted.config)
