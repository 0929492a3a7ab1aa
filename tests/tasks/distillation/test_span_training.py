"""GLoDe's source model minimises Eq. 3, from the artifacts it is given to the losses that it notes; its labels.

As in tests/tasks/test_trainings_of_taggers.py: with a rate of next to nothing, the output says what the model said
before the first update. With a mask rate of next to 1 every sub-word is hidden, so that L_mlm can be written down.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from hidden_pieces import masked_loss
from pydantic import ValidationError
from transformers import AutoModelForMaskedLM

from artifacts.catalog import ENCODER, LABELLED, SENTENCES
from artifacts.errors import InputError
from artifacts.inputs import InputFolder
from artifacts.reference import Reference
from artifacts.show import preview
from artifacts.step import run_alone
from artifacts.store import Store
from tasks.distillation.hidden_text import MaskedText, hidden_shares, hide_subwords
from tasks.distillation.span_batches import SpanBatches, SpanText
from tasks.distillation.span_training import SpanTraining
from tasks.distillation.train_span_tagger import SpanShape, train_span_tagger
from tasks.encoding.load import import_encoder
from tasks.encoding.masked_head import load_masked
from tasks.encoding.masked_text import MaskedLanguageHead, masked_places
from tasks.evaluation.decode_spans import decode_spans
from tasks.tagging.decoding import Decoding
from tasks.tagging.label_spans import SpanLabelling, label_spans, without_overlaps
from tasks.tagging.predict import predict_words
from tasks.tagging.windows import WindowConfig, make_windows

LABELS = ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]
CLASSES = ["O", "LOC", "PER"]
WORDS = [["Anna", "Paris", "lives", "in", "abc", "Berlin", "."], ["Berlin"], [], ["in", "Anna"]]
TAGS = [["B-PER", "I-PER", "O", "B-LOC", "I-LOC", "I-LOC", "O"], ["B-LOC"], [], ["O", "B-PER"]]
TEXT = [["Paris", "lives"], ["abc"], ["Anna", "in", "Berlin", "in", "Paris"]]
WINDOWS = WindowConfig(max_length_subwords=16, overlap_subwords=4)
SHAPE = SpanShape(most_words=2)
STILL = {"epochs": 1, "learning_rate": 1e-12, "dropout": 0.0, "sentences_per_batch": 100, "warmup_fraction": 0.0}
Put = Callable[..., Reference]


@pytest.fixture
def encoder(put_model: Put, sharp_masked_encoder: Path) -> Reference:
    return put_model(ENCODER, sharp_masked_encoder)


@pytest.fixture
def labelled(put_table: Put) -> Reference:
    columns = {"sentence_id": [3, 4, 5, 9], "words": WORDS, "tags": TAGS}
    return put_table(LABELLED, columns, {"language": "en", "labels": LABELS})


@pytest.fixture
def text(put_table: Put) -> Reference:
    return put_table(SENTENCES, {"sentence_id": [0, 1, 2], "words": TEXT}, {"language": "de"})


def source_loss(store: Store, tagger: Reference, labelled: Reference, each_span: bool) -> float:
    """Eq. 1 over what the tagger says of every span of up to two words; PER is 0-1, LOC none (three words), ..."""
    table = store.table(run_alone(store, label_spans, tagger, labelled, SpanLabelling(), WINDOWS)).to_pylist()
    entities = {(3, 0, 2): 2, (4, 0, 1): 1, (9, 1, 2): 2}
    losses: dict[int, list[float]] = {}
    for row in table:
        label = entities.get((row["sentence_id"], row["start"], row["end"]), 0)
        losses.setdefault(row["sentence_id"], []).append(-float(np.log(row["probabilities"][label])))
    assert [len(each) for each in losses.values()] == [13, 1, 3]
    flat = [value for each in losses.values() for value in each]
    return float(np.mean(flat if each_span else [np.mean(each) for each in losses.values()]))


@pytest.mark.parametrize("mean", ["sentence", "word"])
@pytest.mark.parametrize("omega", [0.0, 0.7])
def test_the_source_model_minimises_eq_3(
    store: Store,
    labelled: Reference,
    text: Reference,
    encoder: Reference,
    sharp_masked_encoder: Path,
    mean: str,
    omega: float,
) -> None:
    config = SpanTraining(**STILL, loss_mean=mean, mask_rate=1 - 1e-9, mlm_weight=omega)
    tagger = run_alone(store, train_span_tagger, labelled, text, encoder, SHAPE, config, WINDOWS)
    # 3 sentences with words and 3 windows of text: each pair has its own.
    l_mlm = masked_loss(sharp_masked_encoder, TEXT, mean == "word")
    expected = source_loss(store, tagger, labelled, mean == "word") + omega * l_mlm
    notes = store.require(tagger).notes
    assert notes["losses"] == [pytest.approx(expected, rel=1e-4)]
    assert (notes["entities"], notes["entities_too_long"], notes["entities_across_windows"]) == (4, 1, 0)
    assert notes.get("masked_language_head") == ("pretrained" if omega else None)


def test_without_a_text_the_source_is_learnt_alone(store: Store, labelled: Reference, encoder: Reference) -> None:
    config = SpanTraining(**STILL)
    tagger = run_alone(store, train_span_tagger, labelled, None, encoder, SHAPE, config, WINDOWS)
    assert store.require(tagger).notes["losses"] == [
        pytest.approx(source_loss(store, tagger, labelled, False), rel=1e-4)
    ]


def test_several_passes_of_an_update_have_one_loss(
    store: Store, labelled: Reference, text: Reference, encoder: Reference
) -> None:
    losses = []
    for budget in (1000, 16):
        for mean in ("sentence", "word"):
            config = SpanTraining(
                **STILL, mask_rate=1 - 1e-9, mlm_weight=0.7, subwords_per_batch=budget, loss_mean=mean
            )
            tagger = run_alone(store, train_span_tagger, labelled, text, encoder, SHAPE, config, WINDOWS)
            losses += store.require(tagger).notes["losses"]
    assert losses[:2] == pytest.approx(losses[2:], rel=1e-5)


def test_the_share_of_a_hidden_sub_word_by_hand(tokenizer: Any) -> None:
    # Windows of 2 and 6 sub-words: 1/|X'| each (Eq. 2). Where sub-words weigh the same, 0.25 * 4 = 1 is hidden of a
    # window on average, 0.25 * 6 = 1.5 if the longer one alone is hidden.
    windows = make_windows(tokenizer, [["in"] * 2, ["in"] * 6], 16, 4)
    assert hidden_shares(windows, 0.25, "sentence").tolist() == pytest.approx([1 / 2, 1 / 6])
    assert hidden_shares(windows, 0.25, "word").tolist() == pytest.approx([1, 1])
    assert hidden_shares(windows, 0.25, "word", np.array([False, True])).tolist() == pytest.approx([1 / 1.5] * 2)


def test_spans_weigh_the_same_in_all_updates_where_asked(store: Store, labelled: Reference, encoder: Reference) -> None:
    config = SpanTraining(**{**STILL, "sentences_per_batch": 1, "loss_mean": "word"})
    tagger = run_alone(store, train_span_tagger, labelled, None, encoder, SHAPE, config, WINDOWS)
    notes = store.require(tagger).notes
    assert notes["updates"] == 3
    assert notes["losses"] == [pytest.approx(source_loss(store, tagger, labelled, True), rel=1e-4)]


def test_hiding_some_sub_words_counts_them_against_all_of_their_window() -> None:
    ids = torch.arange(40_000).view(100, 400) % 10
    special = torch.zeros(10, dtype=torch.bool)
    special[[0, 3]] = True
    hidden = masked_places(ids, special, 0.25, torch.Generator().manual_seed(1))
    assert not hidden[special[ids]].any()
    assert hidden[~special[ids]].float().mean().item() == pytest.approx(0.25, abs=0.01)
    assert not masked_places(ids, special, 0.0, torch.Generator().manual_seed(1)).any()


def test_training_moves_encoder_head_and_masked_scores_and_saves_the_tagger_alone(
    store: Store, labelled: Reference, text: Reference, encoder: Reference, sharp_masked_encoder: Path
) -> None:
    moved = {}
    for omega in (0.0, 1.0):
        fast = STILL | {"learning_rate": 1e-2, "epochs": 3, "sentences_per_batch": 2}
        config = SpanTraining(**fast, mlm_weight=omega)
        tagger = run_alone(store, train_span_tagger, labelled, text, encoder, SHAPE, config, WINDOWS)
        from safetensors.torch import load_file

        moved[omega] = load_file(store.folder(tagger) / "model.safetensors")
        assert not [name for name in moved[omega] if name.startswith(("masked", "cls"))]
    assert moved[0.0].keys() == moved[1.0].keys()
    name = "bert.embeddings.word_embeddings.weight"
    before = load_file(sharp_masked_encoder / "model.safetensors")[name]
    assert not torch.equal(moved[0.0][name], moved[1.0][name]) and not torch.equal(before, moved[1.0][name])


def test_a_training_gives_the_same_bytes_again(
    store: Store, labelled: Reference, text: Reference, encoder: Reference
) -> None:
    config = SpanTraining(**STILL | {"learning_rate": 1e-3, "sentences_per_batch": 2, "dropout": 0.1})
    arguments = (labelled, text, encoder, SHAPE, config, WINDOWS)
    first = run_alone(store, train_span_tagger, *arguments)
    store.move_aside(first.kind, first.key)
    assert run_alone(store, train_span_tagger, *arguments).digest == first.digest


def test_a_head_that_the_checkpoint_lacks_is_made_of_its_embeddings(
    store: Store, labelled: Reference, text: Reference, tiny_encoder: Path, put_model: Put
) -> None:
    config = SpanTraining(**STILL)
    bare = put_model(ENCODER, tiny_encoder)
    tagger = run_alone(store, train_span_tagger, labelled, text, bare, SHAPE, config, WINDOWS)
    notes = store.require(tagger).notes
    assert (notes["masked_language_head"], notes["masked_by"]) == ("made", "[MASK]")
    # An import writes the head that it made into the folder, and says so.
    imported = run_alone(store, import_encoder, InputFolder(path=str(tiny_encoder)))
    tagger = run_alone(store, train_span_tagger, labelled, text, imported, SHAPE, config, WINDOWS)
    assert store.require(tagger).notes["masked_language_head"] == "made"


def test_a_space_alone_is_never_hidden(tokenizer: Any) -> None:
    space = tokenizer.convert_tokens_to_ids("in")

    def masked(text_of_piece: str) -> MaskedText:
        known = SimpleNamespace(
            all_special_ids=tokenizer.all_special_ids,
            mask_token_id=tokenizer.mask_token_id,
            unk_token_id=tokenizer.unk_token_id,
            convert_tokens_to_ids={"▁": space}.get,
            convert_ids_to_tokens=lambda number: "▁",
            convert_tokens_to_string=lambda pieces: text_of_piece,
        )
        return MaskedText.of(make_windows(tokenizer, [["in"] * 20], 64, 4), known, len(tokenizer))

    noise = torch.Generator().manual_seed(0)
    of = np.array([0])
    hidden, letter = (hide_subwords(masked(text), of, 0.99, np.ones(1), noise) for text in ("", "▁"))
    assert len(hidden.places["hidden_ids"]) == 0 and len(letter.places["hidden_ids"]) > 10


def test_a_vocabulary_without_a_mask_hides_by_its_unknown_sub_word(
    store: Store, labelled: Reference, text: Reference, sharp_masked_encoder: Path, put_model: Put, tmp_path: Path
) -> None:
    shutil.copytree(sharp_masked_encoder, tmp_path / "bare")
    settings = json.loads((tmp_path / "bare/tokenizer_config.json").read_text(encoding="utf-8"))
    del settings["mask_token"]
    (tmp_path / "bare/tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
    encoder = put_model(ENCODER, tmp_path / "bare")
    config = SpanTraining(**STILL, mask_rate=1 - 1e-9, mlm_weight=0.7)
    tagger = run_alone(store, train_span_tagger, labelled, text, encoder, SHAPE, config, WINDOWS)
    l_mlm = masked_loss(sharp_masked_encoder, TEXT, False, "[UNK]")
    expected = source_loss(store, tagger, labelled, False) + 0.7 * l_mlm
    notes = store.require(tagger).notes
    assert notes["masked_by"] == "[UNK]" and notes["losses"] == [pytest.approx(expected, rel=1e-4)]


def test_what_hides_sub_words_is_never_hidden_and_a_vocabulary_without_such_is_refused(tokenizer: Any) -> None:
    windows = make_windows(tokenizer, TEXT, 16, 4)
    masked, unknown = tokenizer.mask_token_id, tokenizer.unk_token_id

    def text_of(**names: Any) -> MaskedText:
        known = {"all_special_ids": tokenizer.all_special_ids, "mask_token_id": masked, "unk_token_id": unknown}
        known |= {"convert_tokens_to_ids": {}.get}
        return MaskedText.of(windows, SimpleNamespace(**{**known, **names}), len(tokenizer))

    usual, bare = text_of(), text_of(mask_token_id=None)
    assert (usual.mask, bare.mask) == (masked, unknown)
    assert not usual.special[unknown] and bare.special[unknown] and usual.special[masked]
    with pytest.raises(InputError, match="neither a mask token nor an unknown one"):
        text_of(mask_token_id=None, unk_token_id=None)


@pytest.mark.parametrize("kind", ["bert", "xlm-roberta", "distilbert", "modernbert"])
def test_scores_over_the_vocabulary_are_those_of_the_masked_language_model(
    kind: str, tokenizer: Any, tmp_path: Path
) -> None:
    from transformers import AutoConfig

    small = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    if kind == "distilbert":
        small = {"dim": 16, "n_layers": 1, "n_heads": 2, "hidden_dim": 32}
    config = AutoConfig.for_model(kind, vocab_size=len(tokenizer), pad_token_id=0, **small)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        AutoModelForMaskedLM.from_config(config).save_pretrained(tmp_path)
    whole, origin, _ = load_masked(tmp_path)
    assert origin == "pretrained"
    ids = torch.tensor([[2, 7, 8, 9, 3]])
    head = MaskedLanguageHead(tmp_path, whole.base_model).eval()
    with torch.no_grad():
        states = whole.eval().base_model(ids).last_hidden_state
        torch.testing.assert_close(head(states[0, 1:4]), whole(ids).logits[0, 1:4])
        # Tied: what is learnt of the embeddings counts in the scores.
        whole.base_model.get_input_embeddings().weight[7].fill_(0.0)
        bias = head(torch.zeros_like(states[0, :1]))[0]
        assert head(states[0, 1:2])[0, 7] == pytest.approx(bias[7].item(), abs=1e-5)


def test_initial_labels_are_rows_of_all_spans(
    store: Store, labelled: Reference, text: Reference, encoder: Reference
) -> None:
    tagger = run_alone(store, train_span_tagger, labelled, None, encoder, SHAPE, SpanTraining(**STILL), WINDOWS)
    labels = run_alone(store, label_spans, tagger, text, SpanLabelling(), WINDOWS)
    about = store.metadata(labels)
    assert about == {"language": "de", "classes": CLASSES, "most_words": 2, "epoch": 0, "thresholds": {}}
    rows = store.table(labels).to_pylist()
    places = [(row["sentence_id"], row["start"], row["end"], row["text"]) for row in rows]
    assert places[:4] == [(0, 0, 1, "Paris"), (0, 0, 2, "Paris lives"), (0, 1, 2, "lives"), (1, 0, 1, "abc")]
    assert len(rows) == 3 + 1 + 9
    for row in rows:
        assert sum(row["probabilities"]) == pytest.approx(1, abs=1e-6) and row["decision"] is None
        assert row["probability"] == max(row["probabilities"])
        assert row["label"] == CLASSES[int(np.argmax(row["probabilities"]))]
    assert preview(store, labels, 1)[0].startswith("[0] 0-1 Paris/")
    # As entities they are those that the tagger predicts.
    decoded = run_alone(store, decode_spans, labels, text)
    predicted = run_alone(store, predict_words, tagger, text, WINDOWS, Decoding())
    assert store.table(decoded)["tags"].to_pylist() == store.table(predicted)["tags"].to_pylist()
    assert store.table(decoded)["words"].to_pylist() == TEXT


def test_overlapping_entities_can_be_made_outside() -> None:
    # Word 0 is LOC with .6, both words PER with .7: the first is beaten. The second alone is O.
    p = np.array([[[0.3, 0.6, 0.1], [0.2, 0.1, 0.7]], [[0.9, 0.1, 0.0], [0.0, 1.0, 0.0]]])
    cells = np.array([[True, True], [True, False]])
    cleaned = without_overlaps(p, cells)
    assert cleaned[0].tolist() == [[1, 0, 0], [0.2, 0.1, 0.7]] and cleaned[1, 0].tolist() == [0.9, 0.1, 0.0]
    assert p[0, 0, 0] == 0.3


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ({"sentences_per_batch": None}, "as many sentences of each corpus"),
        ({"keep_epochs": True}, "the last one alone"),
    ],
)
def test_settings_that_no_span_training_has_are_refused(option: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        SpanTraining(**option)


def test_a_tagger_of_words_labels_no_spans(
    store: Store, labelled: Reference, text: Reference, encoder: Reference
) -> None:
    from tasks.tagging.train_tagger import TaggerTraining, train_tagger

    still = {name: value for name, value in STILL.items() if name != "sentences_per_batch"}
    tagger = run_alone(store, train_tagger, labelled, encoder, TaggerTraining(**still, frozen_layers=0), WINDOWS)
    with pytest.raises(InputError, match="the tagger's head is 'linear', expected 'spans'"):
        run_alone(store, label_spans, tagger, text, SpanLabelling(), WINDOWS)


def test_a_batch_knows_its_words_and_hides_what_the_training_draws(tokenizer: Any) -> None:
    source, target = (make_windows(tokenizer, each, 16, 4) for each in (WORDS, TEXT))
    masked = MaskedText.of(target, tokenizer, len(tokenizer))
    classes, config = np.zeros((source.words, 2), dtype=np.int64), SpanTraining(mask_rate=0.5)
    texts = (SpanText(source, 2), classes, config, SpanText(target, 2), lambda words: torch.zeros(len(words), 2, 3))
    batches = SpanBatches(*texts, masked)
    rows = np.arange(len(batches.rows.kinds))
    one, again, other = (batches.collate(rows, torch.Generator().manual_seed(seed)) for seed in (0, 0, 1))
    pieces = one["input_ids"][one["word_rows"], one["word_positions"]].tolist()
    first = {"abc": "a"}
    shown = [first.get(word, word) for words in (*WORDS, *TEXT) for word in words]
    assert sorted(tokenizer.convert_ids_to_tokens(pieces)) == sorted(shown)
    assert torch.equal(one["input_ids"], again["input_ids"]) and not torch.equal(one["input_ids"], other["input_ids"])
