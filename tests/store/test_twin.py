"""Both stores beside a twin of lists and dictionaries, through whatever order of calls."""

import uuid

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from regulars.core.errors import CannotDo
from regulars.store import Appended, Event, Version, open_store

NAMES = st.sampled_from(["anna", "ben", "Çem", "visitor 1", "visitor 2"])
ITEMS = st.sampled_from(["tea", "milk", "it's", "😀"])
EVENTS = st.builds(
    Event,
    event_id=st.integers(0, 30).map(str),
    user_id=NAMES,
    item_id=ITEMS,
    kind=st.sampled_from(["view", "purchase"]),
    time=st.integers(-3, 3) | st.integers(-(2**62), 2**62),
    weight=st.floats(-2, 2, width=32) | st.integers(0, 3),
    quantity=st.none() | st.floats(allow_nan=False, allow_infinity=False),
    value=st.none() | st.integers(-5, 5),
    session=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=5),
    context=st.sampled_from(["", "{}", '{"a": "b"}']),
    exposure_id=st.sampled_from(["", "x"]),
)
VALUES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | ITEMS
FIELDS = st.dictionaries(st.sampled_from("abc"), VALUES | st.lists(VALUES, max_size=2), max_size=3)
MODELS = st.sampled_from(["m1", "m2", "m3"])


class Twin:
    """What a store should know."""

    def __init__(self):
        self.events = []
        self.owners = {}
        self.items = {}
        self.turns = []  # the versions by their last promotion
        self.stages = {}

    def owner(self, name):
        return self.owners.get(name, name)

    def append(self, batch):
        known = {one.event_id for one in self.events}
        stored = 0
        for one in batch:
            if one.event_id not in known:
                known.add(one.event_id)
                stored += 1
                self.events.append(one._replace(user_id=self.owner(one.user_id)))
        return Appended(stored, len(batch) - stored)

    def merge(self, visitor, customer):
        owner = self.owner(customer)
        if owner == visitor:
            return 0
        moved = sum(one.user_id == visitor for one in self.events)
        self.events = [one._replace(user_id=owner) if one.user_id == visitor else one for one in self.events]
        self.owners = {name: owner if of == visitor else of for name, of in self.owners.items()} | {visitor: owner}
        return moved

    def erase(self, name):
        owner, before = self.owner(name), len(self.events)
        self.events = [one for one in self.events if one.user_id != owner]
        self.owners = {visitor: of for visitor, of in self.owners.items() if of != owner}
        return before - len(self.events)

    def history(self, name, before, last):
        mine = [one for one in self.events if one.user_id == self.owner(name) and one.time < before]
        return sorted(mine, key=lambda one: one.time)[-last:]  # a stable sort: the order of arrival stays


