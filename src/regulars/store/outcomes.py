"""What came of what was shown: exposures joined to the clicks and purchases after them."""

import polars as pl

from regulars.core import Frame

PURCHASE = "purchase"
NO_ANSWER = ("impression", "return", "remove_from_cart")  # kinds that neither click nor purchase


def joined(shown: Frame, events: Frame, window: int) -> Frame:
    """`shown` with clicked and purchased (time of the first of each, or null) and value (of the purchases, 0 if none).

    shown: one row for each shown item, with exposure_id, user_id, item_id, time. events: user_id, item_id, kind, time,
    value, followed (the exposure that the event names, or empty). Each event counts for one exposure: the one that it
    names if that showed the item, else the latest that showed the item to the customer within `window` seconds before.
    """
    shown = shown.with_row_index("line")
    told = events.filter(~pl.col("kind").is_in(NO_ANSWER)).with_row_index("event").with_columns(at="time")
    lines = shown.select("line", "exposure_id", "user_id", "item_id", shown_at="time")
    by_name = told.join(
        lines.drop("user_id").unique(["exposure_id", "item_id"], keep="first", maintain_order=True),
        left_on=["followed", "item_id"],
        right_on=["exposure_id", "item_id"],
    )
    rest = told.join(by_name.select("event"), on="event", how="anti").sort("time")
    latest = lines.drop("exposure_id").with_columns(time="shown_at").sort("time", maintain_order=True)
    by_item = rest.join_asof(
        latest, on="time", by=["user_id", "item_id"], strategy="backward", check_sortedness=False
    ).drop_nulls("line")
    counted = pl.concat([part.select("line", "kind", "at", "value", "shown_at") for part in (by_name, by_item)])
    counted = counted.filter(pl.col("at") - pl.col("shown_at") <= window)
    bought = pl.col("kind") == PURCHASE
    found = counted.group_by("line").agg(
        clicked=pl.col("at").filter(~bought).min(),
        purchased=pl.col("at").filter(bought).min(),
        value=pl.col("value").filter(bought).sum(),
    )
    whole = shown.join(found, on="line", how="left", maintain_order="left").drop("line")
    return whole.with_columns(pl.col("value").fill_null(0.0))
