"""[rules] of regulars.toml hold for the lists of regulars recommend."""

from collections import Counter

from cli.corner import TABLES

POPULAR = """
[methods.popularity]
"""
RULES = """
[rules]
where = 'price < 9 and category in ["tea", "bread", "fruit"]'
deny = ["0001"]
caps = { category = 2 }
pins = [{ item = "0029", slot = 2 }, { item = "0035", slot = 1 }]
"""


def test_the_lists_of_recommend_obey_the_rules(shop):
    shop.write(TABLES + POPULAR, rest=False)
    shop.ok("fit", "--method", "popularity")
    free = shop.ok("recommend", "-k", "6", "--customer", "c-001", "--customer", "c-002", "--json").json
    shop.write(TABLES + POPULAR + RULES, rest=False)
    rows = shop.ok("recommend", "-k", "6", "--customer", "c-001", "--customer", "c-002", "--json").json
    assert len(rows) == len(free) == 12
    for customer in ("c-001", "c-002"):
        listed = [row["item_id"] for row in rows if row["user_id"] == customer]
        assert Counter(int(item) // 10 for item in listed) == {0: 2, 1: 2, 2: 2}
        assert listed[1] == "0029"
        assert "0001" not in listed
    assert {row["source"] for row in rows if row["item_id"] == "0029"} == {"pinned"}


def test_a_misspelled_rule_is_told_with_its_place(shop):
    shop.write(TABLES + POPULAR, rest=False)
    shop.ok("fit", "--method", "popularity")
    shop.write(TABLES + POPULAR + "[rules]\nwhere = 'prise < 9'\n", rest=False)
    wrong = shop.run("recommend", "--customer", "c-001")
    assert wrong.code != 0
    assert "no field prise; did you mean price?" in wrong.said
    shop.write(TABLES + POPULAR + "[rules]\nwhere = 'price <'\n", rest=False)
    assert "[rules] where: a field, a number or a text is wanted" in shop.run("recommend", "--customer", "c-001").said
