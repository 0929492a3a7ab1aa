import errno
import os
import re
import signal
import time

import numpy as np
import pytest
import torch
from prefect.exceptions import TerminationSignal
from pydantic import ValidationError
from torch import nn
from transformers import BertConfig, BertForTokenClassification

from artifacts.errors import InputError
from artifacts.stopping import terminate, what_stopped
from tasks.training.checkpoint import load_checkpoint, save_checkpoint
from tasks.training.config import TrainingConfig
from tasks.training.freezing import freeze_bottom
from tasks.training.loop import Checkpoints, TrainingDiverged, planned_updates, train
from tasks.training.optimizer import make_optimizer, parameter_groups
from tasks.training.schedule import learning_rate_at

LENGTHS = np.random.default_rng(1).integers(3, 12, 30)


class Stopped(Exception):
    pass


def small_bert():
    torch.manual_seed(3)
    shape = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
    return BertForTokenClassification(BertConfig(vocab_size=40, num_labels=3, hidden_dropout_prob=0.2, **shape))


def collate(rows, noise):
    width = int(LENGTHS[rows].max())
    ids = torch.randint(1, 40, (len(rows), width), generator=noise)
    mask = torch.arange(width) < torch.from_numpy(LENGTHS[rows]).unsqueeze(1)
    return {"input_ids": ids, "attention_mask": mask.long(), "labels": ids % 3}


def token_loss(model, batch):
    return model(**batch).loss


def settings(**changes):
    return TrainingConfig(**{"epochs": 3, "subwords_per_batch": 48, "learning_rate": 1e-2, **changes})


def run(config, folder=None, stop_after=None, every=None, model=None, loss=token_loss, **beside):
    model = model or small_bert()
    made = 0

    def progress(updates, standing):
        nonlocal made
        made += updates
        if stop_after and made >= stop_after:
            raise Stopped

    history = train(
        model, LENGTHS, collate, loss, config,
        device="cpu", progress=progress,
        checkpoints=Checkpoints(folder, updates=every) if folder else None,
        **beside,
    )  # fmt: skip
    assert made == history.updates == planned_updates(LENGTHS, config)
    return model, history


def same(a, b):
    return all(torch.equal(x, y) for x, y in zip(a.state_dict().values(), b.state_dict().values(), strict=True))


def test_two_trainings_give_the_same_bits_whatever_was_drawn_before():
    first, _ = run(settings())
    torch.rand(17)
    state = torch.get_rng_state()
    second = small_bert()
    torch.set_rng_state(state)
    run(settings(), model=second)
    assert same(first, second)
    assert torch.equal(torch.get_rng_state(), state)
    assert not same(first, run(settings(seed=1))[0])


@pytest.mark.parametrize("precision", ["float32", "bf16"])
@pytest.mark.parametrize("stop_after", [1, 5, 7, 12])
def test_a_resumed_training_equals_an_undisturbed_one_bit_for_bit(tmp_path, precision, stop_after):
    config = settings(precision=precision, frozen_layers=1)
    whole, history = run(config)
    with pytest.raises(Stopped):
        run(config, tmp_path, stop_after, every=2)
    resumed, after = run(config, tmp_path, every=2)
    assert after.resumed_at == (stop_after - 1) // 2 * 2
    assert same(whole, resumed)
    assert after.losses == history.losses


@pytest.mark.parametrize(("number", "stop"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, TerminationSignal)])
def test_a_training_that_is_asked_to_stop_keeps_its_last_whole_update(tmp_path, number, stop):
    made = []

    def ask(updates, standing):
        made.append(updates)
        if len(made) == 5:
            os.kill(os.getpid(), number)
        if len(made) >= 5:
            time.sleep(0.2)  # The request reaches the main thread.

    before = signal.signal(number, terminate) if number == signal.SIGTERM else signal.getsignal(number)
    checkpoints = Checkpoints(tmp_path, minutes=1000)
    try:
        with pytest.raises(stop) as told:
            train(
                small_bert(), LENGTHS, collate, token_loss, settings(),
                device="cpu", progress=ask, checkpoints=checkpoints,
            )  # fmt: skip
    finally:
        signal.signal(number, before)
    total = planned_updates(LENGTHS, settings())
    assert 5 <= len(made) < total
    assert what_stopped(told.value) == f"the training goes on from update {len(made)} of {total}"
    resumed, after = run(settings(), tmp_path, every=1000)
    assert after.resumed_at == len(made)
    assert same(run(settings())[0], resumed)


