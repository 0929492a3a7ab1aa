"""A tagger with a CRF goes through every step; what it loads, learns, says and decodes, by hand."""

import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from artifacts.catalog import ENCODER, GOLD, LABELLED, SENTENCES, TAGGER
from artifacts.errors import InputError
from artifacts.reference import Reference
from artifacts.step import run_alone
from artifacts.store import Store
from tasks.distillation.export_student import StudentCard, export_student
from tasks.evaluation.choose_epoch import choose_epoch, score_epochs
from tasks.evaluation.scores import score
from tasks.tagging.crf_head import CRF, sequence_losses
from tasks.tagging.decoding import Decoding
from tasks.tagging.inference import FLOAT32
from tasks.tagging.labelling import label_words
from tasks.tagging.predict import predict_words
from tasks.tagging.student import load_student
from tasks.tagging.tagger import load_tagger, new_tagger, save_tagger
from tasks.tagging.train_crf_tagger import SequenceTraining, train_crf_tagger, window_widening
from tasks.tagging.train_tagger import TaggerTraining, train_tagger
from tasks.tagging.windows import WindowConfig, collate_words, make_windows
from tasks.words.bioes import bioes_ids, bioes_labels

LABELS = ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]
INNER = bioes_labels(LABELS)
META = {"language": "en", "labels": LABELS}
WORDS = [["Anna", "Paris", "lives", "in", "Berlin"], ["Berlin", "."], ["in", "Paris"], ["Anna", "Anna"]] * 6
TAGS = [["B-PER", "I-PER", "O", "O", "B-LOC"], ["B-LOC", "O"], ["O", "B-LOC"], ["B-PER", "I-PER"]] * 6
WINDOWS = WindowConfig(max_length_subwords=32, overlap_subwords=8)
FAST = SequenceTraining(epochs=20, learning_rate=0.02, dropout=0.0, sentences_per_batch=4)
Put = Callable[..., Reference]


@pytest.fixture
def sentences(put_table: Put) -> Reference:
    return put_table(LABELLED, {"sentence_id": list(range(len(WORDS))), "words": WORDS, "tags": TAGS}, META)


