"""longtail: what mapping content into the vectors of behavior does for the products that few have met."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import polars as pl
import typer

from regulars.core import Dataset, Frame, Run
from regulars.core.errors import ConfigError
from regulars.models.content_to_cf import before
from regulars.models.kinds.factors import Factors
from regulars.report.longtail import AFTER, Goods, LongTail, Look, Pair
from regulars.report.longtail import longtail as studied

from .app import HERE, AsJson, ConfigPath, Device, Quiet, Seed, Threads, verb
from .bars import stage, watched
from .composing import decided
from .console import emit, say
from .content import tell_content, with_content
from .contests import tell_pictures
from .learning import learn
from .periods import tested
from .project import CATEGORY, Project
from .reports import versions
from .tables import cell, show
from .whole import written

KIND = "content_to_cf"
PAGE = "longtail.html"
Pictures = Annotated[Path | None, typer.Option("--plots", help="A folder for pictures (PNG) of the figures and maps.")]


@verb("regulars longtail --sample 2000")
def longtail(
    config: ConfigPath = HERE,
    method: Annotated[
        str,
        typer.Option("--method", "-m", help="A content_to_cf of regulars.toml; default: the first, or its defaults."),
    ] = "",
    category: Annotated[
        str, typer.Option(help="The column of the items by which relevance is judged; default: category of items.")
    ] = "",
    sample: Annotated[int, typer.Option(min=10, help="Products on the maps and asked for what is similar.")] = 4_000,
    limit: Annotated[int, typer.Option(min=1, help="Customers who are asked, at most.")] = 20_000,
    seed: Seed = None,
    threads: Threads = None,
    device: Device = None,
    plots: Pictures = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Fit a model with and without the content of products, and write longtail.html: who is reached, and how well.

    Both learn from what came before the test period and are judged on it, apart by how often a product had been met.
    """
    from regulars.report.longtail.page import ready

    project = Project.open(config)
    name = method or _named(project)
    if project.kind(name) != KIND:
        raise ConfigError(
            f"longtail compares {KIND} with the model that it extends, and {name} is no such method. "
            f'Name one with --method, or write [methods.{name}_by_content] method = "{KIND}"'
        )
    ready()
    with watched(quiet=quiet or as_json, **project.how(seed, threads, device)) as run:
        prepared, coverages = with_content(project, project.prepared(run), run)
        split, _ = tested(project, prepared)
        shelf = goods(project, split.train, category)
        model = learn(project, split.train, (name,), run)[name].recommender
        assert isinstance(model, Factors)
        look = Look(k=project.config.recommend.k, customers=limit, items=sample)
        filters = project.filters(split.train)
        found = studied(Pair(before(model), model), split, goods=shelf, look=look, filters=filters, run=run)
        with stage(run, "write the page"):
            path, made = _written(project, found, _facts(project, name, model, run), plots)
    if as_json:
        emit({"page": str(path), "pictures": [str(one) for one in made], **tables(found)})
        return
    tell_content(coverages, split.train.items.ids)
    tell(found)
    say(f"the page is in {path}")
    tell_pictures(made)


def _named(project: Project) -> str:
    """The first content_to_cf of the file, else the method of that name with its defaults."""
    return next((name for name in project.config.methods if project.kind(name) == KIND), KIND)


def goods(project: Project, data: Dataset, category: str = "") -> Goods:
    """What the shop calls its items, how it groups them and what they look like. Raises MissingColumn."""
    if category:
        project.column_of_items(data, category, "--category")
    column = category or CATEGORY
    known = column in data.item_features.columns
    groups = data.item_features[column] if known else pl.Series([], dtype=pl.String)
    called = category or project.config.items.category or CATEGORY
    word = called.lower().removesuffix("_name").replace("_", " ")
    return Goods(project.item_names(data), groups, word, pictures(project, data))


def pictures(project: Project, data: Dataset) -> Sequence[bytes | Path | None]:
    """The pictures that [content] names: paths seen from the folder of regulars.toml, or bytes; none if it has none."""
    for given in project.config.content.values():
        if given.pictures:
            column = project.column_of_items(data, given.pictures, "pictures of [content]")
            if column.dtype != pl.String:
                return list(column)
            folder = project.root / given.folder
            return [folder / path if path and path.strip() else None for path in column]
    return ()


def _written(project: Project, found: LongTail, facts: dict[str, str], plots: Path | None) -> tuple[Path, list[Path]]:
    from regulars.report.longtail.page import page
    from regulars.report.longtail.plots import draw

    text = page(found, shop=project.config.name, protocol=facts)
    path = written(project.made(PAGE), lambda path: path.write_text(text, encoding="utf-8"))
    return path, draw(found, plots) if plots else []


def _facts(project: Project, name: str, model: Factors, run: Run) -> dict[str, str]:
    """What else is needed to do it again."""
    settings = project.settings(name)
    method: Any = project.method(name)
    facts = {
        "After": f"{name}: {method.base} with the content of its items mapped in by {method.mapping}",
        "Before": f"the same {method.base}, fitted on the same events, without content; "
        "those that were withheld to decide the gate are known to neither",
        "Settings": ", ".join(f"{key} = {value}" for key, value in settings.items() if key != "method")
        or "the defaults",
    }
    if said := decided(model):
        facts["The gate"] = said
    return facts | {"Seed": str(run.seed), "Versions": versions()}


def tables(found: LongTail) -> dict[str, list[dict[str, Any]]]:
    """Everything that was measured, as JSON knows it."""
    frames = {
        "quality": found.quality.by_part(),
        "reach": found.reach,
        "parts": found.parts,
        "irrelevance": found.irrelevance,
        "neighbors": found.map.company,
    }
    return {name: frame.fill_nan(None).to_dicts() for name, frame in frames.items()}


def tell(found: LongTail) -> None:
    """The tables for the terminal."""
    reach = found.reach.filter(pl.col("items") > 0).pivot("name", index="how", values="share", maintain_order=True)
    show(reach, "Share of the catalog whose vectors rest on ...", whole=("how",))
    metric = f"ndcg@{found.look.k}"
    for among, words in (("all", "whole catalog"), ("part", "among products of the same number of events")):
        show(_standings(found, metric, among), f"{metric} by events of the product, {words}", whole=("before", "after"))
    if found.goods.grouped:
        shown = found.irrelevance.select("part", "name", "mean", "chance")
        wide = shown.fill_nan(None).pivot("name", index=["part", "chance"], values="mean", maintain_order=True)
        title = f"Share of the {found.look.k} most similar products without a common {found.goods.group}"
        show(wide.select(pl.col("part").alias("events"), "before", "after", "chance"), title)


def _standings(found: LongTail, metric: str, among: str) -> Frame:
    rows = found.quality.by_part().filter((pl.col("metric") == metric) & (pl.col("among") == among))
    sides = rows.with_columns(
        pl.struct("mean", "low", "high")
        .map_elements(lambda one: f"{cell(one['mean'])} ({cell(one['low'])}-{cell(one['high'])})", pl.String)
        .alias("said")
    )
    wide = sides.pivot("name", index="part", values="said", maintain_order=True)
    verdicts = rows.filter(name=AFTER).select("part", "verdict", "customers")
    return wide.join(verdicts, on="part", maintain_order="left").rename({"part": "events", "customers": "asked"})
