"""buy-again over HTTP: what is expected stands in the answer, from the event sent before it; elsewhere it does not."""

import datetime

import msgspec
import pytest
import urllib3

from regulars.marketing.repurchase import Hazard, Repeats
from regulars.models import ItemKNN
from regulars.serving.app import app
from regulars.serving.client import Client
from regulars.serving.schemas import Event
from regulars.serving.versions import Versions
from regulars.serving.wiring import Setup, open_service
from serving.fitting import WEIGHTS, filled, fitted
from serving.http.live import listening
from serving.shopping import dataset


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    folder, data = tmp_path_factory.mktemp("foretold"), dataset()
    store = filled(folder, data)
    versions = Versions(folder / "models", store.models)
    recommenders = {"item_knn": ItemKNN().fit(data), "buy_again": Repeats.fit(Hazard(rounds=4), data)}
    versions.make(fitted(data, recommenders), "v1")
    versions.models.promote("v1")
    names = ("item_knn",)
    setup = Setup(store="", folder=folder / "models", known=names, home=names, weights=WEIGHTS, pause=0.02)
    service = open_service(setup, store)
    with listening(app(service)) as one:
        yield one
    service.close()


def test_the_purchase_sent_before_is_in_the_answer(url):
    with Client(url) as client:
        before = client.buy_again("c1", k=20).items
        assert all(0 < line.probability < 1 and line.horizon_weeks == 2 for line in before)
        assert all(line.expected_date is None or isinstance(line.expected_date, datetime.date) for line in before)
        client.send([Event(customer="c1", item=before[-1].item, kind="purchase")])
        after = {line.item: line for line in client.buy_again("c1", k=20).items}
        assert after[before[-1].item].reason.endswith("last bought today")
        assert all(line.probability is msgspec.UNSET for line in client.recommend("c1").items)


def test_a_line_of_another_source_does_not_name_what_nobody_expects(url):
    answer = urllib3.request("GET", f"{url}/v1/recommend/c1").json()
    assert "probability" not in answer["items"][0]
    answer = urllib3.request("GET", f"{url}/v1/buy-again/c1").json()
    assert {"probability", "horizon_weeks", "expected_date"} <= answer["items"][0].keys()
