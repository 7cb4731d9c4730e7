"""Histories: those that are remembered for when the store is away take a bounded part of the memory."""

from regulars.core.errors import StoreUnavailable
from regulars.serving.histories import Reader
from regulars.serving.questions import Question
from regulars.store import Did


class Events:
    """Everybody did as many things as his number says, unless it is away."""

    away = False

    def pasts(self, customers, *, before=None, last=500):
        if self.away:
            raise StoreUnavailable("away")
        return [[Did(f"item{n}", "view", n, 1.0, None) for n in range(min(int(one), last))] for one in customers]


def asked(reader, *customers):
    return [past.events for past in reader.of([Question(scenario="home", customer=str(one)) for one in customers])]


def sizes(reader):
    return sum(map(len, reader._known.values()))


def test_no_more_bytes_are_remembered_than_there_is_room_and_the_last_asked_stay():
    reader = Reader(Events(), room=100_000)
    for customer in range(300):
        asked(reader, customer)
        assert sizes(reader) == reader._size <= 100_000
    for customer in (299, 298, 299, 297):  # again: what was there is replaced, not added
        asked(reader, customer)
    assert sizes(reader) == reader._size
    reader.events.away = True
    assert [len(events) for events in asked(reader, 299, 1)] == [299, 0]


def test_no_more_customers_are_remembered_than_may_be():
    reader = Reader(Events(), kept=10)
    asked(reader, *range(1, 40))
    assert list(reader._known) == [str(n) for n in range(30, 40)]


def test_who_is_forgotten_leaves_nothing():
    reader = Reader(Events())
    asked(reader, 5, 6, 7)
    reader.forget("6")
    reader.forget("unknown")
    reader.events.away = True
    assert [len(events) for events in asked(reader, 5, 6, 7)] == [5, 0, 7]
    reader.forget_all()
    assert (reader._size, [len(events) for events in asked(reader, 5, 6, 7)]) == (0, [0, 0, 0])


def test_a_history_larger_than_the_room_is_not_remembered_and_answered_all_the_same():
    reader = Reader(Events(), room=1_000)
    assert len(asked(reader, 200)[0]) == 200
    assert reader._size == 0
