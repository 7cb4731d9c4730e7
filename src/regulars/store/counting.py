"""Counters: the order of arrivals and of changes, the same for everybody who writes."""

from .database import Transaction


def advance(transaction: Transaction, name: str, by: int = 1) -> int:
    """The counter's value before `by` was added; it is the writer's alone until the transaction ends.

    So places become visible in their order: whoever has seen one has seen all before it.
    """
    found = transaction.rows("UPDATE counters SET value = value + ? WHERE name = ? RETURNING value", (by, name))
    return int(found[0][0]) - by
