"""Warming: what a first question sets up is there before anybody asks."""

from dataclasses import dataclass, field, replace

from regulars.core import Reasons
from regulars.serving.warming import warm
from serving.shopping import dataset, fitted


@dataclass
class Noted:
    """A recommender that notes what it is asked."""

    recommender: object
    asked: list = field(default_factory=list)

    def recommend(self, queries, k, allowed=None):
        self.asked.append("recommend")
        return self.recommender.recommend(queries, k, allowed)

    def because(self, queries, answer, r=3):
        self.asked.append("because")
        return Reasons.none(len(answer), answer.k, r)


def test_reasons_are_asked_for_once_and_what_fails_stops_nobody():
    deployment = fitted(dataset())
    noted = Noted(deployment.recommenders["als"])
    warm(replace(deployment, recommenders={"broken": None, "als": noted}), 3, seconds=60)
    assert noted.asked == ["recommend", "because", "recommend", "recommend"]
