"""[content]: texts and pictures of the items become vectors beside their attributes, once, and are known again."""

import numpy as np
import polars as pl
import pytest
from PIL import Image

from cli.corner import TABLES, items
from features.sentence_models import written
from regulars.cli.content import check_encoders, encoded, with_content
from regulars.cli.project import Project
from regulars.core import QUIET
from regulars.core.errors import EncoderMismatch, MissingExtra
from regulars.features import Inputs

pytest.importorskip("transformers")
CONTENT = """
[content.story]
texts = ["title", "about"]
encoder = "model"
{more}
[content.photo]
pictures = "image"
folder = "photos"
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return written(tmp_path_factory.mktemp("sentences") / "model")


@pytest.fixture
def told(shop, model):
    """The corner shop with a text for most items, one of them HTML, and a few photos, one of them damaged."""
    (shop.folder / "model").symlink_to(model)
    photos = shop.folder / "photos"
    photos.mkdir()
    random = np.random.default_rng(0)
    for n in range(4):
        Image.fromarray(random.integers(0, 255, (40, 30, 3), dtype=np.uint8)).save(photos / f"{n}.png")
    (photos / "3.png").write_bytes((photos / "3.png").read_bytes()[:60])
    table = items().with_columns(
        about=pl.Series(["<p>warm &amp; red</p>", "Зелёный чай", None, ""] * 10),
        image=pl.Series([f"{n}.png" for n in range(5)] + [None] * 35),
    )
    table.write_csv(shop.folder / "items.csv")
    return shop.write(TABLES + CONTENT.format(more=""))


def project(shop):
    made = Project.open(shop.config)
    return made, made.prepared(QUIET)


def test_check_shows_how_much_of_the_catalog_has_vectors_and_what_cannot_be_read(told):
    said = told.ok("check").said
    assert "Texts and pictures" in said
    assert "photo of 0003: " in said
    assert "photo of 0004: " in said
    found = told.ok("check", "--json").json["content"]
    assert [(one["column"], one["rows"], one["told"], one["missing"], one["unreadable"]) for one in found] == [
        ("story", 40, 40, 0, 0),
        ("photo", 40, 3, 35, 2),
    ]
    assert found[0]["computed"] == 0, "what the first check encoded is kept"


def test_the_methods_see_columns_of_vectors(told):
    shop, prepared = project(told)
    made, _ = with_content(shop, prepared, QUIET)
    features = made.dataset.item_features
    assert features["story_vector"].dtype == pl.Array(pl.Float32, 16)
    assert features["photo_vector"].null_count() == 37
    assert {part.column for part in Inputs.learn(features).vectors} == {"story_vector", "photo_vector"}


def test_a_fitted_model_remembers_its_encoders_and_refuses_others(told):
    told.ok("fit", "--method", "popularity")
    told.ok("recommend", "--customer", "c-001")
    told.write(TABLES + CONTENT.format(more='prefix = "query: "'))
    answer = told.run("recommend", "--customer", "c-001")
    assert answer.code != 0
    assert "the model was fitted on story_vector by the encoder (sentences" in answer.said
    assert "fit again with: regulars fit" in answer.said
    told.write(TABLES)
    assert "has no [content.story] any more" in told.run("recommend", "--customer", "c-001").said
    told.write(TABLES + CONTENT.format(more=""))
    told.ok("recommend", "--customer", "c-001")


def test_without_the_encoder_a_model_still_answers_but_makes_no_vectors(told, monkeypatch):
    told.ok("fit", "--method", "popularity")
    shop, prepared = project(told)
    saved, _ = shop.fitted(prepared.dataset)
    assert set(saved.content) == {"story_vector", "photo_vector"}

    def lacking(*_):
        raise MissingExtra("transformers", "text")

    monkeypatch.setattr("regulars.features.text_encoders.folder_of", lacking)
    check_encoders(shop, saved, QUIET)
    with pytest.raises(MissingExtra):
        check_encoders(shop, saved, QUIET, needed=True)


def test_another_model_in_the_same_folder_is_another_encoder(told, tmp_path):
    told.ok("fit", "--method", "popularity")
    (told.folder / "model").unlink()
    written(told.folder / "model", seed=1)
    shop, prepared = project(told)
    with pytest.raises(EncoderMismatch):
        check_encoders(shop, shop.fitted(prepared.dataset)[0], QUIET)


def test_new_items_get_the_vectors_of_the_same_encoders(told):
    shop, prepared = project(told)
    made, _ = with_content(shop, prepared, QUIET)
    new = prepared.dataset.item_features.head(2).with_columns(image=pl.lit(None, dtype=pl.String))
    again, (story, photo) = encoded(shop, new, QUIET)
    assert story.computed == 0
    assert photo.missing == 2
    assert again["story_vector"].to_list() == made.dataset.item_features["story_vector"].head(2).to_list()


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('texts = ["title"]\npictures = "image"', "[content.story]: needs either texts"),
        ('encoder = "model"', "neither is there"),
        (
            'texts = ["titel"]\nencoder = "model"',
            "has no titel; did you mean title",
        ),
        ('pictures = "image"\nfolder = "none"', "is not there; pictures are looked for in it"),
        ('pictures = "image"\nprefix = "a"', "max_tokens and prefix are of texts"),
        ('texts = ["title"]\nencoder = "./none"', "[content.story]: there is no model folder"),
        ('texts = ["title"]\nmodel = "x"', "[content.story] has no model"),
        ('texts = ["price"]\nencoder = "model"\nmax_tokens = -1', "max_tokens must be at least 0"),
    ],
)
def test_a_mistake_in_the_table_is_told_with_its_place(told, table, said):
    told.write(f"{TABLES}\n[content.story]\n{table}\n")
    answer = told.run("check")
    assert answer.code != 0
    assert said in answer.said


def test_init_writes_the_table_as_a_comment_that_can_be_taken_as_it_is(told):
    told.config.unlink()
    told.ok("init", told.folder / "events.csv", told.folder / "items.csv")
    text = told.config.read_text(encoding="utf-8")
    lines = text.splitlines()
    start = lines.index("# [content.story]")
    taken = [line.removeprefix("# ") for line in lines[start : start + 2]]
    assert taken == ["[content.story]", 'texts = ["title"]   # read together by a sentence model']
    assert '# pictures = "image"   # paths' in lines
    assert Project.open(told.config).config.content == {}
    told.config.write_text(text.replace("\n# [content.story]\n# texts", "\n[content.story]\ntexts"), encoding="utf-8")
    assert Project.open(told.config).config.content["story"].texts == ("title",)


def test_a_new_item_is_in_the_lists_without_a_fit(told):
    tower = "\n[methods.two_tower]\nepochs = 2\nbatch = 64\n"
    told.write(TABLES + CONTENT.format(more="") + tower)
    told.ok("fit", "--method", "two_tower")
    assert "the model knows all 40 items" in told.run("add").said
    table = pl.read_csv(told.folder / "items.csv", schema_overrides={"item_id": pl.String})
    new = table.head(1).with_columns(item_id=pl.lit("0040"), image=pl.lit("2.png"))
    nothing = pl.DataFrame({"item_id": ["0041"]})
    pl.concat([new, nothing, table.reverse()], how="diagonal").write_csv(told.folder / "items.csv")
    answer = told.ok("add", "--json").json
    assert answer["added"] == 2
    assert [(one["column"], one["told"], one["computed"]) for one in answer["content"]] == [
        ("story", 1, 0),
        ("photo", 1, 0),
    ]
    assert len(told.ok("similar", "0040", "-k", "3", "--json").json) == 3
    assert "the model knows nothing like 0041" in told.ok("similar", "0040", "0041").said
    assert "the model knows nothing like 0041" in told.run("similar", "0041").said
    asked = told.ok("recommend", "--customer", "c-000", "-k", "41", "--json").json
    assert "0040" in {row["item_id"] for row in asked if row["source"] == "two_tower"}


def test_a_model_that_reads_no_attributes_takes_no_new_items(told):
    told.ok("fit", "--method", "popularity")
    table = pl.read_csv(told.folder / "items.csv", schema_overrides={"item_id": pl.String})
    pl.concat([table, table.head(1).with_columns(item_id=pl.lit("0040"))]).write_csv(told.folder / "items.csv")
    assert "none of these methods takes new items without a fit" in told.run("add").said
