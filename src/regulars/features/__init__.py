"""What is known of an item or a customer, as numbers: categories, lists, numbers, days and text in named columns.

    columns = Columns.learn(data.item_features)            # or learn(frame, kinds={"fit": "category", "sku": "skip"})
    columns.matrix(data.item_features)                     # float32 [n_items, n_features], sparse
    columns.names                                          # "brand = Nike", "price 10 to 20", "title: cotton"

A `Columns` is a value that models hold and save: it reads frames that it has never seen the same way.
"""

from .columns import Columns
from .kinds import KINDS, kind_of

__all__ = ["KINDS", "Columns", "kind_of"]
