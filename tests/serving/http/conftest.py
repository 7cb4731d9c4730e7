"""A shop behind the app, for each test a new one."""

import pytest

from serving.http.shopfront import Shopfront


@pytest.fixture
def shop(tmp_path):
    shopfront = Shopfront(tmp_path)
    yield shopfront
    shopfront.close()
