"""Loops over a log of events: its order, repeats, sessions, bursts, and what returns take back."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .answers import among

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
    for row in range(len(user)):
        order[starts[user[row]]] = row
        starts[user[row]] += 1
    for index in range(n_users, 0, -1):  # each now stands where the next customer begins
        starts[index] = starts[index - 1]
    starts[0] = 0
    return order, starts


@njit(cache=True, nogil=True)
def sort_within(order: Longs, starts: Longs, values: Longs) -> None:
    """Sorts each slice starts[i]:starts[i + 1] of `order` by the values of its events; equal values keep their place.

    A merge sort of our own: numba needs four seconds to compile numpy's.
    """
    scratch = np.empty(len(order), dtype=np.int64)
    for index in range(len(starts) - 1):
        low, high = starts[index], starts[index + 1]
        width = 1
        while width < high - low:
            for begin in range(low, high, 2 * width):
                _merge(order, min(begin + width, high), min(begin + 2 * width, high), begin, values, scratch)
            width *= 2


@njit(cache=True, nogil=True)
def _merge(order: Longs, middle: int, high: int, low: int, values: Longs, scratch: Longs) -> None:
    """Merges the sorted pieces low:middle and middle:high of `order`."""
    if middle >= high or values[order[middle - 1]] <= values[order[middle]]:  # most logs are in order already
        return
    for place in range(low, middle):
        scratch[place] = order[place]
    left, right = low, middle
    for place in range(low, high):
        if left == middle:
            return
        if right < high and values[order[right]] < values[scratch[left]]:
            order[place] = order[right]
            right += 1
        else:
            order[place] = scratch[left]
            left += 1


def order_of(user: Ints, time: Longs, n_users: int) -> Longs:
    """The order of (user, time) in which equal times keep their place; int64 [n]. user: in 0 .. n_users - 1."""
    order, starts = grouped(user, n_users)
    sort_within(order, starts, time)
    return order


def repeats(user: Ints, time: Longs, key: Keys, same_time: bool) -> Longs:
    """For each event in the order of (user, time): the first event with the same key, -1 for that itself; int64 [n].

    same_time: look among the customer's events of the same second, else among all of the customer's events.
    """
    starts = _slices(user, time, same_time)
    order = np.arange(len(user))
    sort_within(order, starts, key.view(np.int64))
    return _first_of_equals(order, starts, key)


def sessions_by_key(user: Ints, key: Keys, first: int) -> Ints:
    """Running session numbers from `first` for events sorted by user: one for each (user, key); int32 [n]."""
    starts = _slices(user, key.view(np.int64), False)
    order = np.arange(len(user))
    sort_within(order, starts, key.view(np.int64))
    return _numbered(_first_of_equals(order, starts, key), first)


@njit(cache=True, nogil=True)
def _slices(user: Ints, time: Longs, same_time: bool) -> Longs:
    """Where each customer's events begin, or each customer's of one second, and the end."""
    starts = np.empty(len(user) + 1, dtype=np.int64)
    n = 0
    for row in range(len(user)):
        if row == 0 or user[row] != user[row - 1] or (same_time and time[row] != time[row - 1]):
            starts[n] = row
            n += 1
    starts[n] = len(user)
    return starts[: n + 1]


@njit(cache=True, nogil=True)
def _first_of_equals(order: Longs, starts: Longs, key: Keys) -> Longs:
    """The first event of each slice with the same key, -1 for that itself. order: sorted by key within the slices."""
    first = np.full(len(order), -1, dtype=np.int64)
    for index in range(len(starts) - 1):
        head = order[starts[index]]
        for position in range(starts[index] + 1, starts[index + 1]):
            row = order[position]
            if key[row] == key[head]:
                first[row] = head
            else:
                head = row
    return first


@njit(cache=True, nogil=True)
def _numbered(first: Longs, begin: int) -> Ints:
    """A running number for each event that is the first of its kind, and the same for those that point at it."""
    out = np.empty(len(first), dtype=np.int32)
    number = begin
    for row in range(len(first)):
        if first[row] < 0:
            out[row] = number
            number += 1
        else:
            out[row] = out[first[row]]
    return out


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
def bursts(user: Ints, time: Longs, span: int, first_user: int, most: Ints) -> None:
    """The most events of each customer within `span` seconds, into most[user - first_user]."""
    tail = 0
    for row in range(len(user)):
        if row and user[row] != user[row - 1]:
            tail = row
        while time[row] - time[tail] >= span:
            tail += 1
        most[user[row] - first_user] = max(most[user[row] - first_user], row - tail + 1)


def touched(user: Ints, item: Ints, back: Bools) -> Bools:
    """Which events, sorted by user, are of an item that the same customer took something back of; bool [n]."""
    taken = np.unique(user[back].astype(np.int64) << 32 | item[back])
    return _met(user, item, taken)


@njit(cache=True, nogil=True)
def _met(user: Ints, item: Ints, pairs: Longs) -> Bools:
    """Which events, sorted by user, are among `pairs`, user << 32 | item, rising."""
    out = np.zeros(len(user), dtype=np.bool_)
    begin = 0
    for row in range(len(user)):
        wanted = np.int64(user[row]) << 32 | item[row]
        while begin < len(pairs) and pairs[begin] >> 32 < user[row]:
            begin += 1
        low, high = begin, len(pairs)
        step = 1
        while low + step < high and pairs[low + step] <= wanted:  # a customer's pairs are few: look close by first
            step *= 2
        out[row] = among(pairs, low, min(high, low + step), wanted)
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
