"""What pretraining hides and predicts (BERT; TLM over pairs), and that the step takes all text that it is given."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch.nn.functional import cross_entropy
from transformers import AutoTokenizer

from artifacts.catalog import LABELLED, PARALLEL, SENTENCES
from artifacts.reference import Reference
from artifacts.step import run_alone
from artifacts.store import Store
from tasks.encoding.masking import CLS, MASK, PAD, SEP, SPECIAL_PIECES, Examples, assemble
from tasks.encoding.pretrain import (
    Pretraining,
    make_collate,
    make_encoder,
    make_examples,
    masked_loss,
    pretrain,
    pretrain_encoder,
)
from tasks.encoding.vocabulary import train_wordpiece

SMALL = Pretraining(
    epochs=2, vocabulary_size=120, layers=1, hidden_size=16, heads=2, intermediate_size=32, max_length_subwords=32,
    subwords_per_batch=64, dropout=0.0,
)  # fmt: skip
PIECES = 50
CONTINUES = torch.arange(PIECES) >= 30
# Two sentences, then two pairs; pieces 30 to 49 go on with the word before them.
EXAMPLES = Examples(
    [np.array(ids) for ids in ([10, 30, 11, 31, 32], [12, 13, 14], [15, 33, 16], [17, 18])],
    [np.array(ids, dtype=np.int64) for ids in ([], [], [20, 34, 21, 22], [23])],
)
ROWS = np.array([3, 1, 2, 0])
Put = Callable[..., Reference]


def batch_of(seed: int, **settings: object) -> dict[str, torch.Tensor]:
    collate = make_collate(EXAMPLES, CONTINUES, SMALL.model_copy(update=settings))
    return collate(ROWS, torch.Generator().manual_seed(seed))


def original(batch: dict[str, torch.Tensor]) -> torch.Tensor:
    """The batch's pieces before any was hidden."""
    ids = batch["input_ids"].flatten().clone()
    ids[batch["masked_at"]] = batch["targets"]
    return ids.view_as(batch["input_ids"])


def is_masked(batch: dict[str, torch.Tensor]) -> torch.Tensor:
    masked = torch.zeros(batch["input_ids"].numel(), dtype=torch.bool)
    masked[batch["masked_at"]] = True
    return masked.view_as(batch["input_ids"])


@pytest.mark.parametrize("seed", range(20))
def test_what_is_predicted_are_the_pieces_that_were_hidden(seed: int) -> None:
    batch = batch_of(seed, masked_fraction=0.5, pair_masked_fraction=0.5)
    either = [assemble(EXAMPLES, ROWS, np.full(4, swapped))["input_ids"].tolist() for swapped in (False, True)]
    for row, ids in enumerate(original(batch).tolist()):
        assert ids in (either[0][row], either[1][row])
    hidden = batch["input_ids"].flatten()[batch["masked_at"]]
    assert ((hidden == MASK) | (hidden >= SPECIAL_PIECES)).all()


def test_sentences_and_pairs_are_hidden_by_shares_of_their_own() -> None:
    # A share of nearly 0 leaves the one piece that every row hides, a share of nearly 1 leaves none to be seen.
    for seed in range(10):
        for of_sentences, of_pairs in ((1e-9, 1 - 1e-9), (1 - 1e-9, 1e-9)):
            batch = batch_of(seed, masked_fraction=of_sentences, pair_masked_fraction=of_pairs)
            real = (original(batch) >= SPECIAL_PIECES).sum(dim=1).tolist()
            hidden = is_masked(batch).sum(dim=1).tolist()
            nearly_all = of_pairs > 0.5
            assert hidden == [real[0] if nearly_all else 1, 1 if nearly_all else real[1],
                              real[2] if nearly_all else 1, 1 if nearly_all else real[3]]  # fmt: skip


def test_words_are_hidden_whole_only_if_they_are_to_be() -> None:
    def halves(whole: bool) -> int:
        """Words of which one piece is hidden and another is not, in 50 batches."""
        found = 0
        for seed in range(50):
            batch = batch_of(seed, whole_words=whole, masked_fraction=0.5, pair_masked_fraction=0.5)
            ids, masked = original(batch), is_masked(batch)
            inside = CONTINUES[ids]
            found += int((inside[:, 1:] & (masked[:, 1:] != masked[:, :-1])).sum())
        return found

    assert halves(True) == 0 < halves(False)


def test_either_side_of_a_pair_comes_first_about_as_often() -> None:
    firsts = [original(batch_of(seed))[2, 1].item() for seed in range(400)]
    assert set(firsts) == {15, 20}
    assert firsts.count(15) / 400 == pytest.approx(0.5, abs=0.1)


def test_noise_comes_from_the_generator_alone() -> None:
    for name, tensor in batch_of(1).items():
        assert torch.equal(tensor, batch_of(1)[name])
    assert any(not torch.equal(batch_of(1)["input_ids"], batch_of(seed)["input_ids"]) for seed in range(2, 6))


