"""The models' side of the service from the command line: load, refit, versions, and lists for every customer."""

import shutil
import subprocess
import sys
import time

import polars as pl
import pytest

from cli.corner import EVENTS, TABLES, laid_out
from regulars.cli.project import Project
from regulars.cli.service import first_day, fitted_names, setup_of, store_address
from regulars.core import QUIET
from regulars.serving.loading import items_of, load_version
from regulars.serving.questions import Question
from regulars.serving.refit import Guard, Refitting, alone
from regulars.serving.versions import Versions
from regulars.serving.wiring import open_service
from regulars.store import Event, open_store

SHOP = (
    TABLES
    + """
method = "item_knn"
[split]
days = 20
[methods.popularity]
[methods.item_knn]
[scenarios.email]
sources = ["item_knn", "popularity"]
k = 3
[scenarios.email.rules]
where = "on_shelf"
"""
)


@pytest.fixture(scope="module")
def refitted(tmp_path_factory):
    """A shop whose store holds two versions."""
    shop = laid_out(tmp_path_factory.mktemp("served") / "shop").write(SHOP, rest=False)
    said = [shop.ok("load", "--json").json, *(shop.ok("refit", "--json").json for _ in range(2))]
    return shop, said


@pytest.fixture
def served(tmp_path, refitted):
    """A copy of it for each test."""
    folder = tmp_path / "shop"
    shutil.copytree(refitted[0].folder, folder)
    return laid_out(folder).write(SHOP, rest=False)


def project_of(shop):
    return Project.open(shop.folder / "regulars.toml")


def store_of(shop):
    return open_store(store_address(project_of(shop)))


def test_load_brings_all_tables_into_the_store_and_twice_is_once(refitted):
    shop, (loaded, *_) = refitted
    again = shop.ok("load", "--again", "--json").json
    assert loaded["known"] == 0
    assert loaded["items"] == 40
    assert loaded["customers"] == 60
    assert again == {**loaded, "events": 0, "known": loaded["events"]}


def test_a_load_of_what_is_there_has_nothing_to_do(refitted):
    shop, (loaded, *_) = refitted
    assert shop.ok("load", "--json").json == {
        "events": 0, "known": loaded["events"], "items": 0, "customers": 0, "erased": 0,
    }  # fmt: skip


def test_a_first_day_that_was_stopped_goes_on_where_it_was(shop, monkeypatch):
    shop.write(SHOP, rest=False)
    project = project_of(shop)
    monkeypatch.setattr("regulars.serving.filling._ROWS", 500)
    store = open_store(store_address(project))
    log, parts = type(store.events), []
    load = log.load

    def stopped(events, table):
        parts.append(table.height)
        if len(parts) == 3:
            raise KeyboardInterrupt
        return load(events, table)

    with monkeypatch.context() as patch:
        patch.setattr(log, "load", stopped)
        with pytest.raises(KeyboardInterrupt):
            first_day(project, store, QUIET)
    there = store.events.count()
    assert there == sum(parts[:2])
    loads = []
    monkeypatch.setattr(log, "load", lambda events, table: loads.append(table.height) or load(events, table))
    first_day(project, store, QUIET)
    n = len(project.prepared(QUIET).dataset)
    assert store.events.count() == n
    assert sum(loads) == n - there
    loads.clear()
    first_day(project, store, QUIET)
    assert not loads
    store.close()


def test_a_store_that_was_made_anew_is_filled_anew(shop):
    shop.write(SHOP, rest=False)
    loaded = shop.ok("load", "--json").json
    for path in shop.output.glob("service.db*"):
        path.unlink()
    assert shop.ok("load", "--json").json == loaded


