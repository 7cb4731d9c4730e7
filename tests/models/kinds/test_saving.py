"""Models on disk: back as they were, or refused."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file

from regulars.core import Queries, Vocabulary, floats, ints, longs
from regulars.core.errors import (
    CannotDo,
    CannotWrite,
    DamagedModel,
    ForeignModel,
    ModelError,
    VocabularyMismatch,
)
from regulars.models.kinds import DenseItemItem, Groups, ItemScores, Profile, SparseItemItem
from regulars.models.kinds import saving as saving_module
from regulars.models.kinds.saving import load, save
from regulars.models.kinds.tree import KINDS, from_tree, kind, to_tree

ITEMS = Vocabulary.of(["apple", "pear", "żurek 🍲"])
SPARSE = SparseItemItem("item_knn", 3, longs([0, 1, 2, 2]), ints([1, 0]), floats([0.5, 0.25]), Profile("log"))
DENSE = DenseItemItem("ease", 3, ints([0, 2]), floats([[0, 1], [2, 0]]), Profile("binary", 30.0))
POPULAR = ItemScores(
    "popularity", 3, floats([[3, 2, np.nan]] * 3), Groups("store", Vocabulary.of([7, 9_000_000_000_000]))
)


def same(left: object, right: object) -> bool:
    """Whether two values are stored alike."""
    ours: dict[str, np.ndarray] = {}
    theirs: dict[str, np.ndarray] = {}
    equal_words = to_tree(left, "it", ours) == to_tree(right, "it", theirs)
    return equal_words and all(
        ours[name].dtype == theirs[name].dtype and np.array_equal(ours[name], theirs[name], equal_nan=True)
        for name in ours.keys() | theirs.keys()
    )


@pytest.mark.parametrize("model", [SPARSE, DENSE, POPULAR], ids=lambda model: model.method)
def test_a_model_comes_back_as_it_was(model: SparseItemItem | DenseItemItem | ItemScores, tmp_path: Path) -> None:
    save(model, tmp_path / "model", ITEMS)
    saved = load(tmp_path / "model")
    assert same(saved.recommender, model)
    assert same(saved.items, ITEMS)
    queries = Queries.of([[0], [1, 2], []])
    answer = saved.recommender.recommend(queries, 2)
    np.testing.assert_array_equal(answer.items, model.recommend(queries, 2).items)


def test_a_model_remembers_what_encoded_the_contents_that_it_was_fitted_on(tmp_path: Path) -> None:
    save(POPULAR, tmp_path, ITEMS, content={"story_vector": "sentences 1: 8e31"})
    assert load(tmp_path).content == {"story_vector": "sentences 1: 8e31"}
    save(POPULAR, tmp_path, ITEMS)
    assert load(tmp_path).content == {}


def test_the_arrays_are_mapped_aligned_and_any_reader_of_safetensors_finds_them(tmp_path: Path) -> None:
    save(POPULAR, tmp_path, ITEMS)
    saved = load(tmp_path).recommender
    assert isinstance(saved, ItemScores)
    assert not saved.scores.flags.owndata
    assert saved.scores.flags.aligned
    (file,) = tmp_path.glob("*.safetensors")
    np.testing.assert_array_equal(load_file(file)["recommender.scores"], POPULAR.scores)


def test_what_is_done_to_a_loaded_model_does_not_reach_the_disk(tmp_path: Path) -> None:
    save(DENSE, tmp_path, ITEMS)
    first = load(tmp_path).recommender
    assert isinstance(first, DenseItemItem)
    first.weights[:] = 9
    assert same(load(tmp_path).recommender, DENSE)


def test_a_new_model_takes_the_place_of_the_old_one_whose_readers_keep_it(tmp_path: Path) -> None:
    save(SPARSE, tmp_path, ITEMS)
    old = load(tmp_path)
    save(DENSE, tmp_path, ITEMS)
    assert same(load(tmp_path).recommender, DENSE)
    assert same(old.recommender, SPARSE)
    assert len(list(tmp_path.iterdir())) == 2


def test_a_loaded_model_can_be_saved_where_it_came_from(tmp_path: Path) -> None:
    save(DENSE, tmp_path, ITEMS)
    save(load(tmp_path).recommender, tmp_path, ITEMS)
    assert same(load(tmp_path).recommender, DENSE)


@pytest.mark.parametrize("step", ["write_arrays", "_digest_of", "_sync"])
def test_an_interrupt_leaves_the_old_model_whole(step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    save(SPARSE, tmp_path, ITEMS)
    with monkeypatch.context() as patch:
        patch.setattr(saving_module, step, interrupt)
        with pytest.raises(KeyboardInterrupt):
            save(DENSE, tmp_path, ITEMS)
    assert same(load(tmp_path).recommender, SPARSE)
    assert len(list(tmp_path.iterdir())) == 2


def test_what_a_killed_writer_left_is_swept_away(tmp_path: Path) -> None:
    (tmp_path / ".writing-abandoned").mkdir()
    (tmp_path / ".writing-abandoned" / "arrays").write_bytes(b"half")
    (tmp_path / "arrays-0123456789abcdef.safetensors").write_bytes(b"never named by a page")
    save(DENSE, tmp_path, ITEMS)
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("name", ["model.json", "arrays"])
@given(data=st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_byte_is_refused_or_harmless(name: str, tmp_path: Path, data: st.DataObject) -> None:
    save(DENSE, tmp_path, ITEMS)
    (path,) = tmp_path.glob(f"{name}*")
    content = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    try:
        saved = load(tmp_path)
    except ModelError:
        return
    assert same(saved.recommender, DENSE)


@pytest.mark.parametrize("name", ["model.json", "arrays"])
def test_a_file_that_is_cut_off_is_refused(name: str, tmp_path: Path) -> None:
    save(DENSE, tmp_path, ITEMS)
    (path,) = tmp_path.glob(f"{name}*")
    content = path.read_bytes()
    for length in (0, 1, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:length])
        with pytest.raises(DamagedModel):
            load(tmp_path)


def test_a_lost_array_file_is_refused(tmp_path: Path) -> None:
    save(DENSE, tmp_path, ITEMS)
    next(tmp_path.glob("arrays*")).unlink()
    with pytest.raises(DamagedModel, match="missing"):
        load(tmp_path)


def test_a_folder_without_a_model_is_foreign(tmp_path: Path) -> None:
    with pytest.raises(ForeignModel, match="no saved model"):
        load(tmp_path / "nowhere")
    (tmp_path / "model.json").write_text('{"format": "something else"}')
    with pytest.raises(ForeignModel, match="not a model of Regulars"):
        load(tmp_path)


def test_a_newer_version_is_foreign_and_the_message_names_both(tmp_path: Path) -> None:
    save(DENSE, tmp_path, ITEMS)
    page = json.loads((tmp_path / "model.json").read_text())
    (tmp_path / "model.json").write_text(json.dumps(page | {"version": 2}))
    with pytest.raises(ForeignModel, match=r"version 2; this release .* reads 1"):
        load(tmp_path)


def test_a_file_names_only_classes_of_the_table() -> None:
    with pytest.raises(ForeignModel, match="'system'"):
        from_tree({"class": "system", "fields": {}}, {})
    with pytest.raises(ForeignModel, match="half_life"):
        from_tree({"class": "Profile", "fields": {"rule": "count", "half_life": 3.0}}, {})
    with pytest.raises(ForeignModel):
        from_tree({"module": "os"}, {})


def test_every_class_of_the_table_is_there_under_its_name() -> None:
    assert [kind(name).__name__ for name in KINDS] == list(KINDS)


def test_weights_that_point_outside_of_the_catalog_are_refused(tmp_path: Path) -> None:
    save(SPARSE, tmp_path, ITEMS)
    arrays: dict[str, np.ndarray] = {}
    tree = to_tree(SPARSE, "it", arrays)
    arrays["it.indices"] = ints([1, 3])
    with pytest.raises(Exception, match="from 0 to 2"):
        from_tree(tree, arrays)


def test_a_model_of_other_items_is_refused(tmp_path: Path) -> None:
    save(SPARSE, tmp_path, ITEMS)
    saved = load(tmp_path)
    saved.check(ITEMS)
    saved.check(ITEMS.extended(["fig"]))
    with pytest.raises(VocabularyMismatch, match="fitted on 3 items"):
        saved.check(Vocabulary.of(["pear", "apple", "żurek 🍲"]))
    with pytest.raises(VocabularyMismatch):
        saved.check(Vocabulary.of(["apple"]))


def test_what_is_not_arrays_and_known_kinds_cannot_be_saved(tmp_path: Path) -> None:
    with pytest.raises(CannotDo, match=r"recommender\.data is of the type list"):
        save(SparseItemItem("x", 0, longs([0]), ints([]), []), tmp_path, ITEMS)  # type: ignore[arg-type]
    with pytest.raises(CannotDo, match="type Queries"):
        save(Queries.of([[]]), tmp_path, ITEMS)  # type: ignore[arg-type]


def test_a_folder_that_does_not_accept_files_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(CannotWrite, match="file"):
        save(DENSE, tmp_path / "file" / "model", ITEMS)


def test_empty_models_and_ids_of_all_kinds_survive(tmp_path: Path) -> None:
    empty = DenseItemItem("ease", 0, ints([]), floats(np.empty((0, 0))))
    for items in (
        Vocabulary.of([]),
        Vocabulary.of([5, -1, 2**62]),
        Vocabulary.of(["", "a b", "042"]),
        Vocabulary.of(["", "\x00"]),
    ):
        save(empty, tmp_path, items)
        assert same(load(tmp_path).items, items)
        assert same(load(tmp_path).recommender, empty)


def test_an_array_that_is_held_twice_is_written_once() -> None:
    numbers, arrays = floats([1, 2, 3]), dict[str, np.ndarray]()
    again = from_tree(to_tree((numbers, numbers, numbers.copy()), "it", arrays), arrays)
    assert len(arrays) == 2
    assert again[0] is again[1]
    assert [part.tolist() for part in again] == [[1, 2, 3]] * 3


def test_numbers_that_json_does_not_know_survive() -> None:
    values = (np.inf, -np.inf, 0.1, True, None, "text", np.float32(0.5), np.int64(3), (1, ()))
    assert from_tree(to_tree(values, "it", {}), {}) == values