def test_the_loss_is_the_cross_entropy_of_a_plain_masked_language_model() -> None:
    model = make_encoder(SMALL, PIECES).eval()
    batch = batch_of(3, masked_fraction=0.5, pair_masked_fraction=0.5)
    assert batch["position_ids"].max() < batch["input_ids"].shape[1] - 1  # positions start again in pairs
    inputs = {name: batch[name] for name in ("input_ids", "attention_mask", "position_ids")}
    with torch.inference_mode():
        scores = model(**inputs).logits
        expected = cross_entropy(scores[is_masked(batch)], original(batch)[is_masked(batch)])
        assert float(masked_loss(model, batch)) == pytest.approx(float(expected))


def test_an_example_for_every_line_and_side_and_as_many_pairs_as_are_asked_for() -> None:
    lines, pairs = ["a b", "b"], [("a", "b b b"), ("b a", "a")]
    tokenizer = train_wordpiece([*lines, "a b"], 64)
    a, b = tokenizer.token_to_id("a"), tokenizer.token_to_id("b")
    made = make_examples(tokenizer, lines, pairs, SMALL.model_copy(update={"pair_repeats": 2}))
    sides = [([a], [b, b, b]), ([b, a], [a])]
    alone = [[a, b], [b], [a], [b, b, b], [b, a], [a]]
    found = [(first.tolist(), second.tolist()) for first, second in zip(made.first, made.second, strict=True)]
    assert found == [*((ids, []) for ids in alone), *sides, *sides]


def test_a_long_line_is_cut_into_several_and_a_long_side_is_cut_off() -> None:
    lines, pairs = ["a b b a a b b"], [("a b b a", "b")]
    tokenizer = train_wordpiece(lines, 64)
    a, b = tokenizer.token_to_id("a"), tokenizer.token_to_id("b")
    made = make_examples(tokenizer, lines, pairs, SMALL.model_copy(update={"max_length_subwords": 5}))
    found = [(first.tolist(), second.tolist()) for first, second in zip(made.first, made.second, strict=True)]
    alone = [[a, b, b], [a, a, b], [b], [a, b, b], [a], [b]]
    assert found == [*((ids, []) for ids in alone), ([a, b, b], [b])]


def test_a_batch_in_which_nothing_can_be_hidden_has_no_loss() -> None:
    unknown = Examples([np.array([1]), np.array([1, 1])], [np.array([], dtype=np.int64)] * 2)
    batch = make_collate(unknown, CONTINUES, SMALL)(np.array([0, 1]), torch.Generator().manual_seed(0))
    model = make_encoder(SMALL, PIECES)
    loss = masked_loss(model, batch)
    loss.backward()
    assert loss.item() == 0
    assert all(not weight.grad.any() for weight in model.parameters() if weight.grad is not None)


def test_pretraining_minimises_that_loss() -> None:
    # One update that changes nothing: the loss of the batch that the loop makes of the first epoch's rows.
    from tasks.training.batching import length_batches
    from tasks.training.seeding import collation_generator

    lines, pairs = ["Anna lives in Berlin ."] * 3, [("Ford builds cars .", "Ford baut Autos .")] * 3
    tokenizer = train_wordpiece([*lines, *(side for pair in pairs for side in pair)], 100)
    still = SMALL.model_copy(update={"epochs": 1, "learning_rate": 1e-12, "subwords_per_batch": 10_000, "seed": 5})
    examples = make_examples(tokenizer, lines, pairs, still)
    model, history = pretrain(tokenizer, examples, still, device="cpu")
    continues = torch.tensor([tokenizer.id_to_token(i).startswith("##") for i in range(tokenizer.get_vocab_size())])
    (rows,) = length_batches(examples.lengths(), 10_000, 5, 0)
    batch = make_collate(examples, continues, still)(rows, collation_generator(5, 0, 0))
    with torch.inference_mode():
        assert history.losses == [pytest.approx(float(masked_loss(model, batch)))]


# --- The step.


@pytest.fixture
def given(put_table: Put) -> tuple[tuple[Reference, ...], tuple[Reference, ...]]:
    """Two texts, one of them with labels, and two parallel texts; each side has a letter of its own."""
    one = {"sentence_id": [0, 1], "words": [["qa", "b"], ["qa", "qa", "b"]], "tags": [["O"] * 2, ["O"] * 3]}
    two = {"sentence_id": [0, 1], "words": [["ra"], ["ra", "b", "ra"]]}
    texts = (
        put_table(LABELLED, one, {"language": "en", "labels": ["O"]}),
        put_table(SENTENCES, two, {"language": "de"}),
    )
    parallel = tuple(
        put_table(
            PARALLEL,
            {"pair_id": [0, 1], "source": [a, a], "target": [b, b]},
            {"source_language": a[:1], "target_language": b[:1]},
        )
        for a, b in (("sa b", "ta b ta ta"), ("ua", "va va b"))
    )
    return texts, parallel


