"""What texts and attributes do for the products that few have met: a simulated shop before and after, as a page.

    python examples/long_tail.py [FOLDER]     # writes FOLDER/longtail.html and its figures as PNG; extra `deep`

The shop is invented, so its products have pictures that anybody may show, and tastes that we know.
"""

import sys
from pathlib import Path

import polars as pl

from regulars import Dataset, TimeSplit, Unseen
from regulars.data.simulate import ShopSettings, simulate
from regulars.data.simulation.pictures import png
from regulars.models.content_to_cf import ContentToCF, before
from regulars.report import write_page
from regulars.report.longtail import Goods, Look, Pair, longtail
from regulars.report.longtail.page import page
from regulars.report.longtail.plots import draw


def main(folder: str = "long-tail", customers: int = 2_000, items: int = 2_500, epochs: int = 10) -> None:
    simulated = simulate(ShopSettings(customers=customers, items=items, novelties=0.2), seed=5)
    log = simulated.events.with_columns(time=pl.col("timestamp").dt.epoch("s")).filter(pl.col("kind") == "purchase")
    known = simulated.items.drop("available_from_day")
    shop = Dataset.of(log.select("user_id", "item_id", "time"), items=known)
    split = TimeSplit(days=28).cut(shop).explore()  # a shop of discoveries: who has a thing wants another one

    # repeats=False: its lists leave out what a customer has, so what they come back for need not stay where it was
    model = ContentToCF(base_settings=("factors = 32",), epochs=epochs, repeats=False).fit(split.train)
    row = {item_id: place for place, item_id in enumerate(known["item_id"])}
    pictures = [png(simulated.picture(row[item_id])) for item_id in shop.items.ids]
    goods = Goods(shop.item_features["title"], shop.item_features["category"], "category", pictures)
    pair = Pair(before(model), model)
    found = longtail(pair, split, goods=goods, look=Look(items=3_000), filters=[Unseen()])

    print(found.quality.by_part().filter(metric="ndcg@10", among="part").select("part", "name", "mean", "verdict"))
    print(write_page(page(found, shop="A simulated shop"), Path(folder) / "longtail.html"))
    draw(found, Path(folder))


if __name__ == "__main__":
    main(*sys.argv[1:2])
