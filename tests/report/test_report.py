"""The page says what the figures say, harmlessly, and in one file."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest

pytest.importorskip("altair")
pytest.importorskip("vl_convert")

from regulars.core import Dataset
from regulars.core.errors import CannotWrite, EmptyData
from regulars.data import CheckReport, FileCount, TableReport
from regulars.data.simulate import ShopSettings, simulate
from regulars.evaluation import TimeSplit, compare
from regulars.models import Personal, Popularity
from regulars.report import Figures, Report, choice, html, numbers, plots, write
from regulars.report.advice import advice
from regulars.report.markup import Markup, tag
from regulars.report.traffic import Traffic

EVIL = "<script>alert(1)</script>\"'&"


@pytest.fixture(scope="module")
def data() -> Dataset:
    shop = simulate(ShopSettings(customers=150, items=60, days=120, staples=4.0), seed=1)
    events = shop.events.with_columns(time=pl.col("timestamp").dt.epoch("s"))
    items = shop.items.with_columns(title=pl.when(pl.int_range(pl.len()) < 55).then(pl.lit(EVIL)).otherwise("title"))
    return Dataset.of(events.select("user_id", "item_id", "time", "kind", "session", "value"), items=items)


@pytest.fixture(scope="module")
def figures(data: Dataset) -> Figures:
    split = TimeSplit(days=28).cut(data)
    models = {"popularity": Popularity().fit(split.train), "personal": Personal().fit(split.train)}
    return Figures.of(compare(models, split, k=(10, 5)))


@pytest.fixture(scope="module")
def report(data: Dataset, figures: Figures) -> Report:
    model = Popularity().fit(data)
    answers = model.recommend(data.everyone(), 10).frame(data.users.ids, data.items)
    chosen = choice.products(data)
    similar = pl.DataFrame(
        {
            "item_id": chosen.gather([0] * 3 + [1] * 3),
            "similar_item_id": data.items.ids.gather(range(6)),
            "rank": [1, 2, 3] * 2,
            "score": [0.5] * 6,
        }
    )
    check = CheckReport(
        tables=(TableReport("events", (FileCount("log.csv", "", 1000, 900, 100),), {}, {EVIL: 100}, {}),),
        events=900,
        customers=150,
        items=60,
        sessions=10,
        first=0,
        last=1,
        kinds=(),
        warnings=(EVIL,),
        quarantine="quarantine.csv",
    )
    return Report(
        shop=EVIL,
        data=data,
        item_names=data.item_features["title"],
        check=check,
        validation=figures,
        test=figures,
        winner="personal",
        recommendations=answers.with_columns(reason=pl.lit(EVIL)),
        similar=similar,
        settings={"personal": {"half_life_days": EVIL}},
        protocol={"Seed": EVIL},
    )


@pytest.fixture(scope="module")
def page(report: Report) -> str:
    return html(report)


class Reader(HTMLParser):
    """Collects what a browser would see."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, name: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(name)
        self.attributes += attributes
        if name not in {"meta", "br"}:
            self.open.append(name)

    def handle_startendtag(self, name: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(name)
        self.attributes += attributes

    def handle_endtag(self, name: str) -> None:
        assert self.open.pop() == name


def test_a_product_called_script_is_harmless(page: str) -> None:
    reader = Reader(page)
    assert "script" not in reader.tags
    assert not [name for name, _ in reader.attributes if name.startswith("on")]
    assert page.count("&lt;script&gt;alert(1)") > 20
    assert reader.open == []


def test_nothing_comes_from_the_network(page: str) -> None:
    reader = Reader(page)
    links = [value or "" for name, value in reader.attributes if name in {"href", "src", "xlink:href"}]
    assert all(link.startswith("#") for link in links)
    assert not {"script", "link", "iframe", "img", "object"} & set(reader.tags)
    assert "url(http" not in page
    assert "@import" not in page


def test_every_id_is_there_once_and_every_link_leads_somewhere(page: str) -> None:
    reader = Reader(page)
    ids = [value for name, value in reader.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    targets = {value[1:] for name, value in reader.attributes if name == "href" and value}
    targets |= set(re.findall(r"url\(#([^)\"]+)\)", page))
    assert targets <= set(ids)


def test_every_picture_has_words_for_those_who_cannot_see_it(page: str) -> None:
    pictures = re.findall(r'<div class="plot" role="img" aria-label="([^"]+)"', page)
    assert len(pictures) == page.count("<svg") >= 6
    assert min(map(len, pictures)) > 20


def test_headings_go_down_one_step_at_a_time(page: str) -> None:
    levels = [int(level) for level in re.findall(r"<h([1-6])", page)]
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))


def test_no_number_is_raw(page: str) -> None:
    text = re.sub(r"<(style|svg).*?</\1>|<[^>]+>", " ", page, flags=re.S)
    assert re.findall(r"\d\.\d{4,}|\bnan\b|\bNone\b|\binf\b", text) == []


def test_the_same_report_gives_the_same_page_and_a_small_one(report: Report, page: str, tmp_path: Path) -> None:
    assert html(report) == page
    path = write(report, tmp_path / "new" / "report.html")
    assert path.read_text(encoding="utf-8") == page
    assert path.stat().st_size < 300_000


def test_what_is_not_known_has_no_section(report: Report) -> None:
    bare = html(Report(shop="Bare", data=report.data))
    assert "The long tail" in bare
    for title in (
        "What the check found",
        "Which method",
        "A few customers",
        "Similar products",
        "How this was measured",
    ):
        assert title not in bare