def test_what_was_loaded_means_the_same_as_the_tables(refitted):
    shop, _ = refitted
    project = project_of(shop)
    data = project.prepared(QUIET).dataset
    store = store_of(shop)
    again = pl.DataFrame(store.events.frame())
    store.close()
    assert again.height == len(data)
    assert sorted(again["kind"].unique()) == sorted(data.kinds)
    weighed = pl.DataFrame({"kind": pl.Series(list(data.kinds)).gather(data.kind.astype(int)), "n": data.weight})
    assert (
        again.filter(pl.col("kind") == "purchase")["weight"].to_list() == [1.0] * (weighed["kind"] == "purchase").sum()
    )


def test_refit_measures_makes_a_version_and_promotes_it(refitted):
    shop, (_, first, second) = refitted
    assert first["methods"] == ["item_knn", "popularity"]
    assert 0.2 < first["ndcg"] < 1
    assert second["ndcg"] == first["ndcg"]
    assert second["live"]
    assert second["doubts"] == []
    rows = shop.ok("versions", "--json").json
    assert [row["stage"] for row in rows] == ["live", "retired"]
    assert rows[0]["version"] == second["version"]


def test_the_same_log_gives_the_same_models_out_of_the_store_as_out_of_the_tables(refitted):
    shop, (_, first, _) = refitted
    project = project_of(shop)
    data = project.prepared(QUIET).dataset
    model = project.method("item_knn").fit(data)
    deployment = load_version(project.output / "models" / first["version"]).deployment
    users = data.users.index([f"c-{n:03d}" for n in range(60)])
    wanted = data.items.names(model.recommend(data.queries(users, int(data.time.max()) + 1), 5).items).to_list()
    queries = data.as_indexed(deployment.items).queries(users, int(data.time.max()) + 1)
    found = deployment.recommenders["item_knn"].recommend(queries, 5)
    assert deployment.items.names(found.items).to_list() == wanted


def test_versions_go_back_and_forth_and_stand_aside(served):
    newest, oldest = (row["version"] for row in served.ok("versions", "--json").json)
    served.ok("versions", "rollback")
    assert stages(served) == {newest: "retired", oldest: "live"}
    served.ok("versions", "canary", newest, "--share", "0.25")
    assert stages(served) == {newest: "canary 25.0%", oldest: "live"}
    served.ok("versions", "shadow", newest)
    assert stages(served)[newest] == "shadow"
    served.ok("versions", "promote", newest)
    assert stages(served) == {newest: "live", oldest: "retired"}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("promote", "../../etc"), "letters, digits"),
        (("promote", "nothing"), "there is no version nothing"),
        (("promote",), "needs the name"),
        (("dance",), "versions can list"),
        (("canary", "NEWEST", "--share", "1.5"), "share above 0 and up to 1"),
    ],
)
def test_what_cannot_be_done_with_versions_is_told(served, words, told):
    newest = served.ok("versions", "--json").json[0]["version"]
    answer = served.run("versions", *(newest if word == "NEWEST" else word for word in words))
    assert answer.code == 4
    assert told in answer.said


def test_a_damaged_version_is_not_promoted(served):
    _, oldest = (row["version"] for row in served.ok("versions", "--json").json)
    arrays = next((served.folder / "regulars-out" / "models" / oldest).rglob("arrays-*"))
    arrays.write_bytes(arrays.read_bytes()[:-1] + b"\x01")
    answer = served.run("versions", "promote", oldest)
    assert answer.code == 4
    assert "not as they were written" in answer.said
    assert stages(served)[oldest] == "retired"


def test_a_version_that_lost_much_of_the_catalog_stays_a_candidate(served):
    store = store_of(served)
    versions = Versions(served.folder / "regulars-out" / "models", store.models)
    live = versions.live()
    store.close()
    assert Guard().doubts({"items": 30, "ndcg": 0.1}, {"items": 40, "ndcg": 0.2}) == [
        "its catalog has 30 items, that of the live version 40",
        "its NDCG on the newest days is 0.1000, that of the live version was 0.2000",
    ]
    assert Guard().doubts({"items": 39, "ndcg": 0.19}, {"items": 40, "ndcg": 0.2}) == []
    assert Guard().doubts({}, live.facts) == []
    store = store_of(served)
    store.items.delete([f"{n:04d}" for n in range(9)])
    store.close()
    said = served.ok("refit", "--json", "--no-judge").json
    assert said["doubts"] == ["its catalog has 31 items, that of the live version 40"]
    assert stages(served)[said["version"]] == "candidate"
    served.ok("versions", "promote", said["version"])
    assert served.ok("refit", "--json", "--no-judge").json["live"]


