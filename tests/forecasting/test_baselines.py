import numpy as np

from forecasting.panels import bare
from regulars.forecasting import MovingAverage, Naive, SeasonalNaive


def told(forecaster, panel, horizon):
    return forecaster.fit(panel, horizon).forecast(panel).point.tolist()


def test_the_same_weekday_of_last_week_is_forecast_again():
    panel = bare([[1, 2, 3, 4, 5, 6, 7, 11, 12, 13, 14, 15, 16, 17]], step="day")
    assert told(SeasonalNaive(), panel, 9) == [[11, 12, 13, 14, 15, 16, 17, 11, 12]]


def test_a_day_that_was_not_observed_is_taken_from_the_week_before():
    panel = bare([[1, 2, 3, 4, 5, 6, 7, None, 12, 13, 14, 15, 16, 17]], step="day")
    assert told(SeasonalNaive(), panel, 2) == [[1, 12]]


def test_a_season_longer_than_the_history_leaves_the_latest_step():
    assert told(SeasonalNaive(), bare([[4, 8, 6, None]]), 2) == [[6, 6]]


def test_the_mean_is_of_observed_steps_alone_and_nobody_knows_a_series_never_observed():
    point = (
        MovingAverage(window=2)
        .fit(bare([[9, 4, None, 8], [None] * 4]), 1)
        .forecast(bare([[9, 4, None, 8], [None] * 4]))
    )
    assert point.point[0].tolist() == [6]
    assert np.isnan(point.point[1]).all()


def test_the_latest_step_is_repeated_however_far_ahead():
    assert told(Naive(), bare([[3, 5]]), 4) == [[5, 5, 5, 5]]
