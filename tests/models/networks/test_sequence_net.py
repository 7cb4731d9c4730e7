"""The one sequence network: its arrangements, and that no answer sees what came after its fork."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from regulars.models.arranged import ARRANGEMENTS
from regulars.models.networks.sequence_net import SequenceNet, SequenceShape, Steps

SHAPE = SequenceShape(
    past=3,
    ahead=2,
    horizon=4,
    outputs=2,
    tables=(),
    arrangement="many_to_many",
    cell="lstm",
    layers=2,
    width=8,
    dropout=0.0,
)


def net_of(arrangement="many_to_many", cell="lstm"):
    torch.manual_seed(3)
    net = SequenceNet(replace(SHAPE, arrangement=arrangement, cell=cell)).eval()
    torch.nn.init.normal_(net.straight.weight)
    torch.nn.init.normal_(net.places)
    return net


def steps_of(lengths, forks, seed=0):
    random = np.random.default_rng(seed)
    past = random.normal(size=(sum(lengths), 3)).astype(np.float32)
    ahead = random.normal(size=(len(forks), 4, 2)).astype(np.float32)
    return Steps(torch.from_numpy(past), np.array(lengths), torch.tensor(forks), torch.from_numpy(ahead))


@pytest.mark.parametrize("arrangement", ARRANGEMENTS)
@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_a_fork_answers_as_if_its_sequence_ended_there(arrangement, cell):
    net = net_of(arrangement, cell)
    whole = steps_of([7, 5], [2, 9])
    cut = Steps(whole.past[[0, 1, 2, 7, 8, 9]], np.array([3, 3]), torch.tensor([2, 5]), whole.ahead)
    torch.testing.assert_close(net(whole), net(cut))


@pytest.mark.parametrize("arrangement", ARRANGEMENTS)
def test_no_answer_moves_when_what_came_after_its_fork_changes(arrangement):
    net, steps = net_of(arrangement), steps_of([6, 6], [1, 8])
    later = steps.past.clone()
    later[[2, 3, 4, 5, 9, 10, 11]] += 100.0
    torch.testing.assert_close(net(replace(steps, past=later)), net(steps), rtol=0, atol=0)


def test_many_to_many_knows_what_is_known_of_the_steps_before_and_of_no_later_one():
    net, steps = net_of(), steps_of([6], [5])
    ahead = steps.ahead.clone()
    ahead[0, 2] += 1.0
    moved = (net(replace(steps, ahead=ahead)) - net(steps)).detach().abs().sum(2)[0]
    assert moved[:2].tolist() == [0.0, 0.0]
    assert (moved[2:] > 1e-4).all()


def test_many_to_one_answers_for_each_coming_step_on_its_own():
    net, steps = net_of("many_to_one"), steps_of([6], [5])
    ahead = steps.ahead.clone()
    ahead[0, 2] += 1.0
    moved = (net(replace(steps, ahead=ahead)) - net(steps)).detach().abs().sum(2)[0]
    assert moved[[0, 1, 3]].tolist() == [0.0, 0.0, 0.0]
    assert moved[2] > 1e-4


def test_one_to_many_reads_the_newest_step_alone_as_many_to_many_reads_a_history_of_one():
    one, many = net_of("one_to_many"), net_of("many_to_many")
    many.load_state_dict(one.state_dict())
    whole = steps_of([6, 4], [5, 9])
    newest = Steps(whole.past[[5, 9]], np.array([1, 1]), torch.tensor([0, 1]), whole.ahead)
    torch.testing.assert_close(one(whole), many(newest))
    assert not torch.allclose(one(whole), many(whole))


def test_sequences_of_a_batch_do_not_see_each_other():
    net, both = net_of(), steps_of([6, 4], [5, 9])
    alone = Steps(both.past[6:], np.array([4]), torch.tensor([3]), both.ahead[1:])
    torch.testing.assert_close(net(both)[1:], net(alone))
