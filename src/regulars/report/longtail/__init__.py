"""The long tail: what mapping content into a model has done for the items that few have met, as tables and as a page.

found = longtail(Pair(before, after), split, goods=Goods(names, groups))
found.quality.by_part()     # NDCG, MAP, recall by number of interactions, before and after, with intervals
found.reach, found.parts    # the share of the catalog that behavior-driven recommendations reach
found.irrelevance           # of the most similar items, beside chance
write_page(page(found, shop="My shop"), "longtail.html")
"""

from .gallery import SHOWN
from .goods import Goods
from .pair import AFTER, BEFORE, Pair
from .quality import Quality
from .reach import ENOUGH
from .study import LongTail, Look, longtail

__all__ = ["AFTER", "BEFORE", "ENOUGH", "SHOWN", "Goods", "LongTail", "Look", "Pair", "Quality", "longtail"]
