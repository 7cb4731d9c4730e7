"""Judged by how far foretold ratings are from the withheld ones, the search goes down and not up."""

from dataclasses import dataclass, replace

import numpy as np
import optuna
import polars as pl
import pytest

import shops
from regulars.core import QUIET, Dataset, Run, Settings, floats, setting
from regulars.core.errors import SettingError, StudyError
from regulars.evaluation import Fold, GivenSplit
from regulars.evaluation.cost import NOTHING
from regulars.models import SVD, ItemKNN, KNNBaseline, Popularity
from regulars.tuning import Exam, Plan, Space, State, Trial, nested, tune
from regulars.tuning.searching import Searcher
from regulars.tuning.space import Axis

EXAM = Exam(Fold(4), metric="rmse")


@dataclass(frozen=True)
class Level:
    """Foretells the same rating of everything, and answers no question for lists."""

    rating: float

    def recommend(self, queries, k, allowed=None):
        raise AssertionError("nobody needs lists where ratings are judged")

    def rate(self, queries, items):
        return floats(np.full((len(queries), len(items)), self.rating))


@dataclass(frozen=True)
class Guess(Settings):
    """One rating for everything: RMSE is least at the mean of what is withheld, MAE at its median."""

    rating: float = setting(5.0, low=1.0, high=5.0)

    def fit(self, data: Dataset, run: Run = QUIET) -> Level:
        return Level(self.rating)


@pytest.fixture(scope="module")
def known():
    return shops.ratings().data


def skewed():
    """60 customers, of whom each rates five items; two in three ratings are 2, the others 5."""
    rows = [(user, item, 5.0 if (user + item) % 3 == 0 else 2.0) for user in range(60) for item in range(5)]
    return Dataset.of(pl.DataFrame(rows, schema=["user_id", "item_id", "weight"], orient="row"))


def values(study):
    return [(trial.method, dict(trial.settings), trial.value) for trial in study.trials]


def test_every_value_is_the_rmse_and_the_best_is_the_lowest():
    given = EXAM.splitter.cut(skewed()).rated.weights
    study = tune({"guess": Guess()}, skewed(), exam=EXAM, plan=Plan(trials=40))
    for trial in study.trials:
        expected = np.sqrt(np.mean((given - trial.settings["rating"]) ** 2))
        assert trial.value == pytest.approx(expected, rel=1e-5)
    assert study.best().value == min(trial.value for trial in study.trials)
    assert study.best().settings["rating"] == pytest.approx(given.mean(), abs=0.15)
    assert study.tuned()["guess"] == Guess(study.best().settings["rating"])
    row = study.standings().row(0, named=True)
    assert row["best"] < row["start"]
    assert row["gain"] == pytest.approx(1 - row["best"] / row["start"])


def test_rmse_leads_to_the_mean_and_mae_to_the_median():
    space, grid = Space(Guess(), {"rating": [2.0, 3.0, 4.0, 5.0]}), Plan(search="grid", trials=4)
    by = {
        metric: tune({"guess": space}, skewed(), exam=replace(EXAM, metric=metric), plan=grid)
        for metric in ("rmse", "mae")
    }
    assert {metric: study.best().settings["rating"] for metric, study in by.items()} == {"rmse": 3.0, "mae": 2.0}
    assert (by["rmse"].figure, by["mae"].figure) == ("rmse", "mae")


def test_who_errs_less_comes_first_and_gets_more_trials(known):
    methods = {"guess": Space(Guess(), {"rating": [4.5, 5.0]}), "svd": SVD(factors=4, epochs=10)}
    study = tune(methods, known, exam=EXAM, plan=Plan(trials=16))
    assert study.names() == ["svd", "guess"]
    trials = {row["method"]: row["trials"] for row in study.standings().to_dicts()}
    assert trials["guess"] == 4
    assert trials["svd"] == 12
    assert study.best() == study.best("svd")


def test_proposals_stay_near_the_trial_that_erred_least():
    axes = [Axis(name, 0.0, 1.0) for name in "abcd"]
    trials = [
        Trial(place, "m", dict.fromkeys("abcd", value), State.DONE, value, {1.0: value}, NOTHING)
        for place, value in enumerate((0.7, 0.5, 0.9))
    ]
    for direction, best in ((-1, 0.5), (1, 0.9)):
        searcher = Searcher(axes, 0, direction=direction)
        for trial in trials:
            searcher.tell(trial)
        kept = [list(searcher.ask().values()).count(best) for _ in range(20)]
        assert min(kept) < max(kept) == 3
        assert np.mean(kept) > 1


def test_trials_that_err_much_are_stopped_on_the_first_customers(monkeypatch):
    monkeypatch.setattr("regulars.tuning.exam.ENOUGH", 5)
    study = tune({"guess": Guess()}, skewed(), exam=EXAM, plan=Plan(trials=40))
    stopped = [trial.value for trial in study.trials if trial.state is State.PRUNED]
    assert len(stopped) > 3
    assert np.median(stopped) > np.median([trial.value for trial in study.trials if trial.done])


