"""demo: the main job on a real shop, from raw tables to a report."""

import time
from pathlib import Path
from typing import Annotated

import typer

from regulars.config import FILE
from regulars.core.errors import CannotWrite
from regulars.data.demo import complete_journey

from .app import Quiet, verb
from .checking import check
from .console import out, say
from .contests import compare
from .fitting import fit, recommend
from .reports import report

_CONFIG = """\
# The Complete Journey: a grocer's year. Everything that `regulars demo` did, you can do again from this folder:
#   regulars check, regulars compare, regulars fit, regulars recommend, regulars similar 1082185, regulars report
name = "The Complete Journey"
output = "out"

[events]
paths = ["tables/events.parquet"]

[items]
paths = ["tables/items.parquet"]
name = ["title"]
category = "category"

[customers]
paths = ["tables/customers.parquet"]

[split]
kind = "time"
days = 28
kinds = ["purchase"]

[recommend]
k = 10
exclude_seen = false   # groceries are bought again
available = "on_shelf" # not fuel, coupons and gift cards
fallback = ["als", "popularity"]

# The settings below were chosen on the validation period, the four weeks before the test.
[methods.popularity]
half_life_days = 30.0
[methods.recent]
[methods.trending]
[methods.personal]
half_life_days = 100.0
[methods.personal_lately]
method = "personal"
half_life_days = 30.0
[methods.item_knn]
half_life_days = 90.0
[methods.ease]
max_items = 4000 # the most bought; the whole catalog would take minutes
regularization = 1000.0
rule = "log"
half_life_days = 90.0
[methods.als]
factors = 256
passes = 8
rule = "count" # how often counts where goods are bought again
half_life_days = 60.0
unobserved_weight = 0.3

[blends.blend]
of = ["personal", "personal_lately", "als", "popularity"]
weights = [8.0, 4.0, 3.0, 1.0]
constant = 20.0
"""


@verb("regulars demo --folder demo")
def demo(
    folder: Annotated[Path, typer.Option(help="Where the shop's tables and all results go.")] = Path("demo"),
    quiet: Quiet = False,
) -> None:
    """The Complete Journey, a grocer's year: check, compare, choose, recommend to everybody, and report."""
    begun = time.perf_counter()
    say("1/5  writing the tables of The Complete Journey and checking them")
    config = laid_out(folder)
    check(config=config, quiet=quiet)
    say("2/5  fitting and comparing the methods: chosen on validation, reported on test")
    compare(config=config, quiet=quiet)
    say("3/5  fitting the winner on everything")
    fit(config=config, quiet=quiet)
    say("4/5  recommending to every customer")
    recommend(config=config, quiet=quiet)
    say("5/5  writing the report")
    report(config=config, quiet=quiet)
    out.print(f"done in {time.perf_counter() - begun:.0f} s; the same steps again, one by one: see {config}")


def laid_out(folder: Path) -> Path:
    """The shop as a user would have it: tables in Parquet and a regulars.toml. Returns the latter's path."""
    shop = complete_journey()
    tables = folder / "tables"
    try:
        tables.mkdir(parents=True, exist_ok=True)
        for name, frame in (("events", shop.events), ("items", shop.items), ("customers", shop.customers)):
            if not (tables / f"{name}.parquet").exists():
                frame.write_parquet(tables / f"{name}.part")
                (tables / f"{name}.part").replace(tables / f"{name}.parquet")
        config = folder / FILE
        if not config.exists():
            config.write_text(_CONFIG, encoding="utf-8")
    except OSError as error:
        raise CannotWrite(f"{folder} does not accept files: {error}. Choose another with --folder") from error
    return config
