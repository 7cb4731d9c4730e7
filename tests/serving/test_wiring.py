"""A service as it is assembled: it answers, follows, swaps under load, and lets nothing fall when it closes."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from regulars.serving.filling import fill
from regulars.serving.questions import Question
from regulars.serving.traffic import drawn
from regulars.serving.versions import Versions
from regulars.serving.wiring import Setup, open_service
from regulars.store import open_store
from serving.fitting import WEIGHTS, by_content, event, filled, fitted, made
from serving.shopping import BRANDS, NOW, dataset


@pytest.fixture(scope="module")
def data():
    return dataset()


@pytest.fixture
def served(tmp_path, data):
    """A service of a store with one version, answering from item_knn."""
    store = filled(tmp_path, data)
    versions = Versions(tmp_path / "models", store.models)
    made(versions, data, "v1")
    service = open_service(setup(tmp_path), store)
    yield service, versions
    service.close()


def setup(folder, **changes):
    plain = Setup(
        store="",
        folder=folder / "models",
        known=("item_knn", "popularity", "content"),
        home=("item_knn", "popularity"),
        weights=WEIGHTS,
        pause=0.02,
    )
    return replace(plain, **changes)


def ask(service, customer="c1", **wishes):
    return service.submit(Question(scenario="home", customer=customer, **wishes)).result(10)


def test_a_service_answers_from_the_live_version(served):
    service, _ = served
    answer = ask(service)
    assert service.ready()
    assert answer.version == "v1"
    assert len(answer.lines) == 10
    assert answer.lines[0].source == "item_knn"
    assert answer.known


def test_an_event_counts_in_the_answer_after_it(served):
    service, _ = served
    assert not ask(service, "newcomer").known
    service.writer.submit([event(1, "i33", "newcomer")]).result(10)
    answer = ask(service, "newcomer", k=5)
    assert answer.known
    assert {BRANDS[int(line.item_id[1:]) // 10 % 4] for line in answer.lines[:2]} == {"Dahlia"}


def test_versions_are_swapped_while_many_ask_and_no_answer_is_lost_or_mixed(served, data):
    service, versions = served
    made(versions, data, "v2", promote=False)
    stop = threading.Event()
    alone = {}
    for version in ("v1", "v2"):
        versions.models.promote(version)
        wait(lambda version=version: service.shop().deployment.version == version)
        alone[version] = [lines(ask(service, f"c{n}")) for n in range(20)]

    def asking(thread):
        found = []
        n = thread
        while not stop.is_set():
            n += 1
            answer = ask(service, f"c{n % 20}")
            found.append((answer.version, lines(answer) == alone[answer.version][n % 20]))
        return found

    with ThreadPoolExecutor(4) as pool:
        work = [pool.submit(asking, thread) for thread in range(4)]
        for version in ("v1", "v2") * 5:
            versions.models.promote(version)
            service.refresh()
            wait(lambda version=version: service.shop().deployment.version == version)
        stop.set()
        answers = [one for thread in work for one in thread.result(20)]
    assert {version for version, _ in answers} == {"v1", "v2"}
    assert all(right for _, right in answers)


@pytest.mark.parametrize("model", ["content", "item_knn"])
def test_a_new_item_is_recommendable_within_a_second(tmp_path, data, model):
    store = filled(tmp_path, data)
    versions = Versions(tmp_path / "models", store.models)
    known = fitted(data) if model == "item_knn" else fitted(data, {"content": by_content(data)})
    versions.models.promote(versions.make(known, "v1").name)
    scenarios = {"home": {"sources": [model]}, "novelties": {"sources": ["new"]}}
    service = open_service(setup(tmp_path, scenarios=scenarios), store)
    ask(service)
    begun = time.monotonic()
    store.items.put({"fresh": {"brand": "Dahlia", "price": 100.0, "stock": 5}})
    service.refresh()
    if model == "content":
        wait(lambda: "fresh" in {line.item_id for line in ask(service, "c3", k=42).lines if line.source == model})
    wait(lambda: "fresh" in {line.item_id for line in novelties(service)})
    assert time.monotonic() - begun < 1.0
    service.close()


def novelties(service):
    return service.submit(Question(scenario="novelties", customer="c3", k=5)).result(10).lines


def test_the_shadow_is_in_the_log_and_not_in_the_answer(served, data):
    service, versions = served
    made(versions, data, "v2", promote=False)
    versions.models.stage("v2", "shadow")
    service.refresh()
    wait(lambda: service.shop().shadow is not None)
    answer = ask(service)
    assert answer.version == "v1"
    wait(lambda: service.shadow.answered == 1)
    assert service.exposing.flush(10)
    log = service.store.exposures.frame()
    assert set(zip(log["version"], log["arm"], strict=True)) == {("v1", ""), ("v2", "shadow")}


def test_a_canary_answers_its_share_of_the_customers_through_the_whole_service(served, data):
    service, versions = served
    made(versions, data, "v2", promote=False)
    versions.models.stage("v2", "canary", 0.4)
    service.refresh()
    wait(lambda: service.shop().canary is not None)
    for n in range(40):
        assert ask(service, f"c{n}").version == ("v2" if drawn("v2", f"c{n}") < 0.4 else "v1")


def test_closing_answers_what_waits_and_writes_what_was_shown(tmp_path, data):
    store = filled(tmp_path, data)
    made(Versions(tmp_path / "models", store.models), data, "v1")
    service = open_service(setup(tmp_path, store=f"sqlite:///{tmp_path / 'shop.db'}"))
    waiting = [service.submit(Question(scenario="home", customer=f"c{n}")) for n in range(200)]
    written = service.writer.submit([event(n, "i01") for n in range(50)])
    before = store.events.count()
    service.close()
    assert all(len(one.result(0).lines) == 10 for one in waiting)
    assert written.result(0).stored == 50
    assert store.events.count() <= before + 50
    assert store.exposures.count() == 200
    store.close()


def test_two_replicas_of_one_postgresql_answer_alike(tmp_path, data, postgres):
    address = f"{postgres}{'&' if '?' in postgres else '?'}options=-csearch_path%3Dreplicas"
    store = open_store(address)
    fill(store, data, WEIGHTS)
    made(Versions(tmp_path / "models", store.models), data, "v1")
    one, other = (open_service(setup(tmp_path, store=address)) for _ in range(2))
    one.writer.submit([event(n, f"i{n % 42:02d}", f"n{n % 5}") for n in range(100)]).result(10)
    store.items.put({"novel": {"brand": "Cedar", "price": 3.0}})
    store.items.delete(["i07"])
    last = store.events.last_place()
    for service in (one, other):
        wait(lambda service=service: service.follower.place == last)
        wait(lambda service=service: len(service.shop().catalog.items) == 43)
        service.follower.catch_up()
    for scenario in ("home", "popular", "trending", "new", "similar", "bought_together", "recently_viewed"):
        for customer in ("c1", "c2", "n1", "stranger"):
            question = Question(scenario=scenario, customer=customer, basket=("i11",), k=12, at=NOW + 500)
            answers = [service.submit(question).result(10) for service in (one, other)]
            assert lines(answers[0]) == lines(answers[1]), scenario
            assert "i07" not in {line.item_id for line in answers[0].lines}
    for service in (one, other):
        service.close()
    store.close()


def test_rules_that_ask_for_what_is_not_there_are_told_of(tmp_path, data, caplog):
    store = filled(tmp_path, data)
    made(Versions(tmp_path / "models", store.models), data, "v1")
    scenarios = {"cheap": {"sources": ["popular"], "rules": {"where": "prize < 3 and weather == 'sun'"}}}
    service = open_service(setup(tmp_path, scenarios=scenarios, context=("weather",)), store)
    service.close()
    assert "rules of the scenario cheap" in caplog.text
    assert "prize" in caplog.text
    assert "home" not in caplog.text


def lines(answer):
    return [(line.item_id, line.source) for line in answer.lines]


def wait(true, seconds=10.0):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.005)
