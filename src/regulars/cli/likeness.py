"""Similar items from whatever recommender was fitted."""

from regulars.core import Allowed, FindsSimilar, Ints, Recommendations, Recommender
from regulars.core.errors import CannotDo


def similar_items(recommender: Recommender, items: Ints, k: int, allowed: Allowed | None = None) -> Recommendations:
    """The k items most like each of `items`. Raises CannotDo when the recommender knows no likeness."""
    if not isinstance(recommender, FindsSimilar):
        raise CannotDo("the fitted model finds no similar items; name item_knn, ease or als in [recommend] fallback")
    return recommender.similar_items(items, k, allowed)