@pytest.fixture
def encoder(put_model: Put, tiny_encoder: Path) -> Reference:
    return put_model(ENCODER, tiny_encoder)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Taggers that the first test trains, for the stores of all."""
    return tmp_path_factory.mktemp("trained")


@pytest.fixture
def tagger(store: Store, sentences: Reference, encoder: Reference, trained: Path) -> Reference:
    shutil.copytree(trained, store.root / "tagger", dirs_exist_ok=True)
    made = run_alone(store, train_crf_tagger, sentences, encoder, FAST, WINDOWS)
    shutil.copytree(store.folder(made), trained / made.key, dirs_exist_ok=True)
    return made


def test_a_crf_is_trained_labels_predicts_and_is_shipped(
    store: Store, put_table: Put, sentences: Reference, tagger: Reference
) -> None:
    model, _ = load_tagger(store.folder(tagger), CRF)
    assert all(weight.any() for weight in model.crf.parameters())
    assert store.metadata(tagger) == {"labels": LABELS}
    config = json.loads((store.folder(tagger) / "config.json").read_text("utf-8"))
    assert (config["crosstag_head"], config["architectures"]) == ("crf", ["BertForTokenClassification"])

    soft = store.table(run_alone(store, label_words, tagger, sentences, WINDOWS))["probabilities"].to_pylist()
    assert all(sum(word) == pytest.approx(1, abs=1e-5) and len(word) == 5 for sentence in soft for word in sentence)
    gold = put_table(GOLD, {"sentence_id": list(range(len(WORDS))), "tags": TAGS}, {**META, "language": "de"})
    predictions = run_alone(store, predict_words, tagger, sentences, WINDOWS, Decoding())
    assert store.table(predictions)["tags"].to_pylist() == TAGS
    scores = run_alone(store, score, predictions, gold, "crf")
    assert store.table(scores)["f1"].to_pylist() == [1.0, 1.0, 1.0]

    card = StudentCard(target_languages=("de",))
    shipped = store.folder(run_alone(store, export_student, tagger, (scores,), card, ()))
    loaded = load_student(shipped, tokenized=True, windows=WINDOWS)
    assert [each.tags for each in loaded.tag_words(WORDS[:4])] == TAGS[:4]
    text = (shipped / "README.md").read_text(encoding="utf-8")
    assert "pipeline(" in text and "without the CRF" in text


def test_a_pipeline_of_transformers_reads_the_emissions(store: Store, sentences: Reference, tagger: Reference) -> None:
    from transformers import pipeline

    shipped = store.folder(run_alone(store, export_student, tagger, (), StudentCard(target_languages=("de",)), ()))
    tags = pipeline("token-classification", str(shipped), aggregation_strategy="first")
    emissions = run_alone(store, predict_words, tagger, sentences, WINDOWS, Decoding(method="argmax"))
    assert store.table(emissions)["tags"].to_pylist()[0] == TAGS[0]
    found = [(entity["entity_group"], entity["word"]) for entity in tags("Anna Paris lives in Berlin")]
    assert found == [("PER", "Anna Paris"), ("LOC", "Berlin")]


def test_training_goes_on_from_the_weights_of_the_crf(store: Store, sentences: Reference, tagger: Reference) -> None:
    still = FAST.model_copy(update={"epochs": 1, "learning_rate": 1e-12})
    further = run_alone(store, train_crf_tagger, sentences, tagger, still, WINDOWS)
    before, after = (load_tagger(store.folder(each), CRF)[0].state_dict() for each in (tagger, further))
    assert {"crf.transitions", "crf.starts", "crf.ends"} <= before.keys()
    assert all(torch.allclose(before[name], after[name], atol=1e-6) for name in before)


def test_an_epoch_can_be_chosen(store: Store, put_table: Put, sentences: Reference, encoder: Reference) -> None:
    gold = put_table(GOLD, {"sentence_id": list(range(len(WORDS))), "tags": TAGS}, META)
    kept = FAST.model_copy(update={"keep_epochs": True, "epochs": 3})
    every = run_alone(store, train_crf_tagger, sentences, encoder, kept, WINDOWS)
    how = (("dev",), (sentences,), (gold,), WINDOWS, Decoding(), FLOAT32)
    best = run_alone(store, choose_epoch, every, run_alone(store, score_epochs, every, *how))
    notes = store.require(best).notes
    assert notes["f1"][notes["epoch"] - 1] == max(notes["f1"])


def test_heads_are_not_taken_for_one_another(
    store: Store, sentences: Reference, encoder: Reference, tagger: Reference
) -> None:
    with pytest.raises(InputError, match="its head is 'crf', expected 'linear'"):
        run_alone(store, train_tagger, sentences, tagger, TaggerTraining(frozen_layers=0), WINDOWS)
    plain = run_alone(store, train_tagger, sentences, encoder, TaggerTraining(frozen_layers=0, epochs=1), WINDOWS)
    with pytest.raises(InputError, match="its head is 'linear', expected 'crf'"):
        run_alone(store, train_crf_tagger, sentences, plain, FAST, WINDOWS)


def test_what_a_crf_cannot_do_is_refused(store: Store, sentences: Reference, tagger: Reference) -> None:
    with pytest.raises(InputError, match="inside_at_start is true, but the tagger's CRF"):
        run_alone(store, predict_words, tagger, sentences, WINDOWS, Decoding(inside_at_start=True))
    with pytest.raises(ValidationError, match="a CRF's loss is one of a whole sentence"):
        SequenceTraining(loss_mean="word")


def test_the_seed_decides_a_new_head_and_the_crf_begins_at_zero(tiny_encoder: Path) -> None:
    torch.manual_seed(3)
    one, again = (_drawn(tiny_encoder, 1) for _ in range(2))
    assert torch.equal(one.classifier.weight, again.classifier.weight)
    assert not torch.equal(one.classifier.weight, _drawn(tiny_encoder, 2).classifier.weight)
    assert not any(weight.any() for weight in one.crf.parameters())
    assert one.config.num_labels == 9 and CRF.labels(one) == LABELS


def _drawn(folder: Path, seed: int) -> Any:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return CRF.load(folder, LABELS)


def test_probabilities_of_two_labels_add_up_by_hand(tiny_encoder: Path) -> None:
    # O 1, B-LOC 2, S-LOC 0: e^2 + 1 against e.
    model = CRF.load(tiny_encoder, LABELS)
    outputs = torch.full((1, 9), -100.0)
    outputs[0, :3] = torch.tensor([1.0, 2.0, 0.0])
    e = math.e
    expected = [e / (e**2 + 1 + e), (e**2 + 1) / (e**2 + 1 + e), 0, 0, 0]
    assert CRF.label_logits(model, outputs).softmax(-1)[0].tolist() == pytest.approx(expected, abs=1e-6)
    assert CRF.label_logits(model, outputs).softmax(-1).shape == (1, 5)
    # An entity cannot begin and not end: O (1) beats S-LOC (0), unless the CRF's start adds more to it.
    assert CRF.decode(model, outputs, np.array([1]), Decoding()).tolist() == [0]
    assert CRF.decode(model, outputs, np.array([1]), Decoding(method="argmax")).tolist() == [1]
    with torch.no_grad():
        model.crf.starts[INNER.index("S-LOC")] = 1.5
    assert CRF.decode(model, outputs, np.array([1]), Decoding()).tolist() == [1]


def test_transitions_decide_by_hand(tiny_encoder: Path) -> None:
    # Two words: O O scores 2 + 2, B-LOC E-LOC 1 + 1 + the transition 2.5 = 4.5. I-LOC E-LOC, which cannot start, 20.
    model = CRF.load(tiny_encoder, LABELS)
    outputs = torch.full((2, 9), -100.0)
    outputs[:, INNER.index("O")] = 2.0
    outputs[0, INNER.index("B-LOC")] = outputs[1, INNER.index("E-LOC")] = 1.0
    outputs[0, INNER.index("I-LOC")] = 19.0
    assert CRF.decode(model, outputs, np.array([2]), Decoding()).tolist() == [0, 0]
    with torch.no_grad():
        model.crf.transitions[INNER.index("B-LOC"), INNER.index("E-LOC")] = 2.5
    assert CRF.decode(model, outputs, np.array([0, 2]), Decoding()).tolist() == [1, 2]


def test_each_window_is_a_sequence_and_each_word_has_its_loss(tiny_encoder: Path, tokenizer: Any) -> None:
    model = CRF.load(tiny_encoder, LABELS).eval()
    windows = make_windows(tokenizer, [["Anna", "Paris", "in"], ["Anna"]], 16, 4)
    inner = bioes_ids(np.array([3, 4, 0, 3]), np.array([3, 1]), LABELS)
    targets = {"bioes": inner, "widening": window_widening(windows)}
    batch = collate_words(windows, targets, np.array([1, 0]))  # Rows as they come, not as they were cut.
    with torch.no_grad():
        model.crf.transitions.normal_(generator=torch.Generator().manual_seed(0))
        outputs = CRF.outputs(model, batch)
        anna = model.crf.losses(outputs[None, :1], torch.tensor([[INNER.index("S-PER")]]), torch.tensor([1]))
        path = torch.tensor([[INNER.index(name) for name in ("B-PER", "E-PER", "O")]])
        first = model.crf.losses(outputs[None, 1:], path, torch.tensor([3]))
        expected = torch.cat([anna, first.expand(3)])
        assert torch.equal(CRF.losses(model, outputs, batch), expected)


def test_the_mean_over_a_cut_sentence_is_the_sum_of_its_windows(tiny_encoder: Path, tokenizer: Any) -> None:
    # Windows have room for 6 sub-words: the first sentence, of 5 words and 9 sub-words, is cut, the second is not.
    model = CRF.load(tiny_encoder, LABELS).eval()
    windows = make_windows(tokenizer, [["Anna", "Paris", "abc", "in", "abc"], ["Anna"]], 8, 2)
    assert windows.sentences.tolist() == [0, 0, 1]
    first, second = np.diff(windows.scored)[:2]
    assert window_widening(windows).tolist() == pytest.approx([5 / first] * first + [5 / second] * second + [1])
    inner = bioes_ids(np.array([3, 4, 0, 0, 1, 3]), np.array([5, 1]), LABELS)
    batch = collate_words(windows, {"bioes": inner, "widening": window_widening(windows)}, np.arange(3))
    with torch.no_grad():
        model.crf.transitions.normal_(generator=torch.Generator().manual_seed(0))
        outputs = CRF.outputs(model, batch)
        each = sequence_losses(model, outputs, batch["bioes"], batch["word_rows"])
        losses = CRF.losses(model, outputs, batch)
    assert len(each) == 3
    torch.testing.assert_close(losses[:5].mean(), each[0] + each[1])
    torch.testing.assert_close(losses[5], each[2])


def test_emissions_alone_are_what_a_pipeline_reads(
    store: Store, put_table: Put, put_model: Put, sharp_encoder: Path, tmp_path: Path
) -> None:
    from transformers import pipeline

    words = [["Anna", "Paris", "lives", "in", "Berlin"], ["Berlin", "in", "Anna"], ["lives"], ["Paris", "Paris"]]
    model, tokenizer = new_tagger(sharp_encoder, LABELS, 0.0, 3, CRF)
    with torch.no_grad():  # No label is above the others everywhere.
        logits = model(**tokenizer(words[0], is_split_into_words=True, return_tensors="pt")).logits
        model.classifier.bias.sub_(logits[0].mean(dim=0))
    save_tagger(model, tokenizer, tmp_path / "drawn")

    def read(place: Path, words: list[str]) -> list[str]:
        """A label for each word; all are one sub-word."""
        tags = pipeline("token-classification", str(place), aggregation_strategy="none", ignore_labels=[])
        return [token["entity"] for token in tags(" ".join(words))]

    # O .36, B-LOC .30, S-LOC .30: B-LOC and S-LOC, which are B-LOC in IOB2, are .60 together, but no label is above O.
    chances = dict.fromkeys(INNER, 0.04 / 6) | {"O": 0.36, "B-LOC": 0.30, "S-LOC": 0.30}
    with torch.no_grad():
        model.classifier.weight.zero_()
        model.classifier.bias.copy_(torch.tensor([chances[label] for label in INNER]).log())
    argmax, outputs = Decoding(method="argmax"), model.classifier.bias.detach()[None]
    save_tagger(model, tokenizer, tmp_path / "by_hand")
    assert read(tmp_path / "by_hand", ["Anna"]) == ["O"]
    assert CRF.decode(model, outputs, np.array([1]), argmax).tolist() == [0]

    text = put_table(SENTENCES, {"sentence_id": [0, 1, 2, 3], "words": words}, {"language": "de"})
    said = store.table(run_alone(store, predict_words, put_model(TAGGER, tmp_path / "drawn"), text, WINDOWS, argmax))
    assert said["tags"].to_pylist() == [read(tmp_path / "drawn", each) for each in words]
    assert len({tag for tags in said["tags"].to_pylist() for tag in tags}) > 2
