"""Minimum counts: only customers and items with enough events, until both hold (k-core)."""

from dataclasses import replace

import numpy as np

from regulars.core import Bools, Dataset, Frame, Ints, Vocabulary, ints


def core_of(user: Ints, item: Ints, min_user_events: int, min_item_events: int) -> Bools:
    """The events that remain when customers and items with too few of them are taken out again and again; bool [n]."""
    keep = np.ones(len(user), dtype=np.bool_)
    while True:
        users = np.bincount(user[keep], minlength=int(user.max(initial=-1)) + 1)
        items = np.bincount(item[keep], minlength=int(item.max(initial=-1)) + 1)
        poor_users = (users > 0) & (users < min_user_events)
        poor_items = (items > 0) & (items < min_item_events)
        if not poor_users.any() and not poor_items.any():
            return keep
        keep &= ~(poor_users[user] | poor_items[item])


def k_core(data: Dataset, min_user_events: int = 5, min_item_events: int = 5) -> Dataset:
    """The dataset of its k-core: who or what is left without an event leaves the vocabularies, too."""
    keep = core_of(data.user, data.item, min_user_events, min_item_events)
    users, new_user = _renumbered(data.user[keep], data.n_users)
    items, new_item = _renumbered(data.item[keep], data.n_items)
    return replace(
        data.where(keep),
        users=Vocabulary(data.users.ids.gather(users)),
        items=Vocabulary(data.items.ids.gather(items)),
        user=new_user,
        item=new_item,
        user_features=_rows(data.user_features, users),
        item_features=_rows(data.item_features, items),
    )


def _renumbered(index: Ints, n: int) -> tuple[Ints, Ints]:
    """The indices that occur, and each event's place among them."""
    occur = np.bincount(index, minlength=n) > 0
    return ints(np.flatnonzero(occur)), ints((np.cumsum(occur) - 1)[index])


def _rows(frame: Frame, rows: Ints) -> Frame:
    return frame[rows] if frame.width else frame
