"""The engine: one question or thousands, the right history, never a forbidden item, pages that do not repeat."""

import json
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regulars.cli.answering import Answers, answered
from regulars.core import QUIET, Recommendations, Recommender
from regulars.core.errors import QuestionError, RuleError, StoreUnavailable, UnknownId
from regulars.data.kinds import weights
from regulars.ranking import Fallback
from regulars.serving.counting import Live
from regulars.serving.deployment import Deployment
from regulars.serving.engine import Engine
from regulars.serving.questions import Done, Question
from regulars.serving.scenarios import scenarios_of
from regulars.serving.shop import Canary, Shop
from regulars.store.records import Event
from serving.shopping import BRANDS, NOW, Small

LATER = NOW + 1
BUILT_IN = ("home", "popular", "trending", "new", "recently_viewed", "buy_again", "similar", "bought_together", "cart")
SCENARIOS = (*BUILT_IN, "knn", "ease", "blend", "piped", "sellers", "cheap", "capped", "pinned", "unseen")
FULL = tuple(name for name in SCENARIOS if name not in ("recently_viewed", "buy_again"))


def shown(answer):
    return [line.item_id for line in answer.lines]


def same(left, right):
    assert shown(left) == shown(right)
    assert [line.reason for line in left.lines] == [line.reason for line in right.lines]
    np.testing.assert_allclose([x.score for x in left.lines], [x.score for x in right.lines], rtol=1e-5)
    assert (left.asked, left.known, left.unknown, left.short) == (right.asked, right.known, right.unknown, right.short)


def test_the_engine_recommends_what_the_fitted_model_recommends_from_the_dataset(shop: Small):
    data, deployment = shop.data, shop.shop.deployment
    users = np.arange(data.n_users, dtype=np.int32)
    for scenario, name in (("als", "als"), ("knn", "item_knn"), ("ease", "ease"), ("blend", "blend")):
        alone = deployment.recommenders[name]
        asked = Answers(Fallback((alone, shop.shop.live["popular"])), data, (), data.items.ids)
        wanted = answered(asked, users, 10, QUIET)
        at = int(data.time.max()) + 1
        questions = [Question(scenario=scenario, customer=name, at=at) for name in data.users.ids]
        for answer in shop.engine.answer(questions):
            of_dataset = wanted.filter(wanted["user_id"] == answer.question.customer)
            assert shown(answer) == of_dataset["item_id"].to_list()


@dataclass(frozen=True)
class Breaking:
    """A source that cannot answer customers who looked at some item, nor say why it answered."""

    recommender: Recommender
    item: int

    def recommend(self, queries, k, allowed=None):
        if self.item in queries.history.items:
            raise ZeroDivisionError("that item")
        return self.recommender.recommend(queries, k, allowed)

    def because(self, queries, answer, r=3):
        raise RuntimeError("no reason")


def test_where_a_source_fails_the_next_one_answers_and_nobody_else_is_touched(shop: Small, caplog):
    deployment = shop.shop.deployment
    broken = {
        **deployment.recommenders,
        "als": Breaking(deployment.recommenders["als"], shop.data.items.places(["i03"])[0]),
    }
    snapshot = replace(shop.shop, deployment=replace(deployment, recommenders=broken))
    engine = Engine(shop.store, lambda: snapshot, shop.scenarios)
    questions = [Question(scenario="als", customer=name, k=5) for name in ("c0", "c1", "c2", "c3", "c4", "c5")]
    spoiled = [
        any(did.item_id == "i03" for did in past) for past in shop.store.events.pasts([*map(_customer, questions)])
    ]
    assert set(spoiled) == {True, False}
    answers = engine.answer(questions)
    for question, answer, hit in zip(questions, answers, spoiled, strict=True):
        assert {line.source for line in answer.lines} == ({"popular"} if hit else {"als"})
        assert len(answer.lines) == 5
        same(answer, engine.answer([question])[0])
    assert engine.failures.count >= 2
    assert "that item" in engine.failures.now()["als"]
    assert [record.getMessage() for record in caplog.records] == ["the source als failed; the next one answers"]


def _customer(question):
    return question.customer


def test_reasons_are_worded_as_a_batch_words_them(shop: Small):
    data = shop.data
    names = data.items.ids.cast(str)
    recommender = shop.shop.deployment.recommenders["als"]
    wanted = answered(Answers(recommender, data, (), names), np.arange(20, dtype=np.int32), 5, QUIET)
    engine = Engine(shop.store, lambda: replace(shop.shop, names=()), shop.scenarios)
    at = int(data.time.max()) + 1
    for answer in engine.answer(
        [Question(scenario="als", customer=user, k=5, at=at) for user in data.users.ids.head(20)]
    ):
        of_dataset = wanted.filter(wanted["user_id"] == answer.question.customer)
        assert [line.reason for line in answer.lines] == of_dataset["reason"].to_list()


