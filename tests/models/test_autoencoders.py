"""Autoencoders: the network is that of the paper, and the two parts of RecVAE learn in turn."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
import torch

import shops
from regulars.core import Dataset, Queries, Run, ints
from regulars.core.errors import BadTable, Interrupted
from regulars.models import MultDAE, MultVAE, RecVAE
from regulars.models.networks.composite import Composite, density
from regulars.models.networks.lesson import Lesson
from regulars.models.networks.reconstruction import Denoising, Variational

SHOP = shops.communities()
SMALL = {"factors": 6, "batch": 20, "epochs": 3, "rate": 0.01, "patience": 0, "precision": "float32"}
METHODS = {
    "mult_dae": MultDAE(**SMALL),
    "mult_vae": MultVAE(hidden=9, **SMALL),
    "rec_vae": RecVAE(hidden=9, **SMALL),
}
every = pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)


def rows(queries):
    """The histories as dense rows of length one over the 40 items that were met; float64 [n, 40]."""
    met = (queries.history.matrix(41).toarray()[:, :40] > 0).astype(float)
    return met / np.linalg.norm(met, axis=1, keepdims=True)


def arrays(model):
    return dict(zip(model.encoder.weights.names, model.encoder.weights.arrays, strict=True))


# ---- what a fitted model computes


def test_mult_vae_answers_with_the_logits_of_the_mean():
    model = METHODS["mult_vae"].fit(SHOP.data)
    w, known = arrays(model), slice(0, 40)
    hidden = np.tanh(rows(SHOP.queries) @ w["reader.weight"] + w["reader.bias"])
    mean = (hidden @ w["narrow.weight"].T + w["narrow.bias"])[:, :6]
    last = np.tanh(mean @ w["widen.weight"].T + w["widen.bias"])
    logits = last @ model.item_vectors[known, :-1].T + model.item_vectors[known, -1]
    np.testing.assert_allclose(model.score(SHOP.queries)[:, known], logits, rtol=1e-4, atol=1e-5)


def test_mult_dae_answers_with_one_layer_of_tanh():
    model = METHODS["mult_dae"].fit(SHOP.data)
    w, known = arrays(model), slice(0, 40)
    last = np.tanh(rows(SHOP.queries) @ w["reader.weight"] + w["reader.bias"])
    logits = last @ model.item_vectors[known, :-1].T + model.item_vectors[known, -1]
    np.testing.assert_allclose(model.score(SHOP.queries)[:, known], logits, rtol=1e-4, atol=1e-5)


def test_rec_vae_answers_with_the_mean_of_its_dense_encoder():
    model = METHODS["rec_vae"].fit(SHOP.data)
    w, known = arrays(model), slice(0, 40)

    def layer(at, place):
        read = at / (1 + np.exp(-at))
        read = (read - read.mean(axis=1, keepdims=True)) / np.sqrt(read.var(axis=1, keepdims=True) + 0.1)
        return read * w[f"norms.{place}.weight"] + w[f"norms.{place}.bias"]

    read = [layer(rows(SHOP.queries) @ w["reader.weight"] + w["reader.bias"], 0)]
    for place in range(4):
        linear = read[-1] @ w[f"layers.{place}.weight"].T + w[f"layers.{place}.bias"]
        read.append(layer(linear + sum(read), place + 1))
    mean = read[-1] @ w["mean.weight"].T + w["mean.bias"]
    logits = mean @ model.item_vectors[known, :-1].T + model.item_vectors[known, -1]
    np.testing.assert_allclose(model.score(SHOP.queries)[:, known], logits, rtol=1e-4, atol=1e-5)


@every
def test_the_weights_of_events_do_not_count_under_the_binary_rule_and_do_otherwise(method):
    louder = replace(SHOP.queries.history, weights=np.arange(1, len(SHOP.queries.history.items) + 1, dtype=np.float32))
    for rule, same in (("binary", True), ("log", False)):
        model = replace(method, rule=rule).fit(SHOP.data)
        before, after = model.encode(SHOP.queries), model.encode(replace(SHOP.queries, history=louder))
        assert np.array_equal(before, after) == same


# ---- what is learned


def lesson(settings, data=SHOP.data):
    return Lesson.of(data, settings, Run())


def test_no_further_line_of_a_receipt_tells_what_is_withheld():
    data = shops.communities().data
    twice = data.where(np.repeat(np.arange(len(data)), 2))
    settings = replace(METHODS["mult_vae"], patience=1, validation=0.3)
    withheld = lesson(settings, twice).withheld
    learned = set(zip(*(getattr(withheld.known, name).tolist() for name in ("user", "item", "time")), strict=True))
    asked = zip(withheld.queries.users, withheld.targets, withheld.queries.times - 1, strict=True)
    assert len(withheld)
    assert not learned & {tuple(map(int, line)) for line in asked}


def test_the_loss_of_mult_vae_is_the_likelihood_and_a_growing_part_of_the_divergence():
    settings = replace(METHODS["mult_vae"], dropout=0.0, noise=0.0, beta=0.8, annealing=2)
    task = Variational(settings, lesson(settings))
    everyone, random = np.arange(60), np.random.default_rng(0)
    history = task.lesson.rows.take(everyone, task.device)
    mean, log_variance = (part.detach() for part in task.body.latent(history, 0.0))
    normal = torch.distributions.Normal(mean, torch.exp(0.5 * log_variance))
    divergence = torch.distributions.kl_divergence(normal, torch.distributions.Normal(0.0, 1.0)).sum().item()
    likelihood = task.told(task.body(history), history).item()
    for step in range(1, 9):
        loss, targets = task.loss(everyone, random)
        assert targets == len(history.items)
        beta = 0.8 * min(1.0, step / 6)  # three steps an epoch, of 20 customers each
        assert loss.item() == pytest.approx(likelihood + beta * divergence, rel=1e-5)


def test_what_is_hidden_from_the_denoising_network_is_still_wanted():
    settings = replace(METHODS["mult_dae"], dropout=0.9)
    task = Denoising(settings, lesson(settings))
    loss, targets = task.loss(np.arange(60), np.random.default_rng(0))
    assert targets == len(task.lesson.rows.items) == 60 * 8
    assert loss.item() > 0.5 * targets * np.log(40)


def test_encoder_and_decoder_of_rec_vae_learn_in_turn_and_the_prior_remembers():
    settings = replace(METHODS["rec_vae"], encoder_passes=2)
    task, random = Composite(settings, lesson(settings)), np.random.default_rng(0)
    optimizer = torch.optim.AdamW(task.module.parameters(), lr=0.05, weight_decay=0.0)
    steps = [step for _ in range(2) for step in task.steps(random)]
    assert len(steps) == 2 * 3 * 3
    for place, examples in enumerate(steps):
        before = {name: tensor.clone() for name, tensor in task.module.state_dict().items()}
        optimizer.zero_grad()
        task.loss(examples, random)[0].backward()
        optimizer.step()
        after = task.module.state_dict()
        moved = {name.split(".")[0] for name, tensor in after.items() if not torch.equal(tensor, before[name])}
        decodes = place % 9 >= 6
        assert moved == {"steps", "catalog" if decodes else "body"} | ({"before"} if place % 9 == 6 else set())
        if decodes:
            for name, tensor in task.body.state_dict().items():
                torch.testing.assert_close(after[f"before.{name}"], tensor)


def test_the_prior_of_rec_vae_is_a_mixture_of_three_normals():
    task = Composite(METHODS["rec_vae"], lesson(METHODS["rec_vae"]))
    history = task.lesson.rows.take(np.arange(5), task.device)
    latent = torch.randn(5, 6)
    mean, log_variance = task.module.before.latent(history, 0.0)
    parts = (
        (0.15, torch.distributions.Normal(0.0, 1.0)),
        (0.75, torch.distributions.Normal(mean, torch.exp(0.5 * log_variance))),
        (0.10, torch.distributions.Normal(0.0, float(np.exp(5.0)))),
    )
    expected = torch.log(sum(share * torch.exp(part.log_prob(latent)) for share, part in parts))
    torch.testing.assert_close(task._prior(history, latent), expected, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(density(latent, mean, log_variance), parts[1][1].log_prob(latent))


@every
def test_a_watcher_sees_loss_and_figure_of_each_epoch_and_may_stop_the_fit(method):
    told = []

    def stop(progress):
        if dict(progress.figures).get("ndcg@10") is not None:
            told.append(progress)
            raise Interrupted("enough")

    with pytest.raises(Interrupted):
        replace(method, patience=2).fit(SHOP.data, Run(on_epoch=stop))
    assert [progress.done for progress in told] == [1]


# ---- shops and questions that are not as they should be


@every
def test_a_catalog_of_one_item_knows_that_item(method):
    rows = pl.DataFrame({"user_id": range(30), "item_id": [7] * 30, "time": range(30)})
    model = replace(method, patience=2).fit(Dataset.of(rows))
    answer = model.recommend(Queries.of([[0], [], [1]]), 2)
    assert answer.items.tolist() == [[0, -1], [-1, -1], [-1, -1]]


@every
def test_weights_that_are_no_numbers_are_refused(method):
    weight = SHOP.data.weight.copy()
    weight[[3, 9]] = np.nan
    with pytest.raises(BadTable, match=r"2 of \d+ are not"):
        replace(method, rule="count").fit(replace(SHOP.data, weight=weight))


@every
def test_an_item_that_nobody_met_says_nothing_and_has_no_vector(method):
    model = method.fit(SHOP.data)
    with_it, without = Queries.of([[0, 3, 40], [40]]), Queries.of([[0, 3], []])
    np.testing.assert_array_equal(model.encode(with_it), model.encode(without))
    assert np.isnan(model.score(without, ints([40]))).all()
    assert np.isnan(model.encode(without)[1]).all()
