"""Versions on the disk: whole or not at all, under names that can be folders; damage is told before anybody asks."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from regulars.core import Queries, Vocabulary
from regulars.core.errors import CannotWrite, DamagedModel, ForeignModel, SettingError, UnknownId
from regulars.models import ItemKNN
from regulars.serving import versions as module
from regulars.serving.loading import items_of, load_version, verify
from regulars.serving.versions import SCRATCH, Versions, checked, part_folder, write_version
from serving.fitting import by_content, filled, fitted, made
from serving.shopping import dataset


@pytest.fixture(scope="module")
def data():
    return dataset()


@pytest.fixture
def versions(tmp_path):
    store = filled(tmp_path)
    yield Versions(tmp_path / "models", store.models)
    store.close()


def test_a_version_comes_back_from_the_disk_as_it_was(versions, data):
    wanted = fitted(data)
    version = versions.make(wanted)
    loaded = load_version(versions.path(version.name))
    assert loaded.deployment.version == version.name
    assert loaded.deployment.items.fingerprint == data.items.fingerprint == version.fingerprint
    assert loaded.deployment.kinds == data.kinds
    assert loaded.deployment.weights["purchase"] == 1.0
    assert loaded.catalog["brand"].to_list() == wanted.catalog["brand"].to_list()
    queries = Queries.of([[1, 2], [30]])
    for name, recommender in wanted.recommenders.items():
        answer = loaded.deployment.recommenders[name].recommend(queries, 5)
        np.testing.assert_array_equal(answer.items, recommender.recommend(queries, 5).items)


def test_the_items_of_a_version_are_read_without_its_models(versions, data):
    version = versions.make(fitted(data))
    assert items_of(versions.path(version.name)).ids.to_list() == data.items.ids.to_list()


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../x", "a/b", "a\\b", "/etc", "a\x00b", ".hidden", "x" * 101, "über", "a b", "x.", "-x", "a\n"],
)
def test_what_cannot_be_a_folder_cannot_be_the_name_of_a_version(versions, data, name):
    with pytest.raises(SettingError):
        checked(name)
    with pytest.raises(SettingError):
        versions.path(name)
    if name:
        with pytest.raises(SettingError):
            versions.make(fitted(data), name)
        assert versions.models.all() == []


def test_the_parts_of_hostile_names_stay_in_their_folder(tmp_path, data):
    folders = [part_folder(name) for name in ("..", ".", "a/../../b", "", "a b", "ß", "x" * 60)]
    assert len(set(folders)) == len(folders)
    for folder in folders:
        assert (tmp_path / folder).resolve().parent == tmp_path.resolve()
    known = fitted(data)
    hostile = fitted(data, {"../../escaped": known.recommenders["popularity"]})
    write_version(hostile, tmp_path / "models" / "v1")
    assert set(load_version(tmp_path / "models" / "v1").deployment.recommenders) == {"../../escaped"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["models"]


def test_a_name_that_is_taken_is_refused(versions, data):
    made(versions, data, "v1")
    with pytest.raises(SettingError, match="already"):
        made(versions, data, "v1")


def test_versions_of_one_second_get_names_of_their_own(versions, data):
    wanted = fitted(data)
    assert len({versions.make(wanted).name for _ in range(3)}) == 3


def test_an_unknown_version_is_refused_by_the_names_of_those_that_are_there(versions, data):
    made(versions, data, "v1")
    with pytest.raises(UnknownId, match="there are v1"):
        versions.known("v2")


def test_what_was_interrupted_leaves_no_version(versions, data, monkeypatch):
    wanted = fitted(data)

    def full(folder):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(wanted.live, "save", full, raising=False)
    with pytest.raises(CannotWrite, match="No space left"):
        versions.make(wanted, "v1")
    assert versions.models.all() == []
    assert [path for path in versions.folder.iterdir() if not path.name.startswith(SCRATCH)] == []
    assert list(versions.folder.glob(f"{SCRATCH}*")) == []


@pytest.mark.parametrize("what", ["version.json", "items.parquet", "live", "parts", "model.json", "arrays"])
def test_a_version_that_lacks_or_has_a_changed_file_is_refused(versions, data, what):
    folder = versions.path(made(versions, data).name)
    part = folder / "parts" / part_folder("item_knn")
    if what in ("live", "parts"):
        shutil.rmtree(folder / what)
    else:
        path = next(part.glob("arrays-*")) if what == "arrays" else (part if what == "model.json" else folder) / what
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    with pytest.raises((DamagedModel, ForeignModel)):
        load_version(folder)


def test_damaged_arrays_are_found_afterwards_where_the_start_was_quick(versions, data):
    folder = versions.path(made(versions, data).name)
    arrays = next((folder / "parts" / part_folder("item_knn")).glob("arrays-*"))
    verify(folder)
    content = bytearray(arrays.read_bytes())
    content[-1] ^= 1
    arrays.write_bytes(content)
    load_version(folder, thorough=False)
    with pytest.raises(DamagedModel, match="item_knn"):
        verify(folder)


@pytest.mark.parametrize("page", [b"", b"[]", b"{}", b'{"format": "regulars version", "version": 99}', b"\xff\xfe"])
def test_a_page_that_is_none_is_refused(versions, data, page):
    folder = versions.path(made(versions, data).name)
    (folder / "version.json").write_bytes(page)
    with pytest.raises((ForeignModel, DamagedModel)):
        load_version(folder)


def test_a_page_that_was_edited_is_refused(versions, data):
    folder = versions.path(made(versions, data).name)
    page = json.loads((folder / "version.json").read_bytes())
    page["body"]["n_items"] = 7
    (folder / "version.json").write_text(json.dumps(page), encoding="utf-8")
    with pytest.raises(DamagedModel, match="not as it was written"):
        load_version(folder)


def test_a_folder_that_is_no_version_is_refused(tmp_path):
    with pytest.raises(ForeignModel, match="holds no version"):
        load_version(tmp_path)


def test_old_versions_go_but_for_those_in_use(versions, data):
    wanted = fitted(data)
    for name in ("v1", "v2", "v3", "v4", "v5", "v6"):
        versions.make(wanted, name)
    versions.models.promote("v1")
    versions.models.stage("v2", "shadow")
    versions.models.stage("v3", "canary", 0.1)
    newest = [one.name for one in versions.models.all()][:2]
    gone = versions.prune(2)
    left = {path.name for path in versions.folder.iterdir()}
    assert left == {"v1", "v2", "v3", *newest}
    assert set(gone) == {"v1", "v2", "v3", "v4", "v5", "v6"} - left
    assert versions.models.get(gone[0]).stage == "retired"


def test_numbers_as_ids_come_back_as_the_texts_that_the_shop_asks_with(tmp_path, data):
    numbered = Vocabulary(data.items.ids.str.slice(1).cast(int))
    known = fitted(data)
    write_version(replace(known, items=numbered), tmp_path / "v1")
    loaded = load_version(tmp_path / "v1")
    assert loaded.deployment.items.extends(numbered)
    assert loaded.deployment.items.extended(["new"]).extends(numbered)


def test_a_model_that_takes_new_items_keeps_the_columns_it_reads(versions, data):
    wanted = fitted(data, {"content": by_content(data)})
    loaded = load_version(versions.path(versions.make(wanted).name))
    assert loaded.features.schema == data.item_features.schema
    assert loaded.features.height == 0


def test_two_replicas_that_make_a_version_at_the_same_moment_both_do(versions, data, monkeypatch):
    """As on a first day, when both begin at once in one folder."""
    write, seen = module.write_version, []

    def slow(fitted, folder):
        seen.append(folder.name)
        if len(seen) == 1:  # the other one is faster
            write(fitted, folder)
        write(fitted, folder)

    monkeypatch.setattr(module, "write_version", slow)
    version = versions.make(fitted(data, {"item_knn": ItemKNN().fit(data)}))
    assert version.name == seen[1] != seen[0]
    assert versions.path(seen[0]).is_dir()
    assert versions.path(seen[1]).is_dir()
