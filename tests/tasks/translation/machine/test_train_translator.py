import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow.compute as pc
import pytest
import torch
from transformers import M2M100ForConditionalGeneration, M2M100Tokenizer

from artifacts.catalog import MARKED_PAIRS, TRANSLATOR
from artifacts.reference import Reference
from artifacts.step import run_alone
from artifacts.store import Store
from tasks.training.loop import Checkpoints
from tasks.translation.machine.card import CARD_FILE, read_card
from tasks.translation.machine.train_translator import (
    TranslatorTraining,
    fit,
    make_model,
    set_dropout,
    train_translator,
    translation_loss,
)
from tasks.translation.machine.translation_rows import IGNORED, Rows, make_collate

TINY = TranslatorTraining(
    epochs=2,
    vocabulary_size=320,
    encoder_layers=1,
    decoder_layers=1,
    hidden_size=16,
    heads=2,
    intermediate_size=32,
    subwords_per_batch=64,
)
PUT = Callable[..., Reference]


class Fixed(torch.nn.Module):
    """Stands for a translator that gives these scores, [tokens, V]."""

    def __init__(self, scores: list[list[float]]) -> None:
        super().__init__()
        self.scores = torch.tensor([scores])
        self.lm_head = torch.nn.Identity()
        self.config = SimpleNamespace(vocab_size=2)

    def model(self, **inputs: object) -> SimpleNamespace:
        return SimpleNamespace(last_hidden_state=self.scores)


def loss_of(scores: list[list[float]], labels: list[int], smoothing: float, weight: float = 1.0) -> float:
    filler = torch.zeros(1, len(labels), dtype=torch.long)
    batch = {"input_ids": filler, "attention_mask": filler, "decoder_input_ids": filler}
    batch |= {"labels": torch.tensor([labels]), "weights": torch.tensor([weight])}
    batch["learnt"] = torch.tensor(sum(label != IGNORED for label in labels))
    return float(translation_loss(Fixed(scores), batch, smoothing))


# Two sub-words. Scores (0, ln 3) are probabilities 1/4, 3/4; scores (0, 0) are 1/2, 1/2.
SCORES = [[0.0, math.log(3)], [0.0, 0.0]]


def test_the_smoothed_loss_of_two_subwords_by_hand() -> None:
    # e = .2, V = 2. First, y = 1: -.8 ln 3/4 - .1 (ln 1/4 + ln 3/4). Second: -ln 1/2 whatever y and e. Then the mean.
    first = -0.8 * math.log(3 / 4) - 0.1 * (math.log(1 / 4) + math.log(3 / 4))
    assert loss_of(SCORES, [1, 0], 0.2) == pytest.approx((first + math.log(2)) / 2)


def test_without_smoothing_it_is_the_cross_entropy() -> None:
    assert loss_of(SCORES, [1, 0], 0.0) == pytest.approx((-math.log(3 / 4) + math.log(2)) / 2)


def test_padding_and_the_language_are_not_scored() -> None:
    padded = [[5.0, 5.0], *SCORES, [9.0, -9.0]]
    assert loss_of(padded, [IGNORED, 1, 0, IGNORED], 0.2) == pytest.approx(loss_of(SCORES, [1, 0], 0.2))


def test_a_rows_weight_multiplies_its_loss() -> None:
    assert loss_of(SCORES, [1, 0], 0.1, weight=2.5) == pytest.approx(2.5 * loss_of(SCORES, [1, 0], 0.1))


def batch_of(model: torch.nn.Module, rows: Rows) -> dict[str, torch.Tensor]:
    batch = make_collate(rows, 1)(np.arange(len(rows.source)), torch.Generator())
    return {**batch, "learnt": torch.tensor(sum(len(ids) - 1 for ids in rows.target))}