questions = st.builds(
    Question,
    scenario=st.sampled_from(SCENARIOS),
    customer=st.sampled_from(["", "c1", "c2", "c33", "nobody"]),
    session=st.lists(
        st.builds(Done, st.sampled_from(["i05", "i22", "i41", "??"]), st.sampled_from(["view", "Buy"]))
    ).map(lambda done: tuple(replace(one, time=LATER - 5) for one in done[:3])),
    basket=st.lists(st.sampled_from(["i11", "i30", "i31", "??"]), max_size=2).map(tuple),
    items=st.none() | st.lists(st.sampled_from(["i03", "i14", "i25", "i36", "i41", "??"]), unique=True).map(tuple),
    rules=st.sampled_from([{}, {"where": "stock > 2"}, {"deny": ["i14", "i30"]}, {"caps": {"brand": 1}}]),
    k=st.integers(0, 12),
    explain=st.booleans(),
    at=st.just(LATER),
)


@settings(max_examples=40)
@given(asked=st.lists(questions, min_size=2, max_size=8))
def test_a_question_is_answered_alike_alone_and_among_others(shop: Small, asked: list[Question]):
    for one, answer in zip(asked, shop.engine.answer(asked), strict=True):
        same(answer, shop.engine.answer([one])[0])


@settings(max_examples=60)
@given(question=questions)
def test_no_rung_shows_what_is_forbidden_and_lists_are_full_where_enough_may_be_shown(shop: Small, question: Question):
    answer, catalog = shop.engine.answer([question])[0], shop.shop.catalog
    table = shop.data.item_features.with_columns(item_id=shop.data.items.ids)
    price, stock, brand = (
        dict(zip(table["item_id"], table[name], strict=True)) for name in ("price", "stock", "brand")
    )
    items = shown(answer)
    assert len(set(items)) == len(items)
    may = {item for item in catalog.items.ids if question.scenario != "cheap" or price[item] < 60}
    may -= {item for item in may if question.scenario == "capped" and stock[item] == 0}
    may -= {item for item in may if question.rules.get("where") and stock[item] <= 2}
    may -= set(question.rules.get("deny", ()))
    if question.items is None:
        may -= set(question.basket)
    else:
        may &= set(question.items)
    if question.scenario == "unseen":
        may -= {did.item_id for did in shop.store.events.pasts([question.customer], before=LATER)[0]}
        may -= {done.item_id for done in question.session}
    assert set(items) <= may
    most = min([*question.rules.get("caps", {}).values(), 2 if question.scenario == "capped" else 99])
    counts = {name: [brand[item] for item in items].count(name) for name in BRANDS}
    assert max(counts.values()) <= most
    k = question.k or shop.scenarios[question.scenario].k
    wanted = min(k if question.items is None else min(question.k or 99, len(question.items)), len(may))
    fitting = sum(min(most, [brand[item] for item in may].count(name)) for name in BRANDS)
    if question.scenario in FULL:
        assert len(items) == min(wanted, fitting)
        asked_for = k if question.items is None else max(min(question.k or 99, len(question.items)), 1)
        assert bool(answer.short) == (len(items) < asked_for)


@settings(max_examples=15)
@given(scenario=st.sampled_from(FULL), customer=st.sampled_from(["", "c1", "c7"]), k=st.integers(1, 9))
def test_pages_never_repeat_and_end_with_the_catalog(shop: Small, scenario: str, customer: str, k: int):
    cursor, pages = "", []
    while True:
        answer = shop.ask(scenario, customer=customer, k=k, cursor=cursor, basket=("i11",), at=LATER)
        pages += shown(answer)
        cursor = answer.cursor
        if not cursor:
            break
    assert len(set(pages)) == len(pages)
    if scenario not in ("cheap", "capped", "unseen"):
        assert len(pages) == 41
    assert answer.short


def test_pages_go_on_after_the_models_were_swapped(shop: Small):
    first = shop.ask("als", customer="c1", k=5)
    before = shop.shop
    others = Deployment("v2", before.deployment.items, {"als": before.deployment.recommenders["ease"]}, shop.data.kinds)
    shop.shop = replace(before, deployment=others)
    second = shop.ask("als", customer="c1", k=5, cursor=first.cursor)
    shop.shop = before
    assert (first.version, second.version) == ("v1", "v2")
    assert len({*shown(first), *shown(second)}) == 10