def test_a_training_that_cannot_keep_its_state_stops_all_the_same_and_says_why(tmp_path, monkeypatch):
    def full(folder, state):
        raise OSError(errno.ENOSPC, "No space left on device")

    def ask(updates, standing):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.2)

    monkeypatch.setattr("tasks.training.loop.save_checkpoint", full)
    with pytest.raises(KeyboardInterrupt) as told:
        train(
            small_bert(), LENGTHS, collate, token_loss, settings(),
            device="cpu", progress=ask, checkpoints=Checkpoints(tmp_path, minutes=1000),
        )  # fmt: skip
    assert "No space left" in what_stopped(told.value)


def test_of_a_checkpoint_that_cannot_be_written_nothing_stays_and_the_one_before_does(tmp_path, monkeypatch):
    def full(handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    save_checkpoint(tmp_path, {"identity": "a", "update": 1})
    with monkeypatch.context() as patch, pytest.raises(OSError):
        patch.setattr(os, "fsync", full)
        save_checkpoint(tmp_path, {"identity": "a", "update": 2})
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint.pt"]
    assert load_checkpoint(tmp_path, "a").state["update"] == 1


def test_a_torn_or_foreign_checkpoint_is_ignored_with_a_reason(tmp_path):
    config = settings()
    with pytest.raises(Stopped):
        run(config, tmp_path, 5, every=2)
    path = tmp_path / "checkpoint.pt"
    content = path.read_bytes()
    _, foreign = run(settings(learning_rate=1e-3), tmp_path, every=1000)
    assert foreign.resumed_at == 0 and "other settings" in foreign.ignored_checkpoint
    path.write_bytes(content[:-100])
    model, torn = run(config, tmp_path, every=1000)
    assert torn.resumed_at == 0 and "torn" in torn.ignored_checkpoint
    assert same(model, run(config)[0])


def test_frozen_layers_have_no_gradient_and_stay():
    model, fresh = small_bert(), small_bert()
    seen = []

    def watched(trained, batch):
        seen.append(trained.bert.encoder.layer[0](trained.bert.embeddings(batch["input_ids"])))
        return token_loss(trained, batch)

    train(model, LENGTHS, collate, watched, settings(epochs=1, frozen_layers=1), device="cpu", checkpoints=None)
    hidden = seen[0][0] if isinstance(seen[0], tuple) else seen[0]
    assert not hidden.requires_grad
    assert same(model.bert.embeddings, fresh.bert.embeddings)
    assert same(model.bert.encoder.layer[0], fresh.bert.encoder.layer[0])
    assert not same(model.bert.encoder.layer[1], fresh.bert.encoder.layer[1])


def test_freezing_more_layers_than_there_are_or_an_unknown_model_is_refused():
    with pytest.raises(InputError, match="2 layers"):
        freeze_bottom(small_bert(), 3)
    with pytest.raises(InputError, match="Linear"):
        freeze_bottom(nn.Linear(2, 2), 1)


def test_the_rate_rises_to_its_peak_and_falls():
    # 10 updates, W = 2: 1/2, 2/2, then (10 - u) / 8.
    config = settings(learning_rate=1.0, warmup_fraction=0.2)
    assert [learning_rate_at(u, 10, config) for u in (0, 1, 2, 6, 9)] == [0.5, 1.0, 1.0, 0.5, 0.125]
    constant = settings(learning_rate=1.0, warmup_fraction=0, schedule="constant")
    assert {learning_rate_at(u, 10, constant) for u in range(10)} == {1.0}


def test_the_rate_may_fall_as_one_over_the_square_root():
    # W = 4: 1/4 ... 4/4, then sqrt(4 / 8), sqrt(4 / 16).
    config = settings(learning_rate=1.0, warmup_updates=4, schedule="inverse_sqrt")
    assert [learning_rate_at(u, 20, config) for u in (0, 3, 7, 15)] == pytest.approx([0.25, 1.0, 0.5**0.5, 0.5])
    config = settings(learning_rate=1.0, warmup_updates=0, schedule="inverse_sqrt")
    assert [learning_rate_at(u, 20, config) for u in (0, 3)] == pytest.approx([1.0, 0.5])


def test_passes_and_sentences_do_not_both_say_what_an_update_is():
    assert settings(passes_per_update=8).sentences_per_batch is None
    with pytest.raises(ValidationError, match="passes_per_update is 8 and sentences_per_batch 32; both say"):
        settings(passes_per_update=8, sentences_per_batch=32)


def test_the_warmup_may_be_given_in_updates():
    # W = 4 of 10 updates: 1/4 ... 4/4, then (10 - u) / 6.
    config = settings(learning_rate=1.0, warmup_updates=4)
    assert [learning_rate_at(u, 10, config) for u in (0, 3, 4, 7, 9)] == [0.25, 1.0, 1.0, 0.5, pytest.approx(1 / 6)]
    assert {
        learning_rate_at(u, 10, settings(learning_rate=1.0, warmup_updates=0, schedule="constant")) for u in range(10)
    } == {1.0}


def test_of_share_and_updates_of_the_warmup_one_counts():
    config = settings(warmup_updates=50)
    assert (config.warmup_fraction, config.warmup_updates) == (None, 50)
    assert TrainingConfig.model_validate(config.model_dump()) == config
    assert TrainingConfig.model_validate(settings().model_dump()) == settings()
    with pytest.raises(ValidationError, match=r"warmup_fraction is 0\.1 and warmup_updates 50; expected one of them"):
        settings(warmup_fraction=0.1, warmup_updates=50)
    with pytest.raises(ValidationError, match="warmup_fraction is None and warmup_updates None"):
        settings(warmup_fraction=None)


def test_a_warmup_longer_than_the_training_is_refused():
    total = planned_updates(LENGTHS, settings())
    run(settings(warmup_updates=total))
    with pytest.raises(InputError, match=rf"warmup_updates is {total + 1}, but there are {total} updates in all"):
        run(settings(warmup_updates=total + 1))


def test_adam_forgets_as_its_betas_say():
    # One weight, no decay. Gradients 1, then 0: m = b1 (1 - b1), v = b2 (1 - b2); Adam divides by 1 - b^2 and moves
    # by the rate times m / sqrt(v). With b1 = b2 = 1/2: m = (1/4) / (3/4) = v = 1/3, so the second step is 1 / sqrt(3).
    steps = []
    for betas in ({}, {"adam_beta1": 0.5, "adam_beta2": 0.5}):
        weight = nn.Linear(1, 1, bias=False)
        nn.init.zeros_(weight.weight)
        optimizer = make_optimizer(weight, settings(learning_rate=1.0, weight_decay=0, **betas))
        for gradient in (1.0, 0.0):
            before = weight.weight.item()
            weight.weight.grad = torch.full((1, 1), gradient)
            optimizer.step()
        steps.append(before - weight.weight.item())
    # The defaults, .9 and .999: m = .09 / .19, v = .000999 / .001999.
    assert steps == pytest.approx([(0.09 / 0.19) / (0.000999 / 0.001999) ** 0.5, 3**-0.5], rel=1e-4)


def test_biases_and_norms_do_not_decay():
    model = nn.Sequential(nn.Linear(2, 3), nn.LayerNorm(3))
    decayed, kept = parameter_groups(model, 0.5, head_rate=1.0)
    assert decayed["params"] == [model[0].weight] and decayed["weight_decay"] == 0.5
    assert [p.shape for p in kept["params"]] == [(3,), (3,), (3,)] and kept["weight_decay"] == 0


def one_step(clip_norm):
    """Two sub-words whose loss is 1000 w at w = 0; the gradient that the optimizer is given."""
    model = nn.Linear(1, 1, bias=False)
    gradients = []
    model.weight.register_post_accumulate_grad_hook(lambda p: gradients.append(p.grad))
    config = settings(epochs=1, clip_norm=clip_norm)
    one = {"x": torch.tensor([[1000.0]])}
    train(
        model, np.array([1]), lambda rows, noise: one, lambda m, b: m(b["x"]).sum(), config,
        device="cpu", checkpoints=None,
    )  # fmt: skip
    return gradients[0].item()


def test_the_gradient_is_clipped_to_its_norm():
    # The hook keeps the tensor that is clipped in place.
    assert one_step(2.0) == pytest.approx(2.0, rel=1e-4)
    assert one_step(0.0) == 1000.0


class HeadOnEncoder(nn.Module):
    """The loss is 3 e + 4 h: a gradient of 3 for the encoder and 4 for the head, 5 for both."""

    base_model_prefix = "encoder"

    def __init__(self):
        super().__init__()
        self.encoder, self.head = nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False)

    def forward(self, x):
        return (3 * self.encoder(x) + 4 * self.head(x)).sum()


