"""The page: one HTML file with everything in it, no script, no network."""

import math
import re
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Final

from regulars.core.errors import CannotWrite

from .advice import advice
from .contents import Report
from .markup import Content, Markup, joined, paragraph, tag
from .numbers import count, day, plural, quoted, score, share
from .palette import dark_rules
from .sections.check import check
from .sections.closing import next_steps, protocol
from .sections.comparison import comparison, lists, slices
from .sections.examples import customers, products
from .sections.learning import learning
from .sections.shop import shop

Section = Callable[[Report], Markup | None]
_NOTHING: Final = Markup("")
_ID: Final = re.compile(r' id="([^"]+)"')
_MENTIONED: Final = re.compile(r"""( id="|url\(#|href="#)([^")]+)""")

SECTIONS: Final[tuple[tuple[str, str, Section], ...]] = (
    ("shop", "The shop in figures", shop),
    ("check", "What the check found", check),
    ("comparison", "Which method finds what customers want next", comparison),
    ("slices", "Where it works, and where it does not", slices),
    ("lists", "Does everybody get the same?", lists),
    ("learning", "How the networks learned", learning),
    ("customers", "A few customers", customers),
    ("products", "Similar products", products),
    ("next", "What to do next", next_steps),
    ("protocol", "How this was measured", protocol),
)


def write(report: Report, path: Path | str) -> Path:
    """Writes the page, whole or not at all. Raises CannotWrite, and MissingExtra without the plots."""
    return write_page(html(report), path)


def write_page(text: str, path: Path | str) -> Path:
    """Writes the text of a page, whole or not at all. Raises CannotWrite."""
    path = Path(path)
    scratch = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch.write_text(text, encoding="utf-8")
        scratch.replace(path)
    except OSError as error:
        raise CannotWrite(f"{path} cannot be written: {error}. Choose another folder") from error
    return path


def html(report: Report) -> str:
    """The page as text; the same report gives the same text."""
    made = [(name, title, body) for name, title, section in SECTIONS if (body := section(report)) is not None]
    return document(f"{report.shop}: recommendations", "Recommendations", report.shop, _summary(report), made)


def document(
    title: str, kicker: str, heading: str, lead: Markup, made: list[tuple[str, str, Markup]], *, end: Markup = _NOTHING
) -> str:
    """A page of sections (id, title, body) with a menu, a summary and everything that it needs inside.

    end: what stands behind all of it; the page works without.
    """
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", title),
        tag("style", Markup(_style())),
    )
    body = tag(
        "body",
        tag("a", "Skip to the content", href="#main", cls="skip"),
        tag("header", tag("p", kicker, cls="kicker"), tag("h1", heading), lead, _menu(made)),
        tag("main", [_section(*one) for one in made], id="main"),
        tag("footer", paragraph("Made with Regulars.")),
        end,
    )
    return f"<!DOCTYPE html>\n{tag('html', head, body, lang='en')}\n"


def _section(name: str, title: str, body: Markup) -> Markup:
    return tag(
        "section", tag("h2", title, id=f"{name}-title"), _own_ids(body, name), id=name, aria_labelledby=f"{name}-title"
    )


def _own_ids(body: Markup, name: str) -> Markup:
    """Ids inside of pictures numbered anew: what draws them counts on, from picture to picture and page to page."""
    pieces = body.split("<svg")
    for i, piece in enumerate(pieces[1:], start=1):
        picture, end, rest = piece.partition("</svg>")
        pieces[i] = _numbered(picture, f"{name}{i}-") + end + rest
    return Markup("<svg".join(pieces))


def _numbered(picture: str, prefix: str) -> str:
    places = {own: str(k) for k, own in enumerate(dict.fromkeys(_ID.findall(picture)))}

    def other(found: re.Match[str]) -> str:
        return found[1] + prefix + places.get(found[2], found[2])

    return _MENTIONED.sub(other, picture)


def _menu(made: list[tuple[str, str, Markup]]) -> Markup:
    links = [tag("li", tag("a", title, href=f"#{name}")) for name, title, _ in made]
    return tag("nav", tag("ul", links), aria_label="Sections")


def _summary(report: Report) -> Markup:
    """The whole page in a few sentences."""
    data = report.data
    sentences: list[Content] = []
    if len(data):
        buyers = plural(int((data.starts[1:] > data.starts[:-1]).sum()), "customer")
        sentences.append(
            f"{count(len(data))} events of {buyers} and {plural(data.n_items, 'product')} "
            f"until {day(data.time.max())}. "
        )
    sentences.append(_verdict(report))
    given = advice(report)
    if given:
        sentences.append(joined(["First thing to do: ", tag("a", _lowered(given[0].do), href="#next"), "."]))
    return tag("p", sentences, cls="lead")


def _verdict(report: Report) -> str:
    figures, leader, baseline = report.figures, report.leader, report.baseline
    if figures is None or not leader:
        return ""
    k = figures.k[0]
    hit, mean = figures.mean(leader, f"hit_rate@{k}"), figures.mean(leader, figures.main)
    text = f"The method chosen is {quoted(leader)}" if report.winner else f"The best method is {quoted(leader)}"
    if not math.isnan(hit):
        text += f": {share(hit)} of the customers find something on their list of {k} that they went on to want"
        other = figures.mean(baseline, f"hit_rate@{k}")
        text += (
            f", against {share(other)} with {quoted(baseline)}" if leader != baseline and not math.isnan(other) else ""
        )
        return text + ". "
    return f"{text}, with {score(mean)}. "


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:]


def unbroken(text: Markup) -> Markup:
    """The text with no line broken between a number and its sign."""
    return Markup(re.sub(r"(?<=\d) %", "\N{NO-BREAK SPACE}%", text))


def inner_file(name: str, package: str = "") -> str:
    """The text of a file that goes into a page. package: of the report, "longtail"."""
    return (files(".".join(filter(None, ("regulars.report", package)))) / name).read_text(encoding="utf-8")


def _style() -> str:
    return inner_file("page.css").replace("/* dark plots */", dark_rules())