def test_a_version_that_is_not_to_be_promoted_waits(served):
    said = served.ok("refit", "--json", "--no-promote", "--no-judge").json
    assert said["doubts"] == ["--no-promote was asked for"]
    assert stages(served)[said["version"]] == "candidate"


def test_afresh_numbers_the_items_anew_for_the_next_start(served):
    store = store_of(served)
    store.items.put({"9999": {"title": "old hat"}})
    store.close()
    served.ok("refit", "--no-judge")
    store = store_of(served)
    store.items.delete(["9999"])
    store.close()
    models = served.folder / "regulars-out" / "models"
    kept = served.ok("refit", "--no-judge", "--json").json["version"]
    anew = served.ok("refit", "--no-judge", "--afresh", "--json").json["version"]
    assert "9999" in items_of(models / kept).ids.to_list()
    assert "9999" not in items_of(models / anew).ids.to_list()


def test_lists_for_every_customer_keep_to_the_scenario(served):
    facts = served.ok("recommend", "--all", "--scenario", "email", "--json").json
    lists = pl.read_parquet(served.folder / "regulars-out" / "recommendations-email.parquet")
    assert facts["customers"] == 60
    assert lists.group_by("user_id").len()["len"].unique().to_list() == [3]
    assert not set(lists["item_id"]) & {"0009", "0019", "0029", "0039"}  # not on the shelf
    store = store_of(served)
    shown = store.exposures.frame()
    store.close()
    assert set(shown["exposure_id"]) == set(lists["exposure_id"])
    served.ok("recommend", "--all", "--scenario", "email", "--dry-run", "--json")
    store = store_of(served)
    assert store.exposures.count() == 60
    store.close()


def test_an_unknown_scenario_is_told(served):
    answer = served.run("recommend", "--all", "--scenario", "nowhere")
    assert answer.code == 4
    assert "there is no scenario 'nowhere'" in answer.said


def test_the_first_day_fills_the_store_and_takes_the_fitted_model(shop):
    shop.write(SHOP, rest=False)
    shop.ok("fit")
    project = project_of(shop)
    store = open_store(store_address(project))
    version = first_day(project, store, QUIET)
    assert first_day(project, store, QUIET) is None
    assert store.items.count() == 40
    service = open_service(setup_of(project, shop.folder / "regulars.toml", QUIET), store)
    assert service.shop().deployment.version == version.name
    assert tuple(service.shop().deployment.recommenders) == ("item_knn", "popularity", "buy_again")
    service.close()


def test_a_method_that_was_fitted_without_being_chosen_answers_and_is_refitted(shop):
    shop.write(SHOP.replace('method = "item_knn"\n', ""), rest=False)
    shop.ok("fit", "--method", "ease")
    project = project_of(shop)
    store = open_store(store_address(project))
    first_day(project, store, QUIET)
    service = open_service(setup_of(project, shop.folder / "regulars.toml", QUIET), store)
    answer = service.submit(Question(scenario="home", customer="c-001")).result(10)
    service.close()
    assert {line.source for line in answer.lines} == {"ease"}
    assert shop.ok("refit", "--json", "--no-judge").json["methods"] == ["ease", "popularity", "item_knn"]


def test_a_refit_without_a_choice_says_how_to_choose(shop):
    shop.write(SHOP.replace('method = "item_knn"\n', ""), rest=False)
    shop.ok("load")
    answer = shop.run("refit")
    assert answer.code == 4
    assert "regulars compare" in answer.said


