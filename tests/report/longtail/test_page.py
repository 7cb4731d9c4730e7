"""The page of the long tail: what is in it, what cannot get into it, and that its sentences are true."""

import json
import re
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from regulars.core import Run
from regulars.core.errors import BadTable
from regulars.data.simulation.pictures import draw as drawn_picture
from regulars.data.simulation.pictures import png
from regulars.report.longtail import Goods, Look, Pair, longtail
from report.longtail.toys import asked, log, model
from report.reader import Reader

pytest.importorskip("altair")

EVIL = "</script><script>alert(1)</script>"
COUNTS = [320, 120, 40, 40, 20, 20, 6, 6, 6, 6, 3, 3, 3, 3, 0, 0, 0, 0]
GROUPS = ["tea", "soap"] * 9


def vectors(random, content):
    """Two directions, tea and soap; without content the rare items point anywhere and those without events nowhere."""
    found = []
    for count, group in zip(COUNTS, GROUPS, strict=True):
        right = np.array([1.0, 0.1] if group == "tea" else [0.1, 1.0]) + 0.05 * random.standard_normal(2)
        noise = random.standard_normal(2)
        own = None if count == 0 else right if count > 10 else noise
        found.append(own if not content else right if count <= 10 else own)
    return [None if one is None else one.tolist() for one in found]


@pytest.fixture(scope="module")
def found():
    features = pl.DataFrame({"category": GROUPS})
    data = log(COUNTS, features=features)
    names = pl.Series([f"{EVIL} no. {i}" for i in range(len(COUNTS))])
    pictures = [png(drawn_picture(np.array([0.7, 0.3]), i % 2, i, 24)) for i in range(len(COUNTS))]
    pictures[3] = b"no picture at all"
    goods = Goods(names, data.item_features["category"], "category", pictures)
    before, after = vectors(np.random.default_rng(0), False), vectors(np.random.default_rng(0), True)
    split = asked(data, [[i] for i in range(len(COUNTS))])
    look = Look(k=3, items=18, gallery=6)
    return longtail(Pair(model(before), model(after)), split, goods=goods, look=look, run=Run(seed=1))


@pytest.fixture(scope="module")
def page(found):
    from regulars.report.longtail.page import page

    return page(found, shop=EVIL, protocol={"Seed": "1", "Said": EVIL})


@pytest.fixture(scope="module")
def read(page):
    return Reader(page)


def test_a_product_called_script_is_harmless(read, page):
    assert read.tags.count("script") == 2
    assert not [name for name, _ in read.attributes if name.startswith("on")]
    assert page.count("&lt;script&gt;alert(1)") > 10
    assert read.open == []


def test_the_script_of_the_maps_knows_every_point(found, read):
    points = json.loads(read.scripts[0])
    n = found.map.points.height
    assert n == len(COUNTS)
    assert len(points["names"]) == n
    assert points["names"][0] == f"{EVIL} no. 0"
    assert points["events"] == COUNTS
    assert [points["before"][2 * i] is None for i in range(n)] == [count == 0 for count in COUNTS]
    assert all(0 <= place <= 500 for place in points["after"])


def test_nothing_comes_from_the_network(read, page):
    links = [value or "" for name, value in read.attributes if name in {"href", "src", "xlink:href"}]
    assert all(link.startswith(("#", "data:image/")) for link in links)
    assert not {"link", "iframe", "object"} & set(read.tags)
    assert "http" not in re.sub(r"http://www\.w3\.org/\d+/\w+", "", page)


def test_every_id_is_there_once_and_every_link_leads_somewhere(read):
    ids = [value for name, value in read.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    assert {value[1:] for name, value in read.attributes if name == "href" and value[0] == "#"} <= set(ids)


def test_the_sentences_are_true(found, read):
    rare = sum(count <= 10 for count in COUNTS)
    assert f"{round(100 * rare / len(COUNTS))} % of the 18 products have at most 10 events" in read.text
    assert "behavior-driven recommendations reach 100 % of the catalog instead of 33 %" in read.text
    assert "4 products have no place on the map before" in read.text
    assert "0 % (0 events) where there was no answer before" in read.text
    assert "<script>alert(1)" in read.text, "as words, which the browser shows"
    assert re.findall(r"\d\.\d{5,}|\bnan\b|\bNone\b|\binf\b", read.text) == []


def test_what_is_similar_after_is_of_the_same_category(found):
    after = found.irrelevance.filter(name="after")
    assert after["mean"].to_list() == [0.0] * after.height
    before = dict(found.irrelevance.filter(name="before").select("part", "mean").iter_rows())
    assert before["1-3"] > 0.2, "what points anywhere has anything beside it"
    chances = found.irrelevance["chance"].unique()
    assert chances.to_list() == pytest.approx([9 / 17])


def test_the_gallery_shows_rare_items_drawn_from_every_part(found, read):
    events = found.events[found.gallery["item"].unique(maintain_order=True).to_numpy()]
    assert events.tolist() == [0, 0, 3, 3, 6, 6]
    assert found.gallery.filter(name="after")["alike"].all()
    assert "Nothing: without an event it had no vector." in read.text
    assert sum(name == "src" for name, _ in read.attributes) >= 6 * 4


def test_what_content_has_not_changed_is_shown_once(found):
    from regulars.report.longtail.page import page

    after = found.gallery.filter(name="after")
    unmoved = replace(found, gallery=pl.concat([after.with_columns(name=pl.lit("before")), after]))
    text = page(unmoved, shop="Corner")
    assert text.count("<h4>Before and after</h4>") == 6
    assert "<h4>After</h4>" not in text


def test_there_is_a_point_for_each_item_that_has_a_vector(page):
    maps = [part.partition("</svg>")[0] for part in page.split('class="map"')[1:]]
    assert [one.count("h0") for one in maps] == [14, 18, 14, 18]


def test_every_picture_has_words_for_those_who_cannot_see_it(page):
    pictures = re.findall(r'role="img" aria-label="([^"]+)"', page)
    assert len(pictures) == 9
    assert min(map(len, pictures)) > 20


def test_the_same_findings_give_the_same_page(found, page):
    from regulars.report.longtail.page import page as again

    assert again(found, shop=EVIL, protocol={"Seed": "1", "Said": EVIL}) == page


def test_pictures_are_written_as_png(found, tmp_path):
    from regulars.report.longtail.plots import draw

    made = draw(found, tmp_path / "new")
    names = ["long-tail", "reach", "lists", "lists-of-a-part", "irrelevance", "map-popularity", "map-category"]
    assert [path.stem for path in made] == names
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in made)


def test_a_shop_without_categories_and_pictures_has_a_page(found):
    from regulars.report.longtail.page import page

    data = log(COUNTS)
    random = np.random.default_rng
    pair = Pair(model(vectors(random(0), False)), model(vectors(random(0), True)))
    split = asked(data, [[0], [16]])
    names = pl.Series([str(i) for i in range(18)])
    bare = longtail(pair, split, goods=Goods(names), look=Look(k=3, items=18, gallery=0))
    text = page(bare, shop="Bare")
    assert "By category" not in text
    assert "How similar is" not in text
    assert "Maps of the catalog" in text


def test_names_of_another_catalog_are_refused(found):
    with pytest.raises(BadTable, match="the names 1"):
        longtail(
            Pair(model([[1.0]] * 18), model([[1.0]] * 18)), asked(log(COUNTS), [[0]]), goods=Goods(pl.Series(["one"]))
        )
