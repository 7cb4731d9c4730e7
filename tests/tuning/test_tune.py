"""A search finds what was planted, within its budget, on validation alone; what was done is never lost."""

import json
import math
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, replace
from itertools import count, pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import shops
from regulars.core import DAY, QUIET, Dataset, Run, Settings, setting
from regulars.core.errors import Interrupted, SettingError, StudyError
from regulars.evaluation import StrongGeneralization, TimeSplit
from regulars.models import SVD, ItemKNN, Popularity
from regulars.models.kinds import ItemScores
from regulars.tuning import Exam, Plan, Space, State, tune

EXAM = Exam(TimeSplit(days=40), k=5)


@dataclass(frozen=True)
class Blurred(Settings):
    """Popularity with noise: the less `blur`, the better; `idle` does nothing; `greed` asks for memory."""

    blur: float = setting(1.0, low=0.0, high=4.0)
    idle: float = setting(0.5, low=0.0, high=1.0)
    greed: int = setting(0, low=0, high=1_000_000)

    def fit(self, data: Dataset, run: Run = QUIET) -> ItemScores:
        if self.blur > 3.9:
            raise ZeroDivisionError("too blurred")
        wasted = np.empty(self.greed << 20, dtype=np.int8)
        counts = np.bincount(data.item, minlength=data.n_items).astype(np.float32)
        noise = np.random.default_rng(0).standard_normal(data.n_items, dtype=np.float32)
        return ItemScores("blurred", data.n_items + 0 * len(wasted), (counts / counts.max() + self.blur * noise)[None])


def market():
    """A shop in which few items are much wanted."""
    random = np.random.default_rng(0)
    chances = 1 / np.arange(1, 41) ** 1.2
    rows = [(user, item) for user in range(150) for item in random.choice(40, 12, p=chances / chances.sum())]
    return shops.shop(np.array(rows, dtype=np.int32), 41, random, n_users=150)


@pytest.fixture(scope="module")
def known():
    return market()


def values(study):
    return [(trial.method, dict(trial.settings), trial.value) for trial in study.trials]


BLURRED = Space(Blurred(), held=("greed",))


def test_the_search_begins_with_the_defaults_and_comes_near_the_best(known):
    study = tune({"blurred": BLURRED}, known, exam=EXAM, plan=Plan(trials=40))
    assert dict(study.first("blurred").settings) == {"blur": 1.0, "idle": 0.5, "greed": 0}
    assert len(study.trials) == 40
    best = study.best()
    assert best.settings["blur"] < 0.2
    assert best.value > 1.2 * study.first("blurred").value
    assert study.importance["blurred"]["blur"] > 0.8 > 0.2 > study.importance["blurred"]["idle"]
    assert study.tuned()["blurred"] == Blurred(**best.settings)
    assert set(study.changed("blurred")) <= {"blur", "idle"}


def test_what_promises_most_gets_most_trials_and_what_cannot_be_fitted_few(known):
    methods = {"svd": SVD(), "bad": Space(Blurred(blur=3.0), {"blur": [2, 3]}), "good": Popularity()}
    constant = replace(known, weight=np.ones(len(known), dtype=np.float32))
    study = tune(methods, constant, exam=EXAM, plan=Plan(trials=30))
    rows = {row["method"]: row for row in study.standings().to_dicts()}
    assert list(rows) == ["good", "bad", "svd"]
    assert rows["good"]["trials"] > 15 > rows["bad"]["trials"] >= 4
    assert (rows["svd"]["trials"], rows["svd"]["failed"]) == (3, 3)
    assert "ratings are 1; predicting ratings needs some that differ" in rows["svd"]["reason"]


def test_the_same_seed_makes_the_same_trials(known):
    methods = {"blurred": BLURRED, "popularity": Popularity()}
    first, again, other = (
        tune(methods, known, exam=EXAM, plan=Plan(trials=14), run=Run(seed=seed)) for seed in (3, 3, 4)
    )
    assert values(first) == values(again) != values(other)


def test_a_study_that_was_stopped_goes_on_as_if_it_had_not_been(known, tmp_path):
    methods = {"blurred": BLURRED, "popularity": Popularity()}
    whole = tune(methods, known, exam=EXAM, plan=Plan(trials=16))
    file = tmp_path / "study.db"
    for trials in (3, 9, 16):
        study = tune(methods, known, exam=EXAM, plan=Plan(trials=trials), file=file)
        assert len(study.trials) == trials
    assert values(study) == values(whole)
    assert study.importance == whole.importance
    again = tune(methods, known, exam=EXAM, plan=Plan(trials=16), file=file)
    assert values(again) == values(whole)
    assert [trial.cost for trial in again.trials] == [trial.cost for trial in study.trials]