def test_a_rung_asks_its_customers_for_all_their_withheld_ratings(known, monkeypatch):
    """Also for those of zero and less, which nobody wants from a list."""
    monkeypatch.setattr("regulars.tuning.exam.ENOUGH", 5)
    small, *_, whole = EXAM.on(replace(known, weight=known.weight - 3)).rungs
    assert (whole.split.rated.weights < 0).any()
    assert len(small.split.rated.items) > len(small.split.wanted.items)
    places = np.flatnonzero(np.isin(whole.split.queries.users, small.split.queries.users))
    assert small.split.rated.weights.tolist() == whole.split.rated[places].weights.tolist()
    assert len(small.split) < len(whole.split)


def test_a_study_that_was_stopped_goes_on_as_if_it_had_not_been(known, tmp_path):
    methods, file = {"guess": Guess(), "knn": KNNBaseline(shrinkage=5.0)}, tmp_path / "study.db"
    whole = tune(methods, known, exam=EXAM, plan=Plan(trials=12))
    for trials in (2, 7, 12):
        study = tune(methods, known, exam=EXAM, plan=Plan(trials=trials), file=file)
    assert values(study) == values(whole)
    kept = optuna.get_all_study_summaries(f"sqlite:///{file}")
    assert {one.direction.name for one in kept} == {"MINIMIZE"}


def test_a_study_of_lists_is_not_gone_on_with_by_an_error_of_ratings(known, tmp_path):
    file, methods = tmp_path / "study.db", {"svd": SVD(factors=2, epochs=2)}
    tune(methods, known, exam=replace(EXAM, metric="ndcg"), plan=Plan(trials=1), file=file)
    with pytest.raises(StudyError, match=r"another question: metric ndcg@10, now rmse. Choose another study file"):
        tune(methods, known, exam=EXAM, plan=Plan(trials=1), file=file)
    other = tmp_path / "other.db"
    tune(methods, known, exam=EXAM, plan=Plan(trials=1), file=other)
    with pytest.raises(StudyError, match=r"another question: metric rmse, now mae. Choose another study file"):
        tune(methods, known, exam=replace(EXAM, metric="mae"), plan=Plan(trials=1), file=other)


def test_another_withheld_rating_makes_another_study(tmp_path):
    file = tmp_path / "study.db"
    for rating in (1.0, 2.0):
        rows = {"user_id": ["a", "a", "b", "b"], "item_id": [0, 1, 0, 1], "weight": [5.0, 4.0, 3.0, rating]}
        labels = pl.Series("split", ["train", "train", "train", "test"])
        data, exam = Dataset.of(pl.DataFrame(rows).with_columns(labels)), replace(EXAM, splitter=GivenSplit())
        if rating == 1.0:
            tune({"guess": Guess()}, data, exam=exam, plan=Plan(trials=1), file=file)
    with pytest.raises(StudyError, match="the same size, other events"):
        tune({"guess": Guess()}, data, exam=exam, plan=Plan(trials=1), file=file)


def test_who_foretells_no_ratings_is_left_alone_with_the_reason(known):
    study = tune({"popularity": Popularity(), "guess": Guess()}, known, exam=EXAM, plan=Plan(trials=12))
    assert study.names() == ["guess"]
    rows = {row["method"]: row for row in study.standings().to_dicts()}
    assert (rows["popularity"]["trials"], rows["popularity"]["failed"]) == (3, 3)
    assert "it foretells no ratings, which rmse judges; tune what does, such as SVD" in rows["popularity"]["reason"]
    with pytest.raises(StudyError, match="it foretells no ratings"):
        tune({"knn": ItemKNN()}, known, exam=EXAM, plan=Plan(trials=3))


def test_where_no_rating_is_withheld_nothing_can_be_judged():
    """Purchases beside ratings are withheld; they rate nothing."""
    rows = {"user_id": ["a", "a", "b", "b"], "item_id": [0, 1, 0, 1], "weight": [5.0, 4.0, 3.0, 1.0]}
    labels = {"kind": ["rating", "rating", "rating", "purchase"], "split": ["train", "train", "train", "test"]}
    with pytest.raises(StudyError, match="none of the 3 trials could be measured: nobody could be judged"):
        tune({"g": Guess()}, Dataset.of(pl.DataFrame(rows | labels)), exam=replace(EXAM, splitter=GivenSplit()))


def test_fewer_errors_on_what_came_after_are_a_gain_that_was_kept(known):
    found = nested({"svd": SVD(factors=4, epochs=2), "guess": Guess()}, known, folds=2, exam=EXAM, plan=Plan(trials=16))
    for one in found.outcomes:
        assert one.promised == pytest.approx(1 - one.inside_best / one.inside_first)
        assert one.kept == pytest.approx(1 - one.outside_best / one.outside_first)
        assert one.kept > 0
        assert one.verdict == "better"
        assert one.low <= one.outside_best - one.outside_first <= one.high < 0
    assert found.summary()["method"].to_list() == ["svd", "guess"]


def test_a_metric_that_does_not_exist_is_told_with_those_that_do():
    with pytest.raises(SettingError, match=r"metric must be one of recall, .*, rmse, mae; it is 'rsme'"):
        Exam(metric="rsme")
    assert Exam(metric="mae").figure == "mae"
    assert list(Exam(metric="mae").measures.ratings) == ["mae"]