def test_the_first_day_without_a_model_serves_what_is_popular(shop):
    shop.write(SHOP, rest=False)
    project = project_of(shop)
    store = open_store(store_address(project))
    assert first_day(project, store, QUIET) is None
    service = open_service(setup_of(project, shop.folder / "regulars.toml", QUIET), store)
    service.follower.catch_up()
    answer = service.submit(Question(scenario="home", customer="c-001")).result(10)
    assert len(answer.lines) == 5
    assert {line.source for line in answer.lines} == {"popular"}
    service.close()


def test_a_shop_without_events_begins_with_what_comes_in(shop):
    shop.write(SHOP, rest=False)
    for path in shop.folder.glob("*.csv"):
        path.write_text(path.read_text().splitlines()[0] + "\n")
    project = project_of(shop)
    store = open_store(store_address(project))
    assert first_day(project, store, QUIET) is None
    service = open_service(setup_of(project, shop.folder / "regulars.toml", QUIET), store)
    store.events.append([Event("first", "anna", "tea", "view", 1_700_000_000)])
    service.follower.catch_up()
    answer = service.submit(Question(scenario="home", customer="ben")).result(10)
    assert [line.item_id for line in answer.lines] == ["tea"]
    service.close()


def test_a_version_holds_what_scenarios_name(shop):
    shop.write(SHOP + '[methods.als]\n[scenarios.more]\nsources = ["als", "trending", "popular"]\n', rest=False)
    assert fitted_names(project_of(shop)) == ("item_knn", "popularity", "als")


def test_a_version_foretells_what_is_bought_again_from_the_event_of_this_second(served):
    project, store = project_of(served), open_store(store_address(project_of(served)))
    service = open_service(setup_of(project, served.folder / "regulars.toml", QUIET), store)
    asked = Question(scenario="buy_again", customer="c-003", k=40)
    lines = service.submit(asked).result(10).lines
    assert lines[0].reason.split(";")[1].startswith(" last bought")
    assert lines[0].expected.weeks == 2
    assert [line.expected.probability for line in lines] == sorted(
        (line.expected.probability for line in lines), reverse=True
    )
    item = lines[-1].item_id
    store.events.append([Event("just-now", "c-003", item, "purchase", int(time.time()))])
    told = next(line for line in service.submit(asked).result(10).lines if line.item_id == item)
    assert told.reason.endswith("last bought today")
    service.close()


@pytest.mark.parametrize(
    ("served_by", "told"), [('served = ""', None), ('served = "frequency"', "frequency"), ("", "weibull")]
)
def test_the_method_behind_buy_again_can_be_chosen(served, served_by, told):
    served.write(SHOP + f"[repurchase]\n{served_by}\n", rest=False)
    facts = served.ok("refit", "--no-judge", "--no-promote", "--json").json
    assert facts.get("buy_again") == told


def test_a_log_too_short_to_foretell_leaves_buy_again_to_counts(bare):
    lines = "\n".join(f"c{n % 5},milk,2024-03-{day:02d},purchase" for n in range(5) for day in range(1, 20))
    bare.text(f"user_id,item_id,time,kind\n{lines}\n")
    bare.write(EVENTS + '[methods.popularity]\n[recommend]\nmethod = "popularity"\n', rest=False)
    bare.ok("load")
    assert "56 days or more" in bare.ok("refit", "--no-judge", "--json").json["buy_again"]


def test_only_one_refits_at_a_time(served):
    folder = served.folder / "regulars-out" / "models"
    with alone(folder):
        answer = served.run("refit")
        assert answer.code == 4
        assert "another refit" in answer.said
        assert served.ok("refit", "--scheduled").out == ""
    assert len(stages(served)) == 2


