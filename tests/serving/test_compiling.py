"""Compiling: once for each sort of version and machine, beside the service; a start says what it waits for."""

import json
import threading

import pytest

from regulars.core.errors import NotYet
from regulars.kernels.compiled import tell_what_is_compiled
from regulars.models import ALS, ItemKNN
from regulars.serving import following
from regulars.serving.compiling import Compiling, sort_of
from regulars.serving.engine import Engine
from regulars.serving.questions import Question
from regulars.serving.rehearsing import rehearse_service
from regulars.serving.scenarios import scenarios_of
from regulars.serving.wiring import Setup, open_service
from serving.fitting import WEIGHTS, fitted, made


class Counted(Compiling):
    """Counts instead of compiling."""

    works = True

    def _compiled(self, version):
        self._doing(version.name)
        return self.works


def test_versions_of_the_same_models_are_compiled_once_and_again_where_it_failed(versions, data):
    als = ALS(factors=8).fit(data)
    first, again = (made(versions, data, name) for name in ("v1", "v2"))
    other = versions.make(fitted(data, {"als": als, "item_knn": ItemKNN().fit(data)}), "v3")
    said: list[str] = []
    compiling = Counted(versions.folder, said.append)
    compiling.works = False
    compiling.prepare(versions.path(first.name))
    compiling.works = True
    for version in (first, again, other, first):
        compiling.prepare(versions.path(version.name))
    assert said == ["v1", "", "v1", "", "v3", ""]
    assert len({sort_of(versions.path(one.name)) for one in (first, again, other)}) == 2
    Counted(versions.folder, said.append).prepare(versions.path(again.name))
    assert len(said) == 6


def test_a_service_without_models_has_its_own_arithmetic_compiled_once(tmp_path, store, versions, monkeypatch):
    asked = []
    monkeypatch.setattr(Compiling, "_compiled", lambda self, version: not asked.append(version))
    for _ in range(2):
        follower = following.Follower(store, versions, weights=WEIGHTS, compiling=True)
        follower.step()
        follower.close()
    assert asked == [None]


def test_after_the_rehearsal_rules_find_their_kernels_compiled(shop):
    said: list[str] = []
    rehearse_service()
    tell_what_is_compiled(said.append)
    rules = {"caps": {"brand": 3}, "pins": [{"item": "i3", "slot": 2}], "shares": [{"by": "brand", "at_most": 0.5}]}
    engine = Engine(shop.store, lambda: shop.shop, scenarios_of({}, rules=rules))
    for customers in (["c1"], ["c1", "c2", "nobody"]):
        questions = [Question(scenario="popular", customer=one) for one in customers]
        assert all(answer.lines for answer in engine.answer(questions))
    assert not [one for one in said if one.startswith(("kernels.arranging", "kernels.bands"))]


def test_a_note_that_cannot_be_read_and_a_version_that_is_not_there_stop_nobody(versions, tmp_path):
    versions.folder.mkdir()
    (versions.folder / ".compiled.json").write_text("{")
    Counted(versions.folder, len).prepare(tmp_path / "nothing")
    assert len(json.loads((versions.folder / ".compiled.json").read_text())) == 1


@pytest.mark.slow
def test_the_process_beside_asks_the_models_of_a_version(versions, data):
    version = made(versions, data)
    Compiling(versions.folder, len).prepare(versions.path(version.name))
    assert json.loads((versions.folder / ".compiled.json").read_text()) == [sort_of(versions.path(version.name))]


def test_a_service_that_is_starting_says_what_it_does_and_answers_when_it_is_ready(
    tmp_path, store, versions, data, monkeypatch
):
    made(versions, data, "v1")
    go, load = threading.Event(), following.load_version

    def slow(*arguments, **named):
        assert go.wait(60)
        return load(*arguments, **named)

    monkeypatch.setattr(following, "load_version", slow)
    opened = threading.Event()
    plain = Setup(
        store="", folder=versions.folder, known=("item_knn",), home=("item_knn",), weights=WEIGHTS, pause=0.02
    )
    service = open_service(plain, store, patience=0.01, opened=opened.set)
    question = Question(scenario="home", customer="c1")
    assert not service.ready()
    assert "loaded" in service.problems()["starting"]
    with pytest.raises(NotYet, match="starting"):
        service.submit(question).result(30)
    go.set()
    assert opened.wait(60)
    assert service.submit(question).result(30).version == "v1"
    assert service.ready()
    assert service.problems() == {}
    service.close()
