"""A translator minimises Eq. 4 to 6 of CROP over the pairs it is given, in the directions that are asked for.

As in the trainings of taggers: a rate of next to nothing leaves the start as it was, so that the loss noted of the only
update is the equation's value of that start, which a plain M2M100 gives, sentence by sentence.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch.nn.functional import cross_entropy
from transformers import M2M100Config, M2M100ForConditionalGeneration, M2M100Tokenizer

from artifacts.catalog import MARKED_PAIRS, TRANSLATOR
from artifacts.reference import Reference
from artifacts.step import run_alone
from artifacts.store import Store
from tasks.translation.machine.train_translator import TranslatorTraining, train_translator

STILL = {"epochs": 1, "learning_rate": 1e-12, "dropout": 0.0, "subwords_per_batch": 10_000, "label_smoothing": 0.0,
         "alpha": None}  # fmt: skip
FRESH = {"vocabulary_size": 320, "encoder_layers": 1, "decoder_layers": 1, "hidden_size": 16, "heads": 2,
         "intermediate_size": 32}  # fmt: skip
Put = Callable[..., Reference]
Pair = tuple[str, str, str, str]
"""Source, target, and the languages of the two."""

# Plain pairs first. In the last, markers stand in another order in the target.
GERMAN = [
    ("Ada lives in Paris", "Ada lebt in Paris"),
    ("Anna", "Anna Anna"),
    ("__SLOT0__ Ada __SLOT0__ in Berlin", "in Berlin __SLOT0__ Ada __SLOT0__"),
    ("__SLOT0__ Ada __SLOT0__ in __SLOT1__ Paris __SLOT1__", "in __SLOT1__ Paris __SLOT1__ __SLOT0__ Ada __SLOT0__"),
]
# Only a target has the letter z.
DUTCH = [("Bob in Berlin", "Bob zit"), ("__SLOT0__ Bob __SLOT0__", "__SLOT0__ Bob __SLOT0__ zit")]
# By hand: source and target exchanged, the languages too, and markers numbered by the new source.
TURNED = [
    ("Ada lebt in Paris", "Ada lives in Paris"),
    ("Anna Anna", "Anna"),
    ("in Berlin __SLOT0__ Ada __SLOT0__", "__SLOT0__ Ada __SLOT0__ in Berlin"),
    ("in __SLOT0__ Paris __SLOT0__ __SLOT1__ Ada __SLOT1__", "__SLOT1__ Ada __SLOT1__ in __SLOT0__ Paris __SLOT0__"),
]


def named(pairs: Sequence[tuple[str, str]], source: str, target: str) -> list[Pair]:
    return [(*pair, source, target) for pair in pairs]


@pytest.fixture
def pairs(put_table: Put) -> tuple[Reference, Reference]:
    """Pairs of two target languages."""
    found = []
    for target, texts in (("de", GERMAN), ("nl", DUTCH)):
        columns = {"pair_id": list(range(len(texts))), "source": [a for a, _ in texts], "target": [b for _, b in texts]}
        spans = [text.count("__SLOT") // 2 for text, _ in texts]
        metadata = {"source_language": "en", "target_language": target, "pairs_by_spans": []}
        found.append(put_table(MARKED_PAIRS, {**columns, "spans": spans}, metadata))
    return found[0], found[1]


@pytest.fixture
def start(put_model: Put, tiny_translator: Path) -> Reference:
    return put_model(TRANSLATOR, tiny_translator)


def losses(folder: Path, pairs: Sequence[Pair], smoothing: float = 0.0) -> torch.Tensor:
    """-log p of every sub-word of the targets, </s> included, one pair after another; the language is given."""
    model = M2M100ForConditionalGeneration.from_pretrained(folder, dtype=torch.float32).eval()
    tokenizer = M2M100Tokenizer.from_pretrained(folder)
    found = []
    for source, target, source_language, target_language in pairs:
        tokenizer.src_lang, tokenizer.tgt_lang = source_language, target_language
        encoded = tokenizer(source, text_target=target, return_tensors="pt")
        with torch.inference_mode():
            scores = model(**encoded).logits[0, 1:].double()
        found.append(cross_entropy(scores, encoded["labels"][0, 1:], reduction="none", label_smoothing=smoothing))
    return torch.cat(found)


def noted(store: Store, trained: Reference) -> list[float]:
    found: list[float] = store.require(trained).notes["losses"]
    return found


FORWARD = [*named(GERMAN, "en", "de"), *named(DUTCH, "en", "nl")]
BACKWARD = [*named(TURNED, "de", "en"), *named([(b, a) for a, b in DUTCH], "nl", "en")]


@pytest.mark.parametrize("smoothing", [0.0, 0.3])
@pytest.mark.parametrize("both", [False, True])
def test_every_subword_of_all_pairs_counts_alike(
    store: Store, pairs: tuple[Reference, ...], start: Reference, both: bool, smoothing: float
) -> None:
    config = TranslatorTraining(**{**STILL, "both_directions": both, "label_smoothing": smoothing})
    trained = run_alone(store, train_translator, pairs, start, config)
    expected = losses(store.folder(start), [*FORWARD, *BACKWARD] if both else FORWARD, smoothing)
    assert noted(store, trained) == [pytest.approx(float(expected.mean()))]
    notes = store.require(trained).notes
    assert (notes["updates"], notes["pairs"], notes["pairs_too_long"]) == (1, 12 if both else 6, 0)
    assert store.metadata(trained)["languages"] == ["de", "en", "nl"]


def test_alpha_weighs_plain_pairs_against_marked_ones(
    store: Store, pairs: tuple[Reference, ...], start: Reference
) -> None:
    # Eq. 6: L = alpha L_t + (1 - alpha) L_lst, each a mean over the sub-words of its own pairs.
    trained = run_alone(store, train_translator, pairs, start, TranslatorTraining(**{**STILL, "alpha": 0.3}))
    plain, marked = (
        losses(store.folder(start), [pair for pair in FORWARD if ("SLOT" in pair[0]) == with_markers])
        for with_markers in (False, True)
    )
    assert noted(store, trained) == [pytest.approx(0.3 * float(plain.mean()) + 0.7 * float(marked.mean()))]
    assert store.require(trained).notes["plain_subwords_share"] == pytest.approx(
        len(plain) / (len(plain) + len(marked))
    )


def test_several_passes_make_one_update_of_all_their_subwords(
    store: Store, pairs: tuple[Reference, ...], start: Reference
) -> None:
    # Each pair is a pass of its own; the mean is over the sub-words of the update, not over its passes.
    config = TranslatorTraining(**{**STILL, "subwords_per_batch": 16, "passes_per_update": 6})
    trained = run_alone(store, train_translator, pairs, start, config)
    assert store.require(trained).notes["updates"] == 1
    assert noted(store, trained) == [pytest.approx(float(losses(store.folder(start), FORWARD).mean()))]
    # Two updates, of four passes and of two: 6 pairs in all.
    config = TranslatorTraining(**{**STILL, "subwords_per_batch": 16, "passes_per_update": 4})
    assert store.require(run_alone(store, train_translator, pairs, start, config)).notes["updates"] == 2


def test_pairs_of_languages_come_as_often_as_the_temperature_says(
    store: Store, pairs: tuple[Reference, ...], start: Reference
) -> None:
    # German has 4 pairs, Dutch 2. T so great that both get 3: of the Dutch ones one comes twice.
    config = TranslatorTraining(**{**STILL, "sampling_temperature": 1e9})
    trained = run_alone(store, train_translator, pairs, start, config)
    assert store.require(trained).notes["pairs"] == 6
    folder = store.folder(start)
    of_each = [losses(folder, [pair]) for pair in FORWARD]
    possible = [
        float(torch.cat([*(of_each[i] for i in range(4) if i != without), *of_each[4:], of_each[twice]]).mean())
        for without in range(4)
        for twice in (4, 5)
    ]
    assert any(noted(store, trained)[0] == pytest.approx(one) for one in possible)


def test_pairs_that_are_too_long_are_left_out_and_counted(
    store: Store, pairs: tuple[Reference, ...], start: Reference
) -> None:
    tokenizer = M2M100Tokenizer.from_pretrained(store.folder(start))
    longest = [max(len(tokenizer.tokenize(side)) for side in pair[:2]) + 2 for pair in FORWARD]
    limit = sorted(longest)[3]
    kept = [pair for pair, length in zip(FORWARD, longest, strict=True) if length <= limit]
    trained = run_alone(store, train_translator, pairs, start, TranslatorTraining(**STILL, max_length_subwords=limit))
    assert noted(store, trained) == [pytest.approx(float(losses(store.folder(start), kept).mean()))]
    notes = store.require(trained).notes
    assert (notes["pairs"], notes["pairs_too_long"]) == (len(kept), 6 - len(kept))
    sorts = [[pair for pair in some if ("SLOT" in pair[0]) == marked] for some in (kept, FORWARD) for marked in (0, 1)]
    plain, marked, all_plain, all_marked = map(len, sorts)
    assert marked < all_marked
    assert store.metadata(trained)["pairs"] == {"plain": plain, "marked": marked}
    assert store.metadata(trained)["left_out"] == {
        "plain_too_long": all_plain - plain,
        "marked_too_long": all_marked - marked,
    }


def test_a_training_from_a_translator_begins_with_its_weights(
    store: Store, pairs: tuple[Reference, ...], start: Reference
) -> None:
    trained = run_alone(store, train_translator, pairs, start, TranslatorTraining(**STILL))
    before, after = (load_file(store.folder(model) / "model.safetensors") for model in (start, trained))
    torch.testing.assert_close(after, before)


def test_a_training_from_nothing_begins_with_weights_that_the_seed_decides(
    store: Store, pairs: tuple[Reference, ...]
) -> None:
    def trained(seed: int) -> Reference:
        return run_alone(store, train_translator, pairs, None, TranslatorTraining(**STILL, **FRESH, seed=seed))

    one, other = trained(1), trained(2)
    for made in (one, other):
        # Its own sub-words were learnt from both sides of both languages: no letter is written in bytes.
        pieces = json.loads((store.folder(made) / "vocab.json").read_text(encoding="utf-8"))
        letters = {letter for piece in pieces if not piece.startswith("<") for letter in piece}
        assert {letter for pair in FORWARD for side in pair[:2] for letter in side} <= letters | {" "}
    weights = [load_file(store.folder(made) / "model.safetensors") for made in (one, other)]
    assert not torch.allclose(*(each["model.encoder.layers.0.fc1.weight"] for each in weights))


def test_dropout_is_that_of_the_settings(store: Store, pairs: tuple[Reference, ...], start: Reference) -> None:
    settings: dict[str, Any] = {**STILL, **FRESH, "dropout": 0.5}
    for begun in (start, None):
        trained = run_alone(store, train_translator, pairs, begun, TranslatorTraining(**settings))
        assert noted(store, trained) != [pytest.approx(float(losses(store.folder(trained), FORWARD).mean()), rel=1e-4)]
    shape = M2M100Config.from_pretrained(store.folder(trained))
    assert (shape.dropout, shape.attention_dropout, shape.encoder_layerdrop, shape.decoder_layerdrop) == (
        0.5,
        0.5,
        0,
        0,
    )
