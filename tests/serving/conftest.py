"""One small shop for the tests of a module; those that change something in it put it back."""

import pytest

from serving.shopping import Small, small


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
