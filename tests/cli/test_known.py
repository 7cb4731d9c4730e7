"""What a shop knows when it is asked, told by `known` in regulars.toml, is in the questions of both tests."""

import polars as pl
import pytest

from regulars.cli.periods import splits
from regulars.cli.project import Project
from regulars.core import DAY, QUIET
from regulars.core.errors import MissingColumn

START = 1_700_000_000
TOML = """
{known}
[events]
paths = ["events.csv"]

[split]
days = 2.0
"""


def project(folder, known):
    rows = [
        {
            "user_id": f"c{user}",
            "item_id": f"i{(user + day) % 4}",
            "time": START + day * DAY,
            "channel": channel,
        }
        for user in range(6)
        for day, channel in enumerate(["web", "web", "app", "web", "shop", "web", "app"])
    ]
    pl.DataFrame(rows).write_csv(folder / "events.csv")
    (folder / "regulars.toml").write_text(TOML.format(known=known), encoding="utf-8")
    return Project.open(folder / "regulars.toml")


def test_the_questions_of_both_tests_carry_what_is_known(tmp_path):
    shop = project(tmp_path, 'known = ["channel", "time"]')
    validation, test = splits(shop, shop.prepared(QUIET))
    assert set(validation.queries.context["channel"]) == {"web"}  # day 3, the first of days 3 and 4
    assert set(test.queries.context["channel"]) == {"web"}
    assert (test.queries.times == START + 5 * DAY).all()
    assert (test.queries.history.times < START + 5 * DAY).all()


def test_without_it_they_carry_nothing(tmp_path):
    shop = project(tmp_path, "")
    assert not any(split.queries.context.width for split in splits(shop, shop.prepared(QUIET)))


def test_a_column_that_the_events_lack_is_named(tmp_path):
    shop = project(tmp_path, 'known = "device"')
    with pytest.raises(MissingColumn, match=r"names \['device'\]; the events have .*'channel'"):
        splits(shop, shop.prepared(QUIET))
