"""Batching: what waits is answered together, each fails alone, and a full queue says so."""

import threading
from concurrent.futures import wait

import pytest

from regulars.core.errors import Overloaded, QuestionError
from regulars.serving.batching import Batcher
from regulars.serving.questions import Answer, Question
from serving.shopping import Small


class Slow:
    """Answers when it is let, and remembers how many were asked together."""

    def __init__(self):
        self.let, self.entered, self.sizes = threading.Event(), threading.Event(), []

    def __call__(self, questions):
        self.entered.set()
        self.let.wait(5)
        self.sizes.append(len(questions))
        if any(question.k < 0 for question in questions):
            raise QuestionError("k")
        return [Answer(question, (), "v1") for question in questions]


def test_those_that_wait_are_answered_together_and_a_bad_one_fails_alone():
    slow = Slow()
    batcher = Batcher(slow, most=8)
    first = batcher.submit(Question(scenario="home", k=1))
    slow.entered.wait(5)
    futures = [batcher.submit(Question(scenario="home", k=-1 if n == 3 else n)) for n in range(10)]
    slow.let.set()
    wait([first, *futures], 5)
    assert slow.sizes[:2] == [1, 8]
    assert [future.exception() is None for future in futures] == [n != 3 for n in range(10)]
    assert [future.result().question.k for n, future in enumerate(futures) if n != 3] == [0, 1, 2, *range(4, 10)]
    batcher.close()


def test_a_full_queue_and_a_closed_one_refuse():
    slow = Slow()
    batcher = Batcher(slow, waiting=3)
    batcher.submit(Question(scenario="home"))
    slow.entered.wait(5)
    for _ in range(3):
        batcher.submit(Question(scenario="home"))
    with pytest.raises(Overloaded, match="3 questions wait"):
        batcher.submit(Question(scenario="home"))
    slow.let.set()
    batcher.close()
    with pytest.raises(Overloaded):
        batcher.submit(Question(scenario="home"))


def test_who_gives_up_while_waiting_is_not_answered():
    slow = Slow()
    batcher = Batcher(slow)
    batcher.submit(Question(scenario="home"))
    slow.entered.wait(5)
    gone, stays = (batcher.submit(Question(scenario="home", k=n)) for n in (1, 2))
    assert gone.cancel()
    slow.let.set()
    assert stays.result(5).question.k == 2
    batcher.close()


def test_through_the_batcher_the_engine_answers_as_it_does_alone(shop: Small):
    batcher = Batcher(shop.engine.answer)
    questions = [Question(scenario="als", customer=f"c{n}") for n in range(40)]
    answers = [future.result(10) for future in [batcher.submit(question) for question in questions]]
    batcher.close()
    for question, answer in zip(questions, answers, strict=True):
        assert [x.item_id for x in answer.lines] == [x.item_id for x in shop.engine.answer([question])[0].lines]
