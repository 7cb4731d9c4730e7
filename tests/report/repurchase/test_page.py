"""The page of repurchases: what is in it, what cannot get into it, and that it works in the dark."""

import re

import polars as pl
import pytest

from marketing.repurchase.renewals import renewals
from regulars.core import Run
from regulars.marketing.repurchase import Calibrated, Frequency, Hazard
from regulars.report.repurchase import Known, Look, repurchases
from report.reader import Reader

pytest.importorskip("altair")

EVIL = "</script><script>alert(1)</script>"
METHODS = {"weibull": Calibrated(Hazard(gaps="weibull")), "frequency": Calibrated(Frequency())}


@pytest.fixture(scope="module")
def found():
    data, _, _ = renewals(customers=80, days=300)
    names = pl.Series([f"{EVIL} no. {i}" if i else "Milk" for i in range(data.n_items)])
    known = Known(data, names, data.item_features["category"])
    look = Look(shown=7, products=3, curves=4)
    return repurchases(known, "weibull", METHODS["weibull"].fit(data), METHODS, look=look, run=Run(seed=1))


@pytest.fixture(scope="module")
def page(found):
    from regulars.report.repurchase.page import page

    return page(found, shop=EVIL, protocol={"Seed": "1"})


@pytest.fixture(scope="module")
def read(page):
    return Reader(page)


def test_a_product_called_script_is_harmless(read, page):
    assert read.tags.count("script") == 1
    assert not [name for name, _ in read.attributes if name.startswith("on")]
    assert page.count("&lt;script&gt;alert(1)") > 10
    assert read.open == []


def test_nothing_comes_from_the_network(read, page):
    links = [value or "" for name, value in read.attributes if name in {"href", "src", "xlink:href"}]
    assert all(link.startswith("#") for link in links)
    assert not {"link", "iframe", "object", "img"} & set(read.tags)
    assert "http" not in re.sub(r"http://www\.w3\.org/\d+/\w+", "", page)


def test_every_id_is_there_once_and_every_link_leads_somewhere(read):
    ids = [value for name, value in read.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    assert {value[1:] for name, value in read.attributes if name == "href" and value[0] == "#"} <= set(ids)


def test_every_customer_of_the_plan_has_a_piece_that_a_script_can_choose(found, read):
    named = [value for name, value in read.attributes if name == "data-name"]
    assert len(named) == found.plan.lines["customer"].n_unique() == 7
    assert [value for name, value in read.attributes if name == "data-picker"] == ["Search a customer or a product"]


def test_the_sums_of_the_page_are_those_of_the_study(found, read):
    assert f"expected to buy again {round(found.totals.items['expected'].sum()):,} of the products" in read.text
    weeks = found.tried.weeks
    assert f"{int(weeks['bought'].sum()):,} purchases came" in read.text


def test_every_method_is_told_at_every_horizon_with_intervals(found, page):
    part = page[page.index('id="methods"') : page.index('id="trust"')]
    assert len(re.findall(r"<th[^>]*>(?:1|2|4) weeks?</th>", part)) == 3
    assert part.count("<td>frequency</td>") == 3
    assert len(re.findall(r"<small>0\.\d+ to 0\.\d+</small>", part)) == 3 * 2 * 3


def test_points_say_what_they_are_when_pointed_at(page):
    assert re.search(r"<title>said [\d.&lt; ]+.%, happened .*: [\d,]+ pairs</title>", page)
    assert "bought in the week of" in page


def test_all_colors_of_the_pictures_are_changed_in_the_dark(page):
    from regulars.report.palette import DARK

    pictures = "".join(re.findall(r"<svg.*?</svg>", page, flags=re.S))
    used = set(re.findall(r'(?:fill|stroke)="(#[0-9a-f]{6})"', pictures))
    assert used <= set(DARK)


def test_the_same_findings_make_the_same_page(found, page):
    from regulars.report.repurchase.page import page as write

    assert write(found, shop=EVIL, protocol={"Seed": "1"}) == page