@pytest.mark.parametrize("subwords_at_a_time", [1, 7, 1000])
def test_scores_computed_in_parts_give_the_same_loss_and_gradients(subwords_at_a_time: int) -> None:
    rows = some_rows()
    rows.weights[:] = np.linspace(0.5, 2, len(rows.weights))
    found = []
    for most in (2**26, 138 * subwords_at_a_time):
        model = make_model(TINY, 30).double().eval()
        loss = translation_loss(model, batch_of(model, rows), 0.1, most)
        loss.backward()
        found.append((loss.detach(), {name: p.grad for name, p in model.named_parameters() if p.grad is not None}))
    (whole, gradients), (parts, others) = found
    torch.testing.assert_close(parts, whole)
    assert gradients.keys() == others.keys() and len(gradients) > 10
    for name, gradient in gradients.items():
        torch.testing.assert_close(others[name], gradient, msg=name)


def test_no_more_scores_are_there_at_once_than_are_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    model = make_model(TINY, 30)
    sizes: list[int] = []
    model.lm_head.register_forward_hook(lambda module, args, scores: sizes.append(scores.numel()))
    rows = some_rows()
    translation_loss(model, batch_of(model, rows), 0.1, 138 * 7).backward()
    assert max(sizes) == 138 * 7
    learnt = sum(len(ids) - 1 for ids in rows.target)
    assert sum(sizes) == 2 * 138 * learnt  # Once forward, once again for the gradient.


def some_rows() -> Rows:
    noise = np.random.default_rng(0)
    sides = [[np.array([20, *noise.integers(4, 20, 5), 2], dtype=np.int32) for _ in range(12)] for _ in range(2)]
    return Rows(sides[0], sides[1], np.ones(12, dtype=np.float32), np.zeros(12, dtype=bool))