def test_a_refit_of_new_events_learns_from_them_and_a_running_service_swaps(served):
    project = project_of(served)
    store = open_store(store_address(project))
    service = open_service(setup_of(project, served.folder / "regulars.toml", QUIET), store)
    before = service.shop().deployment
    moment = int(store.events.frame()["time"].max()) + 60
    store.items.put({"novel": {"title": "a novel", "category": "books", "price": 9.0, "on_shelf": True}})
    store.events.append(
        [
            Event(f"n{n}-{item}", f"c-{n:03d}", item, "purchase", moment + n)
            for n in range(20)
            for item in ("novel", "0001")
        ]
    )
    served.ok("refit", "--no-judge")
    service.refresh()
    end = time.monotonic() + 10
    while service.shop().deployment.version == before.version and time.monotonic() < end:
        time.sleep(0.02)
    after = service.shop().deployment
    assert after.items.extends(before.items)
    row = after.items.places(["novel"])[0]
    similar = after.recommenders["item_knn"].similar_items(after.items.index(["novel"]), 1)
    assert row >= len(before.items)
    assert after.items.names(similar.items[0]).to_list() == ["0001"]
    assert service.follower.problems == {}
    service.close()


@pytest.mark.slow
def test_a_refit_in_a_process_of_its_own_makes_a_version_while_the_service_answers(served):
    project = project_of(served)
    store = open_store(store_address(project))
    config = served.folder / "regulars.toml"
    setup = setup_of(project, config, QUIET)
    versions = Versions(setup.folder, store.models)
    command = [word for word in setup.refit if word != "--scheduled"]
    refitting = Refitting(command, 1.0, versions)
    assert refitting.refit(), refitting.said
    assert len(versions.models.all()) == 3
    assert (refitting.refits, refitting.failures) == (1, 0)
    store.close()


@pytest.mark.slow
def test_a_refit_that_fails_is_told_and_the_models_stay(served):
    store = store_of(served)
    versions = Versions(served.folder / "regulars-out" / "models", store.models)
    live = versions.live().name
    failing = Refitting([sys.executable, "-c", "print('no luck'); raise SystemExit(3)"], 1.0, versions)
    assert not failing.refit()
    assert failing.failures == 1
    assert "no luck" in failing.said
    assert versions.live().name == live
    store.close()


@pytest.mark.slow
def test_a_refit_that_is_killed_leaves_nothing_and_lets_the_next_one_in(served):
    command = [sys.executable, "-m", "regulars", "refit", "--config", str(served.folder / "regulars.toml")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(1.0)
    process.kill()
    process.wait()
    served.ok("refit", "--no-judge")
    folders = [path.name for path in (served.folder / "regulars-out" / "models").iterdir() if path.is_dir()]
    assert set(folders) <= {*stages(served)} | {name for name in folders if name.startswith(".writing-")}


def stages(shop):
    return {row["version"]: row["stage"] for row in shop.ok("versions", "--json").json}


def test_the_schedule_knows_when_it_is_time(served):
    store = store_of(served)
    versions = Versions(served.folder / "regulars-out" / "models", store.models)
    made = versions.live().made
    refitting = Refitting(["true"], 2.0, versions)
    assert not refitting.due(made + 7_199)
    assert refitting.due(made + 7_200)
    store.close()


def test_a_store_elsewhere_is_meant_from_the_folder_of_the_configuration(bare):
    bare.write(EVENTS + '[serve]\nstore = "sqlite:///data/own.db"\n')
    assert store_address(project_of(bare)) == f"sqlite:///{bare.folder.absolute() / 'data' / 'own.db'}"
    bare.write(EVENTS + '[serve]\nstore = "postgresql://a@b/c"\n')
    assert store_address(project_of(bare)) == "postgresql://a@b/c"


def test_versions_of_a_service_that_never_was_are_told_of(bare):
    (bare.folder / "events.csv").write_text("customer_id,item_id,timestamp\na,b,1700000000\n", encoding="utf-8")
    answer = bare.run("versions")
    assert answer.code == 4
    assert "regulars serve, or regulars load" in answer.said
