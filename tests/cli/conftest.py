"""Shops to run commands on."""

import pytest

from cli.corner import EVENTS, TABLES, Shop, laid_out


@pytest.fixture
def shop(tmp_path):
    """A shop of its own with a regulars.toml."""
    return laid_out(tmp_path / "shop").write(TABLES)


@pytest.fixture
def bare(tmp_path):
    """A shop whose only table is what a test writes to events.csv."""
    (tmp_path / "bare").mkdir()
    return Shop(tmp_path / "bare").write(EVENTS)


@pytest.fixture(scope="session")
def gone_through(tmp_path_factory):
    """A shop after init, check, compare, fit, recommend and report; and what each of them said."""
    shop = laid_out(tmp_path_factory.mktemp("user") / "corner")
    return shop, {
        "init": shop.ok("init", shop.folder),
        **{verb: shop.ok(verb) for verb in ("check", "compare", "fit", "recommend", "report")},
    }
