"""A shop behind the app: with an engine whose answers are known, for each test a new one; and a real service."""

import pytest

from regulars.serving.app import app
from regulars.serving.versions import Versions
from regulars.serving.wiring import Setup, open_service
from serving.fitting import WEIGHTS, filled, made
from serving.http.live import listening
from serving.http.shopfront import Shopfront
from serving.shopping import dataset


@pytest.fixture
def shop(tmp_path):
    shopfront = Shopfront(tmp_path)
    yield shopfront
    shopfront.close()


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """A real service of the small shop, in which the examples' ids exist."""
    folder = tmp_path_factory.mktemp("served")
    data = dataset()
    store = filled(folder, data)
    versions = Versions(folder / "models", store.models)
    made(versions, data, "v1")
    made(versions, data, "v2", promote=False)
    store.items.put({"milk": {"price": 1.19}, "bread": {"price": 2.0}, "tea": {"price": 2.5}})
    store.customers.put({"tea": {"city": "Bonn"}, "gone": {"city": "Rome"}})
    names = ("item_knn", "popularity")
    setup = Setup(store="", folder=folder / "models", known=names, home=names, weights=WEIGHTS, pause=0.02)
    running = open_service(setup, store)
    yield running
    running.close()


@pytest.fixture(scope="module")
def url(service):
    with listening(app(service)) as one:
        yield one
