"""The whole service over HTTP: real engine, real store, real server."""

import json
import time

import polars as pl
import pytest
import urllib3

from regulars.core.errors import ServiceError
from regulars.serving.batch import everybody, mailed
from regulars.serving.client import Client
from regulars.serving.questions import Question
from regulars.serving.schemas import Event


@pytest.fixture(scope="module")
def client(url):
    with Client(url) as one:
        yield one


def wait(true, seconds=20):
    until = time.monotonic() + seconds
    while not true() and time.monotonic() < until:
        time.sleep(0.02)
    assert true()


def test_an_answer_reacts_to_the_event_before_it(client):
    assert not client.recommend("newcomer").known
    client.send([Event(customer="newcomer", item="i33")])
    answer = client.recommend("newcomer", k=3)
    assert answer.known
    assert client.recently_viewed("newcomer").items[0].item == "i33"


def test_a_stranger_gets_a_list_from_a_rung_that_is_named(client):
    answer = client.recommend(k=5)
    assert not answer.known
    assert {line.source for line in answer.items} == {"popularity"}
    assert answer.asked == ["item_knn", "popularity"]


def test_the_pages_of_a_list_repeat_nothing(client):
    shown, cursor = [], ""
    for _ in range(3):
        answer = client.recommend("c1", k=5, cursor=cursor)
        shown += [line.item for line in answer.items]
        cursor = answer.cursor
    assert len(shown) == len(set(shown)) == 15
    with pytest.raises(ServiceError) as refused:
        client.recommend("c1", cursor="AAAA" + cursor[4:])
    assert refused.value.status in (400, 422)


def test_rules_of_a_request_are_kept_and_wrong_ones_explained(client):
    lines = client.recommend("c1", k=5, rules={"where": "price < 50 and brand == 'Aster'"}).items
    assert {int(line.item[1:]) < 10 for line in lines} == {True}
    for wrong in ("price <", "prise < 5", "brand == 'a' or", "(" * 500):
        with pytest.raises(ServiceError) as refused:
            client.recommend("c1", rules={"where": wrong})
        assert refused.value.status == 422, wrong
    nothing = client.recommend("c1", rules={"where": 'brand == "\'; DROP TABLE items; --"'})
    assert (nothing.items, nothing.short) == ([], "no item may be shown")


def test_what_was_shown_is_joined_to_what_came_of_it(client, url):
    answer = client.recommend("c7", k=3)
    client.send(
        [Event(customer="c7", item=answer.items[1].item, kind="purchase", value=3.5, exposure_id=answer.exposure_id)]
    )

    def joined():
        reply = urllib3.request("GET", f"{url}/v1/exposures")
        rows = [json.loads(line) for line in reply.data.splitlines()]
        return [row for row in rows if row["exposure_id"] == answer.exposure_id]

    wait(lambda: len(joined()) == 3)
    bought_ones = [row["purchased"] is not None for row in sorted(joined(), key=lambda row: row["rank"])]
    assert bought_ones == [False, True, False]
    dry = client.recommend("c7", k=3, dry_run=True)
    assert dry.items
    assert not [row for row in joined() if row["exposure_id"] == dry.exposure_id and dry.exposure_id]


def test_a_new_item_can_be_asked_about_at_once_and_a_deleted_one_is_never_shown(client):
    client.items.put("i99", {"price": 3.0, "brand": "Aster"})
    wait(lambda: "i99" in {line.item for line in client.new(k=40).items})
    client.items.delete("i99")
    wait(lambda: "i99" not in {line.item for line in client.new(k=40).items})
    assert "i99" not in {line.item for line in client.rerank(["i99", "i01"], "c1").items}


def test_versions_are_promoted_rolled_back_and_tried_out(client):
    assert {model.name for model in client.models.all().models} == {"v1", "v2"}
    client.models.promote("v2")
    wait(lambda: client.recommend("c1").version == "v2")
    client.models.roll_back()
    wait(lambda: client.recommend("c1").version == "v1")
    client.models.canary("v2", 0.5)
    wait(lambda: {client.recommend(f"c{n}").version for n in range(20)} == {"v1", "v2"})
    client.models.retire("v2")
    wait(lambda: {client.recommend(f"c{n}").version for n in range(20)} == {"v1"})


@pytest.mark.parametrize("name", ["../../etc", "..%2F..%2Fetc", "/etc/passwd", "v1/../v2", "v3", ".", "", "a" * 500])
def test_the_name_of_a_version_leads_nowhere_else(client, name):
    with pytest.raises(ServiceError) as refused:
        client.models.promote(name)
    assert refused.value.status in (400, 404, 405, 422)
    assert client.models.all().answering == "v1"


def test_a_customer_who_is_erased_is_a_stranger_again(client):
    client.send([Event(customer="leaving", item="i05"), Event(customer="leaving", item="i06")])
    assert client.recommend("leaving").known
    assert client.customers.erase("leaving").events == 2
    assert not client.recommend("leaving").known
    assert client.customers.export("leaving").events == []


def test_a_customer_is_forgotten_with_what_was_shown_to_the_visitor_of_before(client):
    client.send([Event(customer="phone-7", item="i05")])
    shown = client.recommend("phone-7").exposure_id
    client.merge("phone-7", "seven")
    wait(lambda: {one["exposure_id"] for one in client.customers.export("phone-7").exposures} == {shown})
    assert client.customers.export("phone-7").customer == "seven"
    gone = client.customers.erase("phone-7")
    assert (gone.events, gone.exposures) == (1, 1)
    assert client.customers.export("seven").exposures == []


def test_an_audience_are_customers_whom_it_suits(client):
    found = client.audience("i03", k=5).customers
    assert len(found) == 5
    scores = [one.score for one in found]
    assert scores == sorted(scores, reverse=True)


def test_a_mailing_is_what_each_customer_is_answered_over_http(client, service):
    busy = [Event(customer="busy", item=f"i{n * n % 40:02d}", event_id=f"busy {n}", age=3_600 - n) for n in range(600)]
    client.send([*busy, Event(customer="v-" + "0a" * 16, item="i03")])  # more than [serve] history; a page's visitor
    parts = list(mailed(service.engine, Question(scenario="home", k=6, dry_run=True), everybody(service.store)))
    frame = pl.concat(parts)
    assert not frame["user_id"].str.starts_with("v-").any()
    assert client.models.all().history == 500
    customers = ["busy", *(f"c{n}" for n in range(0, 60, 7))]
    for customer in customers:
        mine = frame.filter(frame["user_id"] == customer)
        answer = client.recommend(customer, k=6, dry_run=True)
        assert [line.item for line in answer.items] == mine["item_id"].to_list()
        assert [line.source for line in answer.items] == mine["source"].to_list()
        assert [line.score for line in answer.items] == pytest.approx(mine["score"].to_list())