def test_a_cursor_of_somebody_else_is_refused(shop: Small):
    cursor = shop.ask("als", customer="c1").cursor
    for wrong in ({"customer": "c2"}, {"scenario": "knn", "customer": "c1"}):
        with pytest.raises(QuestionError, match="cursor"):
            shop.ask(**{"scenario": "als", **wrong}, cursor=cursor)


def test_an_answer_reacts_to_the_event_that_was_stored_just_before(shop: Small):
    assert not shop.ask("knn", customer="newcomer").known
    shop.store.events.append([Event("just-now", "newcomer", "i25", "view", LATER)])
    answer = shop.ask("knn", customer="newcomer", k=3)
    assert answer.known
    assert answer.lines[0].source == "item_knn"
    assert "looked at Item i25" in answer.lines[1].reason
    assert shop.ask("recently_viewed", customer="newcomer").lines[0].item_id == "i25"
    shop.store.events.erase("newcomer")


def test_an_answer_reacts_to_a_session_that_is_told_with_the_question(shop: Small):
    session = (Done("i31", "view"), Done("nowhere", "view"))
    answer = shop.ask("knn", session=session, k=3)
    assert answer.known
    assert answer.unknown == ("nowhere",)
    assert all(line.because[0].item_id == "i31" for line in answer.lines if line.source == "item_knn")
    told = shop.ask("knn", customer="c1", history=(Done("i31", "view", LATER - 9),), k=3, at=LATER)
    assert {one.item_id for line in told.lines for one in line.because} == {"i31"}


def test_what_is_told_and_stored_counts_once(shop: Small):
    last = shop.store.events.pasts(["c1"], before=LATER)[0][-1]
    again = (Done(last.item_id, last.kind, last.time),)
    same(shop.ask("als", customer="c1", at=LATER), shop.ask("als", customer="c1", session=again, at=LATER))


def test_a_return_takes_back_what_was_bought(shop: Small):
    bought = (Done("i12", "purchase", LATER - 900), Done("i33", "purchase", LATER - 800))
    returned = (*bought, Done("i33", "Refund", LATER - 700))
    kept = shop.ask("buy_again", history=returned, at=LATER)
    assert shown(kept) == ["i12"]
    without = shop.ask("als", history=bought[:1], at=LATER, explain=False)
    assert shown(shop.ask("als", history=returned, at=LATER, explain=False)) == shown(without)


def test_a_stranger_gets_what_is_popular_and_the_answer_says_so(shop: Small):
    answer = shop.ask("als", customer="nobody")
    assert answer.asked == ("als", "popular")
    assert {line.source for line in answer.lines} == {"popular"}
    assert not answer.known
    assert answer.lines[0].reason == "popular with customers now"


def test_rerank_gives_exactly_the_allowed_items_in_the_order_of_the_scenario(shop: Small):
    everything = shown(shop.ask("als", customer="c5", k=42, at=LATER))
    items = ("i40", "i22", "i01", "i13", "unknown")
    answer = shop.ask("als", customer="c5", items=items, at=LATER, rules={"deny": ["i22"]})
    assert shown(answer) == [item for item in everything if item in ("i40", "i01", "i13")]
    assert answer.unknown == ("unknown",)
    assert shown(shop.ask("recently_viewed", items=("i03",))) == []


def test_k_beyond_all_measure_is_refused_and_says_the_limit(shop: Small):
    for k in (-1, 1_001, 10**9):
        with pytest.raises(QuestionError, match="1,000"):
            shop.ask(k=k)
    assert len(shop.ask(k=1_000).lines) == 42


@pytest.mark.parametrize("text", ["\x00", "'; DROP TABLE events; --", "c1\n", "x" * 100_000, "\u202e"])
def test_any_text_is_a_customer_an_item_or_a_kind_that_nobody_knows(shop: Small, text: str):
    answer = shop.ask("als", customer=text, basket=(text,), session=(Done(text, text),), context={text[:9]: text})
    assert len(answer.lines) == 10
    assert answer.unknown == (text,)


@pytest.mark.parametrize(
    "wishes",
    [
        {"customer": "\ud800"},
        {"context": {"page": "\ud800"}},
        {"at": 10**30},
        {"session": (Done("i01", "view", 10**30),)},
        {"session": (Done("i01", "view", 0, float("nan")),)},
        {"history": (Done("i01", "view", 0, 1e300),)},
        {"basket": ("i01",) * 10_001},
    ],
)
def test_what_cannot_be_meant_is_refused_with_what_was_wanted(shop: Small, wishes: dict[str, object]):
    with pytest.raises(QuestionError, match=r"must|may"):
        shop.ask("als", **wishes)


