"""Versions of models on a small shop, for the tests of what a replica does with them."""

from collections.abc import Mapping
from pathlib import Path

from regulars.core import AddsItems, Dataset, Recommender, aligned
from regulars.data.kinds import weights
from regulars.models import ContentToCF, ItemKNN, Popularity
from regulars.serving.counting import Live
from regulars.serving.filling import fill
from regulars.serving.following import Follower
from regulars.serving.versions import Columns, Fitted, Places, Versions
from regulars.store import Event, Store, Version, open_store
from serving.shopping import NOW, dataset, items

WEIGHTS = weights({})


def filled(folder: Path, data: Dataset | None = None) -> Store:
    """A store with the events and items of the shop."""
    store = open_store(f"sqlite:///{folder / 'shop.db'}")
    fill(store, data or dataset(), WEIGHTS)
    return store


def fitted(
    data: Dataset, recommenders: Mapping[str, Recommender] | None = None, places: Places | None = None
) -> Fitted:
    """What a version is made of; the log is in the store already unless `places` says else."""
    found = recommenders or {"item_knn": ItemKNN().fit(data), "popularity": Popularity().fit(data)}
    return Fitted(
        data.items,
        found,
        aligned(items(), data.items, "item_id"),
        Live.of(data, WEIGHTS),
        data.kinds,
        WEIGHTS,
        columns=Columns(data.item_features, data.user_features),
        places=places or Places(len(data), data.n_items),
        facts={"items": data.n_items, "methods": list(found)},
    )


def by_content(data: Dataset) -> Recommender:
    """A model that places new items by what is known of them."""
    model = ContentToCF(mapping="ridge", base_settings=("factors = 8",), likeness=8, folds=2).fit(data)
    assert isinstance(model, AddsItems)
    return model


def followed(store: Store, versions: Versions) -> Follower:
    """A follower that looks when `step` is called, and has looked at everything."""
    follower = Follower(store, versions, weights=WEIGHTS, naming=("title",), restraint=0)
    look(follower)
    return follower


def look(follower: Follower) -> None:
    """Looks until there is nothing more to read."""
    while follower.step():
        pass
    follower.step()


def made(versions: Versions, data: Dataset, name: str = "", *, promote: bool = True) -> Version:
    version = versions.make(fitted(data), name)
    if promote:
        versions.models.promote(version.name)
    return version


def event(number: int, item: str, user: str = "c1", kind: str = "purchase") -> Event:
    return Event(f"e{number}", user, item, kind, NOW + number)