@pytest.mark.parametrize("stop", [KeyboardInterrupt, Interrupted])
def test_whoever_stops_the_work_keeps_what_was_done(known, tmp_path, stop):
    def on_epoch(step):
        if step.task == "tune" and step.done == 5:
            raise stop

    file = tmp_path / "study.db"
    study = tune({"blurred": BLURRED}, known, exam=EXAM, plan=Plan(trials=9), file=file, run=Run(on_epoch=on_epoch))
    assert study.stopped == "stopped"
    assert len(study.trials) == 5
    assert len(tune({"blurred": BLURRED}, known, exam=EXAM, plan=Plan(trials=6), file=file).trials) == 6


KILLED = """
import os, signal, sys
sys.path.insert(0, {tests!r})
from tuning.test_tune import *
def on_epoch(step):
    if step.task == "tune" and step.done == 4:
        os.kill(os.getpid(), signal.SIGKILL)
tune({{"blurred": BLURRED}}, market(), exam=EXAM, plan=Plan(trials=9), file={file!r}, run=Run(on_epoch=on_epoch))
"""


def test_a_study_that_was_killed_holds_every_finished_trial(known, tmp_path):
    file = str(tmp_path / "study.db")
    code = KILLED.format(tests=str(Path(__file__).parents[1]), file=file)
    done = subprocess.run([sys.executable, "-c", code], env=dict(os.environ), capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    study = tune({"blurred": BLURRED}, known, exam=EXAM, plan=Plan(trials=4), file=file)
    assert len(study.trials) == 4
    assert values(study) == values(tune({"blurred": BLURRED}, known, exam=EXAM, plan=Plan(trials=4)))


def test_a_file_of_other_data_or_another_question_is_refused_with_the_difference(known, tmp_path):
    file, methods = tmp_path / "study.db", {"popularity": Popularity()}
    tune(methods, known, exam=EXAM, plan=Plan(trials=1), file=file)
    shorter = known.where(known.user != 3)
    with pytest.raises(
        StudyError, match=r"study.db is a study of other data .*: events [\d,]+, now [\d,]+; .*Choose an"
    ):
        tune(methods, shorter, exam=EXAM, plan=Plan(trials=1), file=file)
    with pytest.raises(StudyError, match="metric ndcg@5, now recall@5"):
        tune(methods, known, exam=replace(EXAM, metric="recall"), plan=Plan(trials=1), file=file)
    other = replace(known, item=known.item[::-1].copy())
    with pytest.raises(StudyError, match="the same size, other events"):
        tune(methods, other, exam=EXAM, plan=Plan(trials=1), file=file)


def test_a_study_of_other_attributes_or_of_vectors_by_another_encoder_is_refused(known, tmp_path):
    random = np.random.default_rng(0)
    vectors = pl.Series("text_vector", random.random((known.n_items, 3), np.float32), dtype=pl.Array(pl.Float32, 3))
    table = pl.DataFrame({"tags": [["a", "b"]] * known.n_items, "picture": [b"\xff"] * known.n_items}).with_columns(
        vectors
    )

    def tuned(features):
        tune({"p": Popularity()}, replace(known, item_features=features), exam=EXAM, plan=Plan(trials=1), file=file)

    file = tmp_path / "study.db"
    tuned(table)
    tuned(table.select(reversed(table.columns)))
    nudged = table.with_columns(pl.Series("text_vector", np.nextafter(vectors.to_numpy(), 2), dtype=vectors.dtype))
    for other in (nudged, table.with_columns(tags=pl.Series([["a", "c"]] * known.n_items)), table.drop("tags")):
        with pytest.raises(StudyError, match="other attributes of items or customers, or vectors of their texts"):
            tuned(other)


def test_a_study_may_lie_in_a_folder_of_any_name(known, tmp_path):
    file = tmp_path / "a?b %20 [x] *日本#c" / "my study.db"
    for _ in range(2):
        study = tune({"p": Popularity()}, known, exam=EXAM, plan=Plan(trials=1), file=file)
        assert len(study.trials) == 1
    assert [path.name for path in tmp_path.rglob("*.db")] == ["my study.db"]
    assert [path.name for path in tmp_path.iterdir()] == ["a?b %20 [x] *日本#c"]


def test_a_file_that_is_no_study_is_refused(known, tmp_path):
    (tmp_path / "notes.txt").write_text("these are my notes, and no database at all\n" * 99)
    with pytest.raises(StudyError, match=r"notes.txt is no study: file is not a database. Choose another file"):
        tune({"p": Popularity()}, known, exam=EXAM, plan=Plan(trials=1), file=tmp_path / "notes.txt")


def test_a_study_narrowed_later_keeps_what_it_knows(known, tmp_path):
    file = tmp_path / "study.db"
    wide = tune({"blurred": BLURRED}, known, exam=EXAM, plan=Plan(trials=8), file=file)
    narrow = Space(Blurred(), {"blur": [0.0, 0.5]}, held=("greed",))
    study = tune({"blurred": narrow}, known, exam=EXAM, plan=Plan(trials=14), file=file)
    assert values(study)[:8] == values(wide)
    assert all(trial.settings["blur"] <= 0.5 for trial in study.trials[8:])
    assert len(study.trials) == 14


def test_when_nothing_can_be_measured_the_reason_is_told(known):
    rated = replace(known, weight=np.ones(len(known), dtype=np.float32))
    with pytest.raises(StudyError, match=r"none of the 3 trials could be measured: all \d+ ratings are 1; .* Narrow"):
        tune({"svd": SVD()}, rated, exam=EXAM, plan=Plan(trials=5))
    with pytest.raises(SettingError, match="tune needs one method at least"):
        tune({}, known, exam=EXAM)


def test_a_trial_that_breaks_is_noted_and_the_search_goes_on(known, caplog):
    space = Space(Blurred(), {"blur": [0.5, 3.95]}, held=("greed",))
    study = tune({"blurred": space}, known, exam=EXAM, plan=Plan(search="grid", levels=2, trials=3))
    failed = [trial for trial in study.trials if trial.state is State.FAILED]
    assert [trial.reason for trial in failed] == ["ZeroDivisionError: too blurred"]
    assert math.isnan(failed[0].value)
    assert "Traceback" in caplog.text
    json.dumps(study.as_dict(), allow_nan=False)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits memory by the kind we ask for")
def test_a_fit_that_wants_too_much_memory_is_a_failed_trial_and_not_the_end(known):
    space = Space(Blurred(), {"greed": [0, 900, 901]})
    plan = Plan(search="grid", trials=3, memory_mb=500.0)
    study = tune({"blurred": space}, known, exam=EXAM, plan=plan)
    assert sorted(trial.reason for trial in study.trials) == ["", *["it needs more memory than there is"] * 2]


def test_the_minutes_are_kept(known, monkeypatch):
    seconds = count()
    monkeypatch.setattr("time.perf_counter", lambda: float(next(seconds)))
    study = tune({"knn": ItemKNN(), "popularity": Popularity()}, known, exam=EXAM, plan=Plan(minutes=5))
    assert 5 < len(study.trials) < 60
    assert next(seconds) < 320
    with pytest.raises(StudyError, match="no trial was finished yet; allow more minutes or trials"):
        tune({"knn": ItemKNN()}, known, exam=EXAM, plan=Plan(minutes=0))


def test_bad_trials_are_stopped_on_the_first_customers(known, monkeypatch):
    monkeypatch.setattr("regulars.tuning.exam.ENOUGH", 10)
    study = tune({"blurred": BLURRED}, known, exam=EXAM, plan=Plan(trials=40))
    pruned = [trial for trial in study.trials if trial.state is State.PRUNED]
    done = [trial for trial in study.trials if trial.done]
    assert len(pruned) > 3
    assert all(len(trial.rungs) in (1, 2) for trial in pruned)
    assert all(list(trial.rungs) == [1 / 9, 1 / 3, 1.0] for trial in done)
    assert np.median([t.settings["blur"] for t in pruned]) > np.median([t.settings["blur"] for t in done])
    assert study.best().settings["blur"] < 0.3


def test_a_rung_learns_from_the_customers_of_its_part_alone(known, monkeypatch):
    monkeypatch.setattr("regulars.tuning.exam.ENOUGH", 10)
    rungs = EXAM.on(known).rungs
    sizes = [len(rung.split) for rung in rungs]
    assert sizes == sorted(sizes)
    for small, large in pairwise(rungs):
        assert set(small.split.train.user) <= set(large.split.train.user)
        assert set(small.split.queries.users) <= set(large.split.queries.users)
    assert set(rungs[0].split.queries.users) <= set(rungs[0].split.train.user)
    strong = Exam(StrongGeneralization(customers=0.4), k=5).on(known)
    assert not set(strong.rungs[-1].split.queries.users) & set(strong.rungs[-1].split.train.user)


def test_the_validation_lies_before_everything_that_was_withheld(known):
    test = TimeSplit(days=40).cut(known)
    asked = EXAM.on(test.train).split
    assert asked.train.time.max() < asked.queries.times.max() <= test.train.time.max() < test.queries.times.min()
    assert asked.wanted.times.max() <= test.train.time.max()
    assert test.queries.times.min() - asked.queries.times.max() == pytest.approx(40 * DAY, abs=DAY)


def test_no_more_trials_are_made_than_a_space_has_points(known):
    study = tune({"p": Space(Popularity(), {"half_life_days": 30})}, known, exam=EXAM, plan=Plan(trials=9))
    assert [trial.settings["count"] for trial in study.trials] == ["customers", "weight"]


def test_a_study_as_a_table_has_a_row_for_each_trial(known):
    frame = tune({"p": Popularity()}, known, exam=EXAM, plan=Plan(trials=3)).frame()
    assert frame["number"].to_list() == [0, 1, 2]
    assert frame["settings"][0] == 'count = "customers", half_life_days = inf'
    assert frame.schema["value"] == pl.Float64
