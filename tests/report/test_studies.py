"""The page and the pictures of a search say what was tried, what was best and what each setting did."""

import math
import re
from dataclasses import replace

import pytest

from regulars.core.errors import EmptyData
from regulars.evaluation.cost import Cost
from regulars.models import ItemKNN, Popularity
from regulars.report import studies, study_plots
from regulars.report.plots import svg
from regulars.tuning import Nested, Space, State, Study, Trial
from regulars.tuning.nested import Outcome

SPACES = {"item-kNN <b>": Space(ItemKNN()), "popularity": Space(Popularity())}


def trial(number, method, value, state=State.DONE, **settings):
    space = SPACES[method]
    reason = "it needs more memory than there is" if state is State.FAILED else ""
    cost = Cost(1.5, 1.2, 300.0)
    return Trial(number, method, {**space.start(), **settings}, state, value, {1.0: value}, cost, reason)


def study(**more):
    trials = [
        trial(0, "item-kNN <b>", 0.2),
        trial(1, "popularity", 0.1),
        trial(2, "item-kNN <b>", 0.3, half_life_days=20.0, neighbors=50),
        trial(3, "item-kNN <b>", math.nan, State.FAILED, neighbors=4_000),
        trial(4, "item-kNN <b>", 0.1, State.PRUNED, tilt=0.1),
        trial(5, "item-kNN <b>", 0.25, shrinkage=5.0),
    ]
    axes = {name: tuple(space.axes(100.0)) for name, space in SPACES.items()}
    importance = {"item-kNN <b>": {"neighbors": 0.7, "half_life_days": 0.2, "tilt": 0.1}}
    given = {"trials": trials, "importance": importance} | more
    return Study("ndcg@10", "time split: 90 customers asked, ndcg@10", SPACES, axes, **given)


def words(picture):
    return re.findall(r">([^<>]+)</text>", picture)


def test_the_page_tells_the_best_the_gain_and_what_flatters():
    page = studies.html(study(), "Corner & Sons")
    assert "<title>Corner &amp; Sons: settings</title>" in page
    assert "6 trials on the validation period (time split: 90 customers asked, ndcg@10)" in page
    assert "The best is “item-kNN &lt;b&gt;” with 0.300, +50.0% beside its first settings." in page
    assert "These figures flatter" in page
    assert "<b>" not in page
    assert page == studies.html(study(), "Corner & Sons")


def test_of_an_error_the_least_is_the_best():
    erring = replace(study(), figure="rmse")
    page = studies.html(erring, "Shop")
    assert "The best is “item-kNN &lt;b&gt;” with 0.200." not in page
    assert "The best is “popularity” with 0.100, +0.0% beside its first settings." in page
    assert "rmse on the validation period, the less the better." in page
    table = page[page.index("The best trials.") :]
    assert re.findall(r"<td[^>]*>(0\.\d{3})</td>", table[: table.index("</table>")]) == ["0.200", "0.250", "0.300"]
    picture = study_plots.history(erring)
    assert picture.data["best"].to_list() == [0.2, 0.1, 0.1, 0.1]
    assert "RMSE" in words(svg(picture))


def test_a_table_of_the_best_trials_shows_what_differs_between_them():
    page = studies.html(study(), "Shop")
    assert "The same in all: similarity tfidf, tilt 0.7" in page
    row = re.search(r'<tr><th[^>]*scope="row"[^>]*>3</th>(.*?)</tr>', page)[1]
    assert re.findall(r">([^<]+)</td>", row)[:4] == ["0.300", "50", "0", "20"]


def test_the_history_draws_every_measured_trial_and_the_best_until_then():
    assert {"Trial", "NDCG in the first 10", "item-kNN &lt;b&gt;"} <= set(words(svg(study_plots.history(study()))))


def test_never_and_zero_stand_at_the_ends_of_their_scales():
    assert "never" in words(svg(study_plots.slice_of(study(), "item-kNN <b>", "half_life_days")))
    assert "0" in words(svg(study_plots.slice_of(study(), "item-kNN <b>", "shrinkage")))
    assert "customers" in words(svg(study_plots.slice_of(study(), "popularity", "count")))


def test_the_settings_stand_in_the_order_of_their_importance():
    told = words(svg(study_plots.importance(study(), "item-kNN <b>")))
    assert [word for word in told if word in ("neighbors", "half_life_days", "tilt")] == [
        "neighbors",
        "half_life_days",
        "tilt",
    ]


def test_what_cannot_be_drawn_says_why():
    with pytest.raises(EmptyData, match="it needs more trials"):
        study_plots.importance(study(), "popularity")
    with pytest.raises(EmptyData, match="factors of popularity was not searched"):
        study_plots.slice_of(study(), "popularity", "factors")
    with pytest.raises(EmptyData, match="nothing to draw"):
        study_plots.history(study(trials=[]))


def test_a_study_in_which_nothing_was_measured_has_a_page_with_the_reason():
    failed = trial(0, "popularity", math.nan, State.FAILED)
    page = studies.html(study(trials=[failed], importance={}), "Shop")
    assert "none of the 1 trials could be measured: it needs more memory than there is" in page


def test_pictures_are_written_one_by_one(tmp_path):
    made = studies.draw(study(), tmp_path / "pictures")
    names = {path.name for path in made}
    assert "history.svg" in names
    assert "slice-popularity-half_life_days.svg" not in names  # one trial shows nothing
    assert all(path.read_text().startswith("<svg") for path in made)


def outcome(method, promised, kept, verdict="better"):
    return Outcome("time split", method, 0.2, 0.2 * (1 + promised), 0.1, 0.1 * (1 + kept), 0.0, 0.1, verdict, True)


def test_what_was_promised_stands_beside_what_was_kept():
    nested = Nested("ndcg@10", [outcome("als", 0.25, 0.1), outcome("als", 0.15, -0.02, "no difference")], [])
    page = studies.html(study(), "Shop", nested)
    assert "tuning promised +20.0% inside and kept +4.0% on what came after, over 2 folds" in page
    assert "als: promised +20.0%, kept +4.0%" in page
    assert {"promised", "kept", "Gain by tuning (%)"} <= set(words(svg(study_plots.promises(nested))))
    with pytest.raises(EmptyData, match="no fold could be judged"):
        study_plots.promises(Nested("ndcg@10", [], []))