@pytest.mark.parametrize("repeats", [0, 1, 3])
def test_the_step_learns_from_all_texts_and_both_sides_of_all_pairs(
    store: Store, given: tuple[tuple[Reference, ...], tuple[Reference, ...]], repeats: int
) -> None:
    made = run_alone(store, pretrain_encoder, *given, SMALL.model_copy(update={"pair_repeats": repeats}))
    tokenizer = AutoTokenizer.from_pretrained(store.folder(made))
    texts = ["qa b", "qa qa b", "ra", "ra b ra"]
    pairs = [("sa b", "ta b ta ta")] * 2 + [("ua", "va va b")] * 2
    for text in (*texts, *(side for pair in pairs for side in pair)):
        assert tokenizer.unk_token not in tokenizer.tokenize(text)

    def pieces(text: str) -> int:
        return len(tokenizer.tokenize(text))

    alone = sum(pieces(text) + 2 for text in (*texts, *(side for pair in pairs for side in pair)))
    paired = sum(pieces(a) + pieces(b) + 3 for a, b in pairs)
    notes = store.require(made).notes
    assert notes["examples"] == 4 + 8 + 4 * repeats
    assert notes["subwords"] == 2 * (alone + repeats * paired)
    assert len(notes["losses"]) == 2 and notes["updates"] >= 2


def test_the_step_needs_no_pairs_and_its_seed_decides_the_weights(
    store: Store, given: tuple[tuple[Reference, ...], tuple[Reference, ...]]
) -> None:
    still = {"epochs": 1, "learning_rate": 1e-12}
    weights = []
    for seed in (1, 2):
        made = run_alone(store, pretrain_encoder, given[0], (), SMALL.model_copy(update={**still, "seed": seed}))
        assert store.require(made).notes["examples"] == 4
        weights.append(load_file(store.folder(made) / "model.safetensors"))
    name = "bert.encoder.layer.0.output.dense.weight"
    assert not torch.allclose(weights[0][name], weights[1][name])


def test_the_step_makes_an_encoder_of_the_shape_that_was_asked_for(
    store: Store, given: tuple[tuple[Reference, ...], tuple[Reference, ...]], tmp_path: Path
) -> None:
    from transformers import AutoConfig

    made = run_alone(store, pretrain_encoder, *given, SMALL.model_copy(update={"layers": 2, "dropout": 0.3}))
    config = AutoConfig.from_pretrained(store.folder(made))
    shape = (config.num_hidden_layers, config.hidden_size, config.num_attention_heads, config.intermediate_size)
    assert shape == (2, 16, 2, 32)
    assert (config.hidden_dropout_prob, config.attention_probs_dropout_prob) == (0.3, 0.3)
    tokenizer = AutoTokenizer.from_pretrained(store.folder(made))
    special = [tokenizer.pad_token_id, tokenizer.cls_token_id, tokenizer.sep_token_id, tokenizer.mask_token_id]
    assert special == [PAD, CLS, SEP, MASK] and tokenizer.model_max_length == config.max_position_embeddings == 32


@pytest.mark.parametrize(
    ("splitter", "words"),
    [("characters", list("กขคงจฉชซ") * 15), ("", list("กขคงจฉชซ") * 15), ("newmm", ["กขคง", "จฉชซ"] * 15)],
)
def test_sides_without_spaces_are_split_as_the_sentences_are(
    store: Store, put_table: Put, monkeypatch: pytest.MonkeyPatch, splitter: str, words: list[str]
) -> None:
    """A side of over 100 characters would be one word, and one unknown piece."""

    def in_fours(line: str) -> list[str]:
        return [line[i : i + 4] for i in range(0, len(line), 4)]

    seen: list[str] = []
    monkeypatch.setattr("tasks.corpus.text.load_segmenter", lambda name, language: in_fours)
    monkeypatch.setattr(
        "tasks.encoding.pretrain.train_wordpiece",
        lambda lines, size: seen.extend(lines) or train_wordpiece(lines, size),
    )
    side, settings = "กขคงจฉชซ" * 15, SMALL.model_copy(update={"subwords_per_batch": 16})
    texts = (
        put_table(
            LABELLED,
            {"sentence_id": [0], "words": [["a", "b"]], "tags": [["O"] * 2]},
            {"language": "en", "labels": ["O"]},
        ),
        put_table(
            SENTENCES, {"sentence_id": [0], "words": [["กขคง", "จฉชซ"]]}, {"language": "th-TH", "splitter": splitter}
        ),
    )
    pairs = put_table(
        PARALLEL,
        {"pair_id": [0, 1], "source": ["a b", "ab  a"], "target": [side, side]},
        {"source_language": "en", "target_language": "th"},
    )
    made = run_alone(store, pretrain_encoder, texts, (pairs,), settings)
    joined = " ".join(words)
    assert seen == ["a b", "กขคง จฉชซ", "a b", joined, "ab  a", joined]
    assert all(np.isfinite(store.require(made).notes["losses"]))
