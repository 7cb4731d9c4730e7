"""The page about rules says what they do: its table of conditions and its settings are tried."""

import json
import re
import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from regulars.core import Vocabulary
from regulars.core.errors import RuleError
from regulars.ranking.rules import Catalog, Condition, Rules
from regulars.ranking.rules.language import seconds_of
from regulars.ranking.rules.syntax import WORDS
from rule_twins import asked

PAGE = (Path(__file__).parents[3] / "docs" / "how-to" / "rules.md").read_text(encoding="utf-8")
ITEMS = json.loads(PAGE.split("```json\n")[1].split("```")[0])
ROWS = re.findall(r"^\|[^|]*\| `{1,2} ?(.*?) ?`{1,2} \| ([\w, ]*) \|$", PAGE, flags=re.MULTILINE)


@pytest.mark.parametrize(("text", "shown"), ROWS)
def test_every_condition_of_the_table_shows_what_it_says(text: str, shown: str) -> None:
    documents = [{name: value for name, value in item.items() if name != "id"} for item in ITEMS]
    catalog = Catalog.of_documents(documents, Vocabulary.of([item["id"] for item in ITEMS]))
    context = pl.DataFrame({"store": ["berlin"], "limit": [50], "favorites": [["Pure", "Fine"]]})
    now = np.array([seconds_of("2026-11-22T12:00")]).astype(np.int64)
    queries = replace(asked(), times=now, context=context, attributes=pl.DataFrame({"age": [30]}))
    rules = Rules.of({"where": text})
    rules.check(catalog, context.columns)
    allowed = rules.bound(catalog).allowed(queries).dense(1, len(ITEMS))[0]
    assert [item["id"] for item, may in zip(ITEMS, allowed, strict=True) if may] == shown.split(", ")


def test_the_table_has_every_word_and_sign_of_the_language() -> None:
    told = " ".join(line for line in PAGE.splitlines() if line.startswith("|"))
    signs = ["=", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "(", "[", "item.", "context.", "customer."]
    assert not [word for word in (*WORDS, *signs) if word not in told]
    assert len(ROWS) > 20


def test_the_settings_of_the_page_are_rules_with_every_key() -> None:
    tables = [
        tomllib.loads(block) for block in re.findall(r"^```toml\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)
    ]
    for table in tables:
        Rules.of(table["rules"])
        Rules.of(table["scenarios"]["home"]["rules"])
    with pytest.raises(RuleError) as error:
        Rules.of({"no": 1})
    keys = str(error.value).split("It may have ")[1].split(", ")
    assert not [
        key for key in keys if not re.search(rf"^{key} = ", PAGE, flags=re.MULTILINE) and f"{key} = [" not in PAGE
    ]


def test_the_mistake_of_the_page_is_told_in_those_words() -> None:
    with pytest.raises(RuleError) as error:
        Rules.of({"where": "price < and brand"})
    assert f"```text\n{error.value}\n```" in PAGE


def test_a_request_of_the_page_is_read() -> None:
    wanted = re.search(r'"rules": (\{.*?\}\})` in', PAGE)
    assert wanted
    assert Rules.of(json.loads(wanted[1])).screens[0].where == Condition.of("price < 20")
