"""The Python client against the real server."""

import threading

import pytest

from regulars.core.errors import ServiceError
from regulars.serving.client import Client
from regulars.serving.gate import Access
from regulars.serving.keys import made
from regulars.serving.schemas import Event
from serving.http.live import listening
from serving.http.shopfront import Shopfront


@pytest.fixture
def client(shop):
    with listening(shop.app) as url, Client(url) as one:
        yield one


def test_what_is_tracked_is_stored_once_and_in_the_next_answer(shop, client):
    first = client.track("c1", "tea", kind="purchase", value=2.49)
    client.track("c1", "milk", context={"store": "north"})
    assert client.flush()
    history = shop.store.events.histories(["c1"])[0]
    assert {event.item_id for event in history} == {"tea", "milk"}
    assert first in {event.event_id for event in history}
    assert {line.item for line in client.recommend("c1", k=2).items} == {"tea", "milk"}


def test_what_is_tracked_while_the_service_fails_is_stored_when_it_is_back_and_once(shop):
    lost = iter([True, True, False])

    class Flaky:
        """Stores the events, and loses the answer at first."""

        def __init__(self, writer):
            self.writer = writer
            self.waiting = 0

        def submit(self, events):
            done = self.writer.submit(events)
            if next(lost, False):
                done.result()
                raise TimeoutError("the answer was lost")
            return done

        def close(self):
            self.writer.close()

    shop.writer = Flaky(shop.writer)
    with listening(shop.app) as url, Client(url, tries=1) as client:
        ids = [client.track("c1", f"item {number}") for number in range(20)]
        assert client.flush(20)
    assert sorted(ids) == sorted(event.event_id for event in shop.store.events.histories(["c1"])[0])


def test_events_that_the_service_refuses_are_counted(shop, client):
    assert (
        client.send([Event(customer="c1", item="tea"), Event(customer="c1", item="tea", time=-1)]).refused[0].line == 2
    )
    client.track("c1", "tea", time=-5)
    assert client.flush()
    assert client._outbox.refused == 1


def test_every_question_has_its_method(shop, client):
    assert client.similar("a/b ä", k=2, context={"store": "12"}).scenario == "similar"
    assert shop.engine.asked[-1].basket == ("a/b ä",)
    assert shop.engine.asked[-1].context == {"store": "12"}
    assert client.bought_together("milk", basket=["tea", "egg"]).scenario == "bought_together"
    assert shop.engine.asked[-1].basket == ("milk", "tea", "egg")
    assert [client.trending().scenario, client.popular().scenario, client.new(customer="c1").scenario] == [
        "trending",
        "popular",
        "new",
    ]
    assert [client.buy_again("c1").scenario, client.recently_viewed("c1").scenario] == ["buy_again", "recently_viewed"]
    assert [line.item for line in client.rerank(["z", "y"], "c1").items] == ["z", "y"]
    assert client.audience("milk").customers[0].customer == "c1"
    assert client.recommend(session=["tea"], explain=False).items[0].item == "tea"


def test_items_and_customers_are_documents(shop, client):
    assert client.items.put("tea", {"price": 2.5, "stock": {"north": 3}}).written == 1
    client.items.patch("tea", {"price": 2.0, "brand": "Leaf"})
    assert client.items.get("tea").fields == {"price": 2.0, "stock": {"north": 3}, "brand": "Leaf"}
    assert client.items.put_many({"milk": {"price": 1}, "egg": {"price": 2}}).written == 2
    assert client.items.patch_many({"milk": {"price": 3}, "gone": {"price": 2}}).missing == ["gone"]
    assert {one.id for one in client.items.page().entities} == {"tea", "milk", "egg"}
    client.items.delete("tea")
    with pytest.raises(ServiceError, match="nothing with the id 'tea'"):
        client.items.get("tea")


def test_a_customer_is_exported_and_erased(shop, client):
    client.customers.put("c1", {"city": "Bonn"})
    client.send([Event(customer="c1", item="tea")])
    kept = client.customers.export("c1")
    assert (kept.fields, [event["item_id"] for event in kept.events]) == ({"city": "Bonn"}, ["tea"])
    gone = client.customers.erase("c1")
    assert (gone.events, gone.attributes) == (1, 1)
    assert "c1" in shop.engine.forgotten
    kept = client.customers.export("c1")
    assert (kept.fields, kept.events, kept.exposures) == ({}, [], [])


def test_refusals_say_what_the_service_says(tmp_path):
    shop = Shopfront(tmp_path, access=Access(open=False))
    secret, key = made("site", ("events",))
    shop.store.keys.put(key)
    try:
        with listening(shop.app) as url:
            with Client(url, "wrong") as client, pytest.raises(ServiceError, match="unknown or was revoked") as refused:
                client.popular()
            assert refused.value.status == 401
            with Client(url, secret) as client:
                client.send([Event(customer="c1", item="tea")])
                with pytest.raises(ServiceError, match="role read"):
                    client.popular()
    finally:
        shop.close()


def test_a_service_that_is_not_there_is_said():
    with Client("http://127.0.0.1:9", tries=1) as client, pytest.raises(ServiceError, match="cannot be reached"):
        client.popular()


def test_many_threads_share_a_client(shop, client):
    def work(name):
        for number in range(20):
            client.track(name, f"item {number}")

    threads = [threading.Thread(target=work, args=(f"c{number}",)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert client.flush()
    assert shop.store.events.count() == 100
