"""One small shop for the tests of a module; those that change something put it back. A store and its versions."""

import pytest

from regulars.serving.versions import Versions
from serving.fitting import filled
from serving.shopping import Small, dataset, small


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Small:
    made = small(
        tmp_path_factory.mktemp("shop"),
        {
            "knn": {"sources": ("item_knn",)},
            "ease": {"sources": ("ease",)},
            "als": {"sources": ("als",)},
            "blend": {"sources": ("blend",)},
            "content": {"sources": ("content",)},
            "piped": {"sources": ("pipeline",)},
            "sellers": {"sources": ("popularity",)},
            "cheap": {"sources": ("item_knn", "trending"), "rules": {"where": "price < 60"}},
            "capped": {"sources": ("als",), "rules": {"caps": {"brand": 2}, "where": "stock > 0"}, "k": 6},
            "pinned": {"sources": ("als",), "rules": {"pins": [{"item": "i39", "slot": 2}]}, "k": 5},
            "drawn": {"sources": ("als",), "explore": 0.3, "k": 4},
            "unseen": {"sources": ("item_knn",), "rules": {"unseen": True}},
        },
    )
    yield made
    made.store.close()


@pytest.fixture(scope="module")
def data():
    return dataset()


@pytest.fixture
def store(tmp_path, data):
    store = filled(tmp_path, data)
    yield store
    store.close()


@pytest.fixture
def versions(tmp_path, store):
    return Versions(tmp_path / "models", store.models)