@pytest.mark.parametrize(("separately", "clipped"), [(False, [0.6, 0.8]), (True, [1.0, 1.0])])
def test_encoder_and_head_are_clipped_by_one_norm_or_each_by_its_own(separately, clipped):
    model, gradients = HeadOnEncoder(), {}
    for name, parameter in model.named_parameters():
        parameter.register_post_accumulate_grad_hook(lambda p, name=name: gradients.update({name: p.grad}))
    config = settings(epochs=1, clip_norm=1.0, clip_separately=separately)
    batch = {"x": torch.tensor([[1.0]])}
    train(
        model, np.array([1]), lambda rows, noise: batch, lambda m, b: m(b["x"]), config,
        device="cpu", checkpoints=None,
    )  # fmt: skip
    assert [gradients[name].item() for name in ("encoder.weight", "head.weight")] == pytest.approx(clipped, rel=1e-4)


@pytest.mark.parametrize(("head_rate", "moved"), [(1.0, [0.01, 0.01]), (4.0, [0.01, 0.04]), (0.5, [0.01, 0.005])])
def test_the_head_learns_at_its_own_rate(head_rate, moved):
    # AdamW's first step is the rate in the gradient's direction, whatever its size.
    model = HeadOnEncoder()
    model.new_parameters = frozenset({"head.weight"})
    before = [parameter.item() for parameter in model.parameters()]
    config = settings(epochs=1, head_rate=head_rate, warmup_fraction=0.0, weight_decay=0.0)
    batch = {"x": torch.tensor([[1.0]])}
    train(
        model, np.array([1]), lambda rows, noise: batch, lambda m, b: m(b["x"]), config,
        device="cpu", checkpoints=None,
    )  # fmt: skip
    told = dict(model.named_parameters())
    after = [told[name].item() for name in ("encoder.weight", "head.weight")]
    assert [was - now for was, now in zip(before, after, strict=True)] == pytest.approx(moved, rel=1e-3)