def test_a_folder_that_refuses_is_named(report: Report, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotWrite, match="file"):
        write(Report(shop="x", data=report.data), tmp_path / "file" / "report.html")


def test_verdicts_are_words(page: str) -> None:
    assert "the best" in page
    assert ("worse than" in page) or ("no difference to" in page)


def test_head_and_middle_end_where_eighty_and_ninety_five_percent_are_reached() -> None:
    events = pl.DataFrame({"user_id": ["u"] * 100, "item_id": ["a"] * 70 + ["b"] * 15 + ["c"] * 12 + ["d"] * 3})
    traffic = Traffic.of(Dataset.of(events, items=pl.DataFrame({"item_id": ["e"]})))
    assert (traffic.head, traffic.middle, traffic.sold, len(traffic.items)) == (2, 3, 4, 5)
    assert traffic.cumulative.tolist() == pytest.approx([0.70, 0.85, 0.97, 1.0, 1.0])


def test_the_value_of_a_shop_is_that_of_purchases_less_returns() -> None:
    events = pl.DataFrame(
        {
            "user_id": ["u"] * 4,
            "item_id": ["a"] * 4,
            "kind": ["view", "purchase", "purchase", "return"],
            "value": [5.0, 1_000.0, 500.0, -200.0],
        }
    )
    assert "<dd>1,300</dd>" in html(Report(shop="x", data=Dataset.of(events)))


def test_customers_who_are_shown_differ_in_activity(report: Report) -> None:
    shown = choice.customers(report.data, report.recommendations)
    counts = np.diff(report.data.starts)[[one.index for one in shown]]
    assert [one.who for one in shown] == ["A regular", "An average customer", "A newcomer"]
    assert counts[0] > counts[1] > counts[2] > 0


def advised(report: Report) -> str:
    return " ".join(one.do for one in advice(report))


def test_advice_follows_from_the_findings(report: Report, figures: Figures) -> None:
    better = replace(report, winner="personal")
    assert "Show customers the lists of “personal”" in advised(better)
    assert "Repair the tables" in advised(better)
    same = replace(figures, catalog=figures.catalog.with_columns(value=pl.lit(1.0)), queries=20, leaks="it leaks")
    poor = replace(report, test=same, winner="popularity", check=None)
    assert "Stay with “popularity”" in advised(poor)
    assert "Do not call these lists personal" in advised(poor)
    assert "Ask more customers" in advised(poor)
    assert "cut in time" in advised(poor)
    assert "Repair" not in advised(poor)


def test_a_winner_that_loses_on_the_test_period_is_questioned(report: Report, figures: Figures) -> None:
    worst = figures.ranked(figures.main)["name"][-1]
    assert f"Think again about “{worst}”" in advised(replace(report, winner=worst))


def test_no_finding_no_advice(data: Dataset) -> None:
    assert advice(Report(shop="x", data=data)) == []


def test_figures_read_from_json_are_those_of_the_comparison(data: Dataset) -> None:
    split = TimeSplit(days=28).cut(data)
    comparison = compare({"popularity": Popularity().fit(split.train)}, split, k=(10,))
    figures = Figures.of(comparison)
    assert figures.names == ["popularity"]
    assert figures.mean("popularity", "ndcg@10") == pytest.approx(comparison.evaluations["popularity"].means["ndcg@10"])
    assert html(Report(shop="One method", data=data, test=figures))


def test_plots_are_saved_as_svg_and_png_and_nothing_else(data: Dataset, tmp_path: Path) -> None:
    chart = plots.long_tail(data)
    assert plots.save(chart, tmp_path / "a.svg").read_text().startswith("<svg")
    assert plots.save(chart, tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(CannotWrite, match="jpg"):
        plots.save(chart, tmp_path / "a.jpg")


def test_a_plot_of_nothing_says_so(data: Dataset, figures: Figures) -> None:
    with pytest.raises(EmptyData, match="long-tail"):
        plots.long_tail(data.where(np.zeros(len(data), dtype=bool)))
    with pytest.raises(EmptyData, match="moon"):
        plots.slices(figures, "moon", ["personal"])
    with pytest.raises(EmptyData, match="magic"):
        plots.comparison(figures, "magic@10")


def test_numbers_read_as_people_write_them() -> None:
    assert [numbers.share(x) for x in (0.0, 0.0001, 0.0784, 0.05, 0.0996, 0.5, 0.9999, 1.0)] == [
        *("0 %", "< 0.1 %", "7.8 %", "5 %", "10 %", "50 %", "> 99.9 %", "100 %")
    ]
    assert [numbers.seconds(x) for x in (0.001, 1.234, 45.4, 83.0, 119.8)] == [
        *("< 0.01 s", "1.23 s", "45 s", "1 min 23 s", "2 min 0 s")
    ]
    assert [numbers.short(x) for x in (999_999, 1_469_307, 2e9)] == ["999,999", "1.47 million", "2 billion"]
    assert numbers.day(1_512_345_678) == "4 December 2017"
    assert (numbers.plural(1, "product"), numbers.plural(2, "product")) == ("1 product", "2 products")


def test_text_in_a_tag_is_escaped_and_markup_is_not() -> None:
    assert tag("b", "<i>", Markup("<i>x</i>"), title='"') == '<b title="&quot;">&lt;i&gt;<i>x</i></b>'
