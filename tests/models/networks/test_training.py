"""The training loop: what it learns, when it stops, what it tells, and that the same seed gives the same weights."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from models.networks.toy import Follow, Foretold, Toy
from regulars.core import Run
from regulars.core.errors import Interrupted, TrainingError
from regulars.models.networks import fitting
from regulars.models.networks.training import train

ONE = Run(threads=1)


def weights(task):
    return torch.cat([tensor.float().ravel() for tensor in task.module.state_dict().values()])


def told(settings, task, **run):
    steps = []
    train(task, settings, Run(threads=1, on_epoch=steps.append, **run), "toy")
    return steps


def test_it_learns_the_rule():
    task = Follow()
    learned = train(task, Toy(epochs=40, rate=0.02), ONE, "toy")
    assert max(learned.figures) == 1.0
    assert learned.losses[-1] < 0.8 * learned.losses[0]
    assert not task.module.training


def test_it_stops_when_nothing_got_better_and_keeps_the_best_weights():
    task = Foretold([0.1, 0.3, 0.2, 0.3, 0.25, 0.9])
    learned = train(task, Toy(epochs=50, patience=3), ONE, "toy")
    assert learned.figures == [0.1, 0.3, 0.2, 0.3, 0.25]
    assert learned.best == 2
    torch.testing.assert_close(task.module[2].weight.detach(), task.weights[1], rtol=0, atol=0)


def test_without_patience_it_learns_all_epochs_and_keeps_the_last_weights():
    task = Foretold([])
    learned = train(task, Toy(epochs=4, patience=0), ONE, "toy")
    assert (len(learned.losses), learned.figures, learned.best) == (4, [], 0)
    assert int(task.module.seen) == 4 * 8


def test_it_learns_all_epochs_when_nothing_could_be_withheld():
    learned = train(Foretold([math.nan] * 6), Toy(epochs=6, patience=2), ONE, "toy")
    assert (len(learned.losses), learned.best) == (6, 0)


def test_the_same_seed_gives_the_same_weights_and_another_seed_others():
    one, same, other = Follow(), Follow(), Follow()
    for task, seed in ((one, 1), (same, 1), (other, 2)):
        train(task, Toy(epochs=3), Run(seed=seed, threads=1), "toy")
    torch.testing.assert_close(weights(one), weights(same), rtol=0, atol=0)
    assert not torch.equal(weights(one), weights(other))


def test_torchs_own_generator_and_threads_are_as_they_were():
    before, state = torch.get_num_threads(), torch.get_rng_state()
    train(Follow(), Toy(epochs=1), Run(threads=before + 1), "toy")
    assert torch.get_num_threads() == before
    assert torch.equal(torch.get_rng_state(), state)


def test_steps_and_epochs_are_told_with_their_figures():
    steps = told(Toy(epochs=2), Follow())
    epochs = [step for step in steps if step.task == "toy"]
    assert [(step.done, step.total) for step in epochs] == [(1, 2), (2, 2)]
    assert [name for name, _ in epochs[0].figures] == ["loss", "ndcg@10"]
    last = [step for step in steps if step.task == "toy, epoch 2"][-1]
    assert (last.done, last.total) == (8, 8)
    assert dict(last.figures)["loss so far"] == dict(epochs[1].figures)["loss"]


def test_an_early_end_is_told_as_an_end():
    steps = told(Toy(epochs=50, patience=1), Foretold([0.5, 0.1]))
    assert (steps[-1].task, steps[-1].done, steps[-1].total) == ("toy", 50, 50)


def test_the_gradient_of_a_step_is_never_longer_than_the_clip():
    task, lengths = Follow(dropout=0.0), []
    original = torch.optim.AdamW.step

    def noting(self, *args, **kwargs):
        gradients = [parameter.grad for group in self.param_groups for parameter in group["params"]]
        lengths.append(float(torch.cat([gradient.ravel() for gradient in gradients]).norm()))
        return original(self, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.optim.AdamW, "step", noting)
        train(task, Toy(epochs=2, clip=0.05), ONE, "toy")
    assert max(lengths) <= 0.0501
    assert max(lengths) > 0.04


def test_a_loss_that_explodes_ends_with_what_to_try():
    class Uphill(Follow):
        def loss(self, examples, random):
            summed, targets = super().loss(examples, random)
            return 2 * summed.detach() - summed, targets

    with pytest.raises(
        TrainingError, match=r"diverged to \d.* in epoch \d+ at step \d.*lower rate \(0.02 instead of 0.1\)"
    ):
        train(Uphill(), Toy(epochs=60, patience=0, rate=0.1, warmup=0.0), ONE, "toy")


def test_a_loss_that_is_no_number_names_epoch_and_step():
    class Broken(Follow):
        def loss(self, examples, random):
            summed, targets = super().loss(examples, random)
            return summed * (math.nan if int(self.module.seen) == 11 else 1.0), targets

    with pytest.raises(TrainingError, match="nan in epoch 2 at step 3"):
        train(Broken(), Toy(epochs=5), ONE, "toy")


def test_whoever_watches_may_stop_it_within_an_epoch(monkeypatch):
    monkeypatch.setattr(fitting, "TOLD", 0.0)
    seen = []

    def stop(progress):
        seen.append(progress)
        if progress.task == "toy, epoch 2" and progress.done == 3:
            raise Interrupted("enough")

    with pytest.raises(Interrupted):
        train(Follow(), Toy(epochs=5), Run(threads=1, on_epoch=stop), "toy")
    assert seen[-1].done == 3


@pytest.mark.parametrize(("name", "said"), [("gpu", "'gpu' is no device"), ("cuda:71", "'cuda:71' is not there")])
def test_a_device_that_is_not_there_is_an_error_that_names_those_that_are(name, said):
    with pytest.raises(TrainingError, match=f"{said}.* there is cpu"):
        train(Follow(), Toy(epochs=1), Run(device=name), "toy")


def test_bfloat16_is_in_the_products_and_nowhere_else():
    kinds = []

    class Watching(Follow):
        def loss(self, examples, random):
            kinds.append(self.module(torch.from_numpy(self.before[examples])).dtype)
            return super().loss(examples, random)

    task = Watching()
    learned = train(task, Toy(epochs=12, rate=0.02, precision="bfloat16"), ONE, "toy")
    assert set(kinds) == {torch.bfloat16}
    assert task.module[2].weight.dtype == torch.float32
    assert max(learned.figures) == 1.0


def test_a_step_without_targets_changes_nothing():
    class Empty(Follow):
        def loss(self, examples, random):
            summed, _ = super().loss(examples, random)
            return summed * 0.0, 0

    task = Empty()
    before = task.module[2].weight.detach().clone()
    train(task, Toy(epochs=1, weight_decay=0.0, patience=0), ONE, "toy")
    torch.testing.assert_close(task.module[2].weight.detach(), before)


def test_a_step_is_that_of_adamw_on_the_mean_loss():
    task = Follow(dropout=0.0, batch=256)
    twin = Follow(dropout=0.0, batch=256)
    train(task, Toy(epochs=1, patience=0, rate=0.01, warmup=0.0, schedule="constant", precision="float32"), ONE, "toy")
    order = next(iter(twin.steps(np.random.default_rng([0, 0]))))
    random = np.random.default_rng([0, 0, 0, 0])
    random.integers(1 << 62)
    loss, targets = twin.loss(order, random)
    (loss / targets).backward()
    nn.utils.clip_grad_norm_(twin.module.parameters(), 1.0)
    torch.optim.AdamW(twin.module.parameters(), lr=0.01, weight_decay=0.0).step()
    torch.testing.assert_close(weights(task), weights(twin), rtol=1e-6, atol=1e-7)
