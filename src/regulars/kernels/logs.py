"""Loops over a log of events: its order, repeats, sessions, bursts, and what returns take back."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]
Keys = NDArray[np.uint64]
Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Bools = NDArray[np.bool_]


@njit(cache=True, nogil=True)
def grouped(user: Ints, n_users: int) -> tuple[Longs, Longs]:
    """The order that brings each customer's events together and keeps it else, int64 [n], and where each customer's
    begin, int64 [n_users + 1]. user: in 0 .. n_users - 1.
    """
    starts = np.zeros(n_users + 1, dtype=np.int64)
    for row in range(len(user)):
        starts[user[row] + 1] += 1
    for index in range(n_users):
        starts[index + 1] += starts[index]
    order = np.empty(len(user), dtype=np.int64)
    place = starts[:-1].copy()
    for row in range(len(user)):
        order[place[user[row]]] = row
        place[user[row]] += 1
    return order, starts


@njit(cache=True, nogil=True)
def order_of(user: Ints, time: Longs, n_users: int) -> Longs:
    """The order of (user, time) in which equal times keep their place; int64 [n]. user: in 0 .. n_users - 1."""
    order, starts = grouped(user, n_users)
    for index in range(n_users):
        low, high = starts[index], starts[index + 1]
        for position in range(low + 1, high):
            if time[order[position]] < time[order[position - 1]]:  # most logs are in order already
                part = order[low:high].copy()
                order[low:high] = part[np.argsort(time[part], kind="mergesort")]
                break
    return order


@njit(cache=True, nogil=True)
def repeats(user: Ints, time: Longs, key: Keys, same_time: bool) -> Longs:
    """For each event in the order of (user, time): the earlier event with the same key, or -1; int64 [n].

    same_time: look among the customer's events of the same second, else among all of the customer's events.
    """
    n = len(user)
    twin = np.full(n, -1, dtype=np.int64)
    low = 0
    while low < n:
        high = low + 1
        while high < n and user[high] == user[low] and (not same_time or time[high] == time[low]):
            high += 1
        if high - low > 1:
            order = np.argsort(key[low:high], kind="mergesort")
            first = order[0]
            for position in range(1, high - low):
                if key[low + order[position]] == key[low + first]:
                    twin[low + order[position]] = low + first
                else:
                    first = order[position]
        low = high
    return twin


@njit(cache=True, nogil=True)
def sessions_by_gap(user: Ints, time: Longs, gap: int, first: int) -> Ints:
    """Running session numbers from `first`: a new one after more than `gap` seconds without an event; int32 [n]."""
    out = np.empty(len(user), dtype=np.int32)
    number = first - 1
    for row in range(len(user)):
        if row == 0 or user[row] != user[row - 1] or time[row] - time[row - 1] > gap:
            number += 1
        out[row] = number
    return out


@njit(cache=True, nogil=True)
def sessions_by_key(user: Ints, key: Keys, first: int) -> Ints:
    """Running session numbers from `first` for events sorted by user: one for each (user, key); int32 [n]."""
    n = len(user)
    out = np.empty(n, dtype=np.int32)
    number = first
    low = 0
    while low < n:
        high = low + 1
        while high < n and user[high] == user[low]:
            high += 1
        order = np.argsort(key[low:high], kind="mergesort")
        head = np.empty(high - low, dtype=np.int64)
        for position in range(high - low):
            again = position > 0 and key[low + order[position]] == key[low + order[position - 1]]
            head[order[position]] = head[order[position - 1]] if again else order[position]
        for row in range(high - low):
            if head[row] == row:
                out[low + row] = number
                number += 1
            else:
                out[low + row] = out[low + head[row]]
        low = high
    return out


@njit(cache=True, nogil=True)
def bursts(user: Ints, time: Longs, span: int, first_user: int, most: Ints) -> None:
    """The most events of each customer within `span` seconds, into most[user - first_user]."""
    tail = 0
    for row in range(len(user)):
        if row and user[row] != user[row - 1]:
            tail = row
        while time[row] - time[tail] >= span:
            tail += 1
        most[user[row] - first_user] = max(most[user[row] - first_user], row - tail + 1)


@njit(cache=True, nogil=True)
def touched(user: Ints, item: Ints, back: Bools) -> Bools:
    """Which events, sorted by user, are of an item that the same customer took something back of; bool [n]."""
    n = len(user)
    out = np.zeros(n, dtype=np.bool_)
    low = 0
    while low < n:
        high = low
        takes = 0
        while high < n and user[high] == user[low]:
            takes += back[high]
            high += 1
        if takes:
            items = np.sort(item[low:high][back[low:high]])
            for row in range(low, high):
                place = np.searchsorted(items, item[row])
                out[row] = place < takes and items[place] == item[row]
        low = high
    return out


@njit(cache=True, nogil=True)
def taken_back(group: Longs, weight: Doubles, quantity: Doubles, back: Bools) -> tuple[Doubles, int]:
    """What each event that takes back takes: minus that share of what its group still holds; float64 [n], and how many
    found nothing to take.

    group: sorted, one number for each (customer, item, what is taken back), oldest first; weight: of what may be taken;
    quantity: pieces, > 0; back: marks the events that take. Others keep their weight.
    """
    out = weight.copy()
    orphans = 0
    held = 0.0
    pieces = 0.0
    for row in range(len(group)):
        if row == 0 or group[row] != group[row - 1]:
            held = 0.0
            pieces = 0.0
        if not back[row]:
            held += weight[row]
            pieces += quantity[row]
        elif pieces <= 0:
            out[row] = 0.0
            orphans += 1
        elif quantity[row] >= pieces:
            out[row] = -held
            held = 0.0
            pieces = 0.0
        else:
            taken = held * quantity[row] / pieces
            out[row] = -taken
            held -= taken
            pieces -= quantity[row]
    return out, orphans
