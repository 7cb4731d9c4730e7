"""The attributes of items that a method reads, or what to give it."""

from regulars.core import Dataset, Frame
from regulars.core.errors import MissingColumn


def described(data: Dataset, columns: tuple[str, ...], method: str, setting: str = "columns") -> Frame:
    """These columns of the table of items, all when there are none given; n_items rows.

    method, setting: how errors call what reads them and what names the columns.
    Raises MissingColumn without such a table, or when it lacks one of them.
    """
    table = data.item_features
    if not table.width:
        raise MissingColumn(
            f"{method} needs attributes of the items, and the dataset has none: give a table of items with an item_id "
            "and columns such as category, brand, title, price ([items] in regulars.toml, items= in Python)"
        )
    if lost := [name for name in columns if name not in table.columns]:
        raise MissingColumn(f"{method}: {setting} names {lost}; the table of items has {table.columns}")
    return table.select(columns or table.columns)