class Stores(RuleBasedStateMachine):
    """Every rule does the same to the stores and to the twin, and compares what they say."""

    urls = None  # makes an address for each

    def __init__(self):
        super().__init__()
        self.stores = [open_store(url()) for url in self.urls]
        self.twin = Twin()

    def alike(self, expected, ask):
        for store in self.stores:
            assert ask(store) == expected

    @rule(batch=st.lists(EVENTS, max_size=6))
    def append(self, batch):
        expected = self.twin.append(batch)
        self.alike(expected, lambda store: store.events.append(batch))

    @rule(batches=st.lists(st.lists(EVENTS, max_size=3), max_size=3))
    def append_all(self, batches):
        expected = [self.twin.append(batch) for batch in batches]
        self.alike(expected, lambda store: store.events.append_all(batches))

    @rule(visitor=NAMES, customer=NAMES)
    def merge(self, visitor, customer):
        expected = self.twin.merge(visitor, customer)
        self.alike(expected, lambda store: store.events.merge(visitor, customer))

    @rule(name=NAMES)
    def erase(self, name):
        expected = self.twin.erase(name)
        self.alike(expected, lambda store: store.events.erase(name))

    @rule(names=st.lists(NAMES, max_size=4), before=st.integers(-3, 4), last=st.integers(1, 4))
    def histories(self, names, before, last):
        expected = [self.twin.history(name, before, last) for name in names]
        self.alike(expected, lambda store: store.events.histories(names, before=before, last=last))

    @rule(entities=st.dictionaries(ITEMS, FIELDS, max_size=3))
    def put(self, entities):
        for key, fields in entities.items():
            self.twin.items[key] = {name: value for name, value in fields.items() if value is not None}
        self.alike(None, lambda store: store.items.put(entities))

    @rule(entities=st.dictionaries(ITEMS, FIELDS, max_size=3))
    def patch(self, entities):
        for key, fields in entities.items():
            if key in self.twin.items:
                whole = {**self.twin.items[key], **fields}
                self.twin.items[key] = {name: value for name, value in whole.items() if value is not None}
        expected = [key for key in entities if key not in self.twin.items]
        self.alike(expected, lambda store: store.items.patch(entities))

    @rule(keys=st.lists(ITEMS, max_size=2))
    def delete(self, keys):
        expected = len([self.twin.items.pop(key) for key in set(keys) if key in self.twin.items])
        self.alike(expected, lambda store: store.items.delete(keys))

    @rule(name=MODELS)
    def register(self, name):
        for store in self.stores:
            if name in self.twin.stages:
                with pytest.raises(CannotDo):
                    store.models.register(Version(name, "models"))
            else:
                store.models.register(Version(name, "models"))
        self.twin.stages.setdefault(name, "candidate")

    @rule(name=MODELS)
    def promote(self, name):
        if name not in self.twin.stages:
            return
        self.twin.stages = {n: "retired" if stage == "live" else stage for n, stage in self.twin.stages.items()}
        self.twin.stages[name] = "live"
        self.twin.turns = [*(n for n in self.twin.turns if n != name), name]
        self.alike(None, lambda store: store.models.promote(name))

    @rule()
    def roll_back(self):
        turns = self.twin.turns
        left = turns[:-1] if turns and self.twin.stages[turns[-1]] == "live" else turns
        if not left:
            for store in self.stores:
                with pytest.raises(CannotDo):
                    store.models.roll_back()
            return
        if left != turns:
            self.twin.stages[turns[-1]] = "retired"
        self.twin.stages[left[-1]] = "live"
        self.twin.turns = left
        self.alike(left[-1], lambda store: store.models.roll_back().name)

    @rule(name=MODELS, stage=st.sampled_from(["candidate", "shadow", "retired"]))
    def stage(self, name, stage):
        if name in self.twin.stages:
            self.twin.stages[name] = stage
            self.alike(None, lambda store: store.models.stage(name, stage))

    @invariant()
    def they_know_the_same(self):
        arrived = self.twin.events
        self.alike(len(arrived), lambda store: store.events.count())
        self.alike(sorted({one.user_id for one in arrived}), lambda store: store.events.users())
        for store in self.stores:
            placed = store.events.since(0)
            assert [one.event for one in placed] == arrived
            places = [one.place for one in placed]
            assert places == sorted(set(places))
            assert store.events.last_place() == (places[-1] if places else 0)
        self.alike(self.twin.items, lambda store: {one.id: dict(one.fields) for one in store.items.scan()})
        self.alike(self.twin.items, lambda s: {one.id: one.fields for one in s.items.since(0) if not one.deleted})
        self.alike(self.twin.stages, lambda store: {one.name: one.stage for one in store.models.all()})

    def teardown(self):
        for store in self.stores:
            store.close()


def test_both_stores_do_what_lists_and_dictionaries_do(tmp_path, postgres_server):
    class Here(Stores):
        urls = (
            lambda: f"sqlite:///{tmp_path / uuid.uuid4().hex}.db",
            lambda: postgres_server.schema(uuid.uuid4().hex),
        )

    run_state_machine_as_test(Here, settings=settings(max_examples=15, stateful_step_count=30, deadline=None))