def test_a_scenario_that_is_not_there_and_rules_that_cannot_be_are_errors(shop: Small):
    with pytest.raises(UnknownId, match="there are home"):
        shop.ask("hom")
    with pytest.raises(RuleError):
        shop.ask(rules={"where": "prise < 5"})
    with pytest.raises(RuleError):
        shop.ask(rules={"were": "price < 5"})


def test_pinned_items_stand_in_their_slots_on_the_first_page_only(shop: Small):
    answer = shop.ask("pinned", customer="c1")
    assert (answer.lines[1].item_id, answer.lines[1].source) == ("i39", "pinned")
    assert "i39" not in shown(shop.ask("pinned", customer="c1", cursor=answer.cursor))


class Away:
    """A store whose events are gone for a while."""

    def __init__(self, store):
        self.events, self.customers, self.away = self, store.customers, False
        self.store = store

    def pasts(self, *given, **wishes):
        if self.away:
            raise StoreUnavailable("away")
        return self.store.events.pasts(*given, **wishes)


def test_while_the_store_is_away_the_last_known_history_answers(shop: Small):
    store = Away(shop.store)
    engine = Engine(store, lambda: shop.shop, shop.scenarios)
    known, fresh = Question(scenario="als", customer="c9"), Question(scenario="als", customer="c10")
    before = engine.answer([known])[0]
    store.away = True
    during, stranger = engine.answer([known, fresh])
    assert (before.degraded, during.degraded, stranger.degraded) == (False, True, True)
    assert shown(during) == shown(before)
    assert stranger.asked[-1] == "popular"
    engine.forget("c9")
    assert not engine.answer([known])[0].known
    store.away = False
    assert engine.answer([known])[0].known


def test_an_empty_shop_answers_with_nothing_and_says_why(shop: Small):
    empty = Shop(shop.shop.catalog.__class__.of_documents([], shop.data.items.__class__.of([])))
    empty = replace(empty, live=Live.empty({}).recommenders(empty.catalog, NOW))
    engine = Engine(shop.store, lambda: empty, scenarios_of({}))
    for scenario in BUILT_IN:
        answer = engine.answer([Question(scenario=scenario, customer="c1", basket=("i10",))])[0]
        assert answer.lines == ()
        assert answer.short == "no item may be shown"
        assert answer.version == ""


def test_a_canary_answers_its_share_of_the_customers_and_always_the_same(shop: Small):
    other = replace(shop.shop.deployment, version="v2")
    before = shop.shop
    shop.shop = replace(before, canary=Canary(other, 0.5))
    questions = [Question(scenario="home", customer=f"c{n}") for n in range(60)]
    versions = [answer.version for answer in shop.engine.answer(questions)]
    again = [answer.version for answer in shop.engine.answer(questions)]
    shop.shop = before
    assert versions == again
    assert 15 < versions.count("v2") < 45


def test_attributes_and_context_reach_models_and_rules_in_their_own_types(shop: Small):
    seen = []

    class Looks:
        def recommend(self, queries, k, allowed=None):
            seen.append(queries)
            return Recommendations.none(len(queries), k, "looks")

    deployment = Deployment(
        "v1",
        shop.data.items,
        {"als": Looks()},
        shop.data.kinds,
        weights({}),
        attributes={"age": pl.Int64(), "town": pl.String()},
        context={"store": pl.String(), "hour": pl.Float64()},
    )
    shop.store.customers.put({"c1": {"age": 31, "town": 7}})
    engine = Engine(shop.store, lambda: replace(shop.shop, deployment=deployment), shop.scenarios)
    engine.answer([Question(scenario="als", customer=c, context={"store": 3}) for c in ("c1", "c2")])
    attributes, context = seen[-1].attributes, seen[-1].context
    assert attributes.rows() == [(31, "7"), (None, None)]
    assert context.select("store", "hour").rows() == [("3", None), ("3", None)]
    rules = {"where": "price < 20 or customer.age > 30"}
    young, old = engine.answer([Question(scenario="popular", customer=c, k=20, rules=rules) for c in ("c2", "c1")])
    assert (len(young.lines), len(old.lines)) == (5, 20)


def test_a_dry_run_and_an_engine_without_a_log_give_no_exposure(shop: Small):
    assert shop.ask(customer="c1").exposure_id == ""


def test_answers_are_written_as_json_without_surprises(shop: Small):
    answer = shop.ask("blend", customer="c1")
    assert json.dumps([line._asdict() for line in answer.lines])
    assert {line.source for line in answer.lines} == {"blend"}
    assert {line.via for line in answer.lines} <= {"item_knn", "als"}
    assert all(isinstance(line.score, float) and isinstance(line.rank, int) for line in answer.lines)