def weights_of(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def test_two_trainings_give_the_same_bits_and_so_does_one_that_was_stopped(tmp_path: Path) -> None:
    one, other, stopped, resumed = (make_model(TINY, 30) for _ in range(4))
    fit(one, some_rows(), TINY, device="cpu")
    fit(other, some_rows(), TINY, device="cpu")
    checkpoints = Checkpoints(tmp_path, updates=1)

    class Stopped(Exception):
        pass

    updates = 0

    def stop(advance: int, standing: object) -> None:
        nonlocal updates
        updates += advance
        if updates == 3:
            raise Stopped

    with pytest.raises(Stopped):
        fit(stopped, some_rows(), TINY, device="cpu", checkpoints=checkpoints, progress=stop)
    history = fit(resumed, some_rows(), TINY, device="cpu", checkpoints=checkpoints)
    assert history.resumed_at == 2
    expected = weights_of(one)
    for model in other, resumed:
        assert all(torch.equal(tensor, expected[name]) for name, tensor in weights_of(model).items())


def test_a_small_translator_learns_to_copy_its_pairs_by_heart() -> None:
    config = TINY.model_copy(update={"epochs": 60, "learning_rate": 0.01, "dropout": 0.0, "label_smoothing": 0.0})
    history = fit(make_model(config, 30), some_rows(), config, device="cpu")
    assert history.losses[-1] < 0.2 * history.losses[0]


def test_embeddings_are_shared_with_the_scores() -> None:
    model = make_model(TINY, 30)
    assert model.lm_head.weight is model.model.shared.weight is model.model.decoder.embed_tokens.weight
    assert model.config.vocab_size == 138


def test_dropout_is_set_everywhere() -> None:
    model = make_model(TINY, 30)
    set_dropout(model, 0.0)
    model.train()
    ids = torch.tensor([[5, 6, 2]])
    both = [model(input_ids=ids, decoder_input_ids=ids).logits for _ in range(2)]
    assert torch.equal(*both)


def marked_pairs(put_table: PUT, source: str = "en", target: str = "de") -> Reference:
    rows = [
        ("Ada lives in Zurich.", "Ada wohnt in Zürich.", 0),
        ("__SLOT0__ Ada __SLOT0__ lives in Zurich.", "__SLOT0__ Ada __SLOT0__ wohnt in Zürich.", 1),
        ("Bob sees it.", "Bob sieht es.", 0),
        ("Bob " * 200, "Bob " * 200, 0),
    ] * 3
    columns = dict(zip(("source", "target", "spans"), map(list, zip(*rows, strict=True)), strict=True))
    metadata = {"source_language": source, "target_language": target, "pairs_by_spans": [9, 3]}
    return put_table(MARKED_PAIRS, {"pair_id": list(range(12)), **columns}, metadata)


def test_the_step_makes_a_translator_that_transformers_loads(store: Store, put_table: PUT) -> None:
    made = run_alone(store, train_translator, (marked_pairs(put_table),), None, TINY)
    folder = store.folder(made)
    model = M2M100ForConditionalGeneration.from_pretrained(folder)
    tokenizer = M2M100Tokenizer.from_pretrained(folder, src_lang="en")
    batch = tokenizer(["__SLOT0__ Ada __SLOT0__ lives."], return_tensors="pt")
    with torch.inference_mode():
        output = model.generate(**batch, forced_bos_token_id=tokenizer.get_lang_id("de"), max_new_tokens=4)
    assert output[0, 1] == tokenizer.get_lang_id("de")
    notes = store.require(made).notes
    assert notes["pairs_too_long"] == 3 and len(notes["losses"]) == 2
    assert store.metadata(made)["languages"] == ["de", "en"]


def test_the_step_gives_the_same_bytes_twice(store: Store, put_table: PUT, tmp_path: Path) -> None:
    pairs = marked_pairs(put_table)
    one = run_alone(store, train_translator, (pairs,), None, TINY)
    other = Store(tmp_path / "other")
    with other.writing(MARKED_PAIRS, pairs.key, store.require(pairs).recipe) as writer:
        writer.write(store.table(pairs), store.metadata(pairs))
    assert writer.reference is not None
    two = run_alone(other, train_translator, (writer.reference,), None, TINY)
    assert two.digest == one.digest


def test_a_translator_is_trained_on_from_another(store: Store, put_table: PUT) -> None:
    pairs = marked_pairs(put_table)
    start = run_alone(store, train_translator, (pairs,), None, TINY)
    config = TINY.model_copy(update={"epochs": 1, "both_directions": True})
    made = run_alone(store, train_translator, (pairs,), start, config)
    before, after = store.folder(start), store.folder(made)
    assert json.loads((after / "vocab.json").read_text()) == json.loads((before / "vocab.json").read_text())
    for name in ("config.json", "tokenizer_config.json"):
        assert str(store.root) not in (after / name).read_text()
    assert (after / "sentencepiece.bpe.model").read_bytes() == (before / "sentencepiece.bpe.model").read_bytes()
    assert made.digest != start.digest and store.require(made).notes["pairs"] == 18


def test_a_translator_says_which_markers_it_has_learnt(
    store: Store, put_table: PUT, put_model: Callable[..., Reference], tmp_path: Path
) -> None:
    marked = marked_pairs(put_table)
    rows = store.table(marked).filter(pc.field("spans") == 0).to_pydict()
    about = {"source_language": "en", "target_language": "de", "pairs_by_spans": [9]}
    plain = put_table(MARKED_PAIRS, rows, about)

    def trained(pairs: Reference, start: Reference | None = None) -> Reference:
        return run_alone(store, train_translator, (pairs,), start, TINY)

    def markers(made: Reference) -> tuple[str, ...] | None:
        return read_card(store.folder(made)).markers

    first = trained(marked)
    assert markers(first) == ("slot",) and markers(trained(plain)) == ()
    assert markers(trained(plain, first)) == ("slot",)
    # Of a checkpoint that came from elsewhere nobody knows.
    own = shutil.ignore_patterns(CARD_FILE, "manifest.json", "ref.json")
    foreign = shutil.copytree(store.folder(first), tmp_path / "foreign", ignore=own)
    assert markers(trained(plain, put_model(TRANSLATOR, foreign))) is None


def test_heads_must_divide_the_width() -> None:
    with pytest.raises(ValueError, match="not a multiple"):
        TranslatorTraining(hidden_size=30, heads=4)