def test_a_new_head_is_a_part_of_its_own_and_biases_of_it_do_not_decay():
    model = small_bert()
    freeze_bottom(model, 1)
    model.new_parameters = frozenset({"classifier.weight", "classifier.bias"})
    groups = parameter_groups(model, 0.5, head_rate=3.0)
    assert [(g["weight_decay"], g["relative_rate"]) for g in groups] == [(0.5, 1.0), (0.0, 1.0), (0.5, 3.0), (0.0, 3.0)]
    assert groups[2]["params"] == [model.classifier.weight] and groups[3]["params"] == [model.classifier.bias]
    assert sum(len(g["params"]) for g in groups) == sum(p.requires_grad for p in model.parameters())


def test_a_head_that_is_not_new_learns_like_all_else():
    groups = parameter_groups(small_bert(), 0.5, head_rate=3.0)
    assert [g["relative_rate"] for g in groups] == [1.0, 1.0]


def test_a_loss_that_is_not_finite_stops_naming_epoch_and_update():
    calls = []

    def loss(model, batch):
        calls.append(1)
        return token_loss(model, batch) * (float("nan") if len(calls) == 3 else 1.0)

    with pytest.raises(TrainingDiverged, match=r"epoch 1 of 3, update 3 of \d+, learning rate"):
        train(small_bert(), LENGTHS, collate, loss, settings(), device="cpu", checkpoints=None)


class Refined:
    """Targets that follow the model after each epoch, and a mean of losses over updates: what GLoDe keeps, in small."""

    def __init__(self):
        self.targets = torch.arange(40) % 3
        self.mean = torch.zeros(())
        self.epochs = []

    def loss(self, model, batch):
        loss = model(**{**batch, "labels": self.targets[batch["input_ids"]]}).loss
        self.mean = 0.9 * self.mean + 0.1 * loss.detach()
        return loss * (1 + self.mean)

    def after_epoch(self, epoch, model):
        assert not model.training
        self.epochs.append(epoch)
        with torch.no_grad():
            said = model(input_ids=torch.arange(40)[None]).logits[0]
        self.targets = (said + torch.randn(40, 3)).argmax(dim=-1)  # Drawn alike in a training that goes on.

    def state_dict(self):
        return {"targets": self.targets, "mean": self.mean, "epochs": list(self.epochs)}

    def load_state_dict(self, state):
        self.targets, self.mean, self.epochs = state["targets"], state["mean"], state["epochs"]


def refine(config, folder=None, stop_after=None):
    beside = Refined()
    model, history = run(
        config, folder, stop_after, every=2, loss=beside.loss, after_epoch=beside.after_epoch, beside=beside
    )
    return model, history, beside


def test_what_follows_an_epoch_sees_its_number_and_steers_the_next():
    model, _, beside = refine(settings())
    assert beside.epochs == [1, 2, 3]
    assert not torch.equal(beside.targets, Refined().targets)
    assert not same(model, run(settings())[0])


def test_a_resumed_training_takes_back_what_it_kept_beside_the_model(tmp_path):
    config = settings()
    per_epoch = planned_updates(LENGTHS, config) // 3
    whole, history, beside = refine(config)
    # Within the first epoch; at the first update after a checkpoint that came with an epoch's end; in the last epoch.
    for stop_after in (3, 2 * per_epoch + 1, 3 * per_epoch - 1):
        folder = tmp_path / str(stop_after)
        with pytest.raises(Stopped):
            refine(config, folder, stop_after)
        resumed, after, again = refine(config, folder)
        assert after.resumed_at == (stop_after - 1) // 2 * 2 > 0
        assert same(whole, resumed)
        assert after.losses == history.losses
        assert again.epochs == [1, 2, 3]
        assert torch.equal(again.targets, beside.targets) and torch.equal(again.mean, beside.mean)


def test_a_checkpoint_of_a_training_that_kept_something_else_is_ignored(tmp_path):
    with pytest.raises(Stopped):
        run(settings(), tmp_path, 3, every=2)
    _, history, _ = refine(settings(), tmp_path)
    assert history.resumed_at == 0 and "other settings" in history.ignored_checkpoint


def test_a_training_says_at_which_epoch_it_is_and_the_mean_loss_of_what_is_read():
    # 18 updates of one weight, whose loss is the number of the update; losses are read after 16 updates and at the end.
    told, losses = [], iter(range(18))

    def loss(model, batch):
        return model(batch["x"]).sum() * 0 + float(next(losses))

    one = {"x": torch.tensor([[1.0]])}
    train(
        nn.Linear(1, 1, bias=False), np.full(6, 16), lambda rows, noise: one, loss,
        settings(epochs=3, subwords_per_batch=16), device="cpu", checkpoints=None,
        progress=lambda updates, standing: told.append(standing()),
    )  # fmt: skip
    assert len(told) == 18
    assert told[4].startswith("epoch 1 of 3, ") and "loss" not in told[4]
    # Updates 12 to 15 of the third epoch are read: (12 + 13 + 14 + 15) / 4.
    assert told[15].startswith("epoch 3 of 3, loss 13.5, ")
    assert re.fullmatch(r"epoch 3 of 3, loss 13\.5, [\d,]+ sub-words a second", told[16])


def test_a_training_says_from_which_update_it_has_gone_on(tmp_path):
    with pytest.raises(Stopped):
        run(settings(), tmp_path, 5, every=2)
    told = []
    train(
        small_bert(), LENGTHS, collate, token_loss, settings(), device="cpu",
        checkpoints=Checkpoints(tmp_path, updates=2), progress=lambda updates, standing: told.append(standing()),
    )  # fmt: skip
    assert told and all(line.endswith("gone on from update 4") for line in told)
