"""A second head, BIOES inside and IOB2 outside with a weight of its own, goes through every step that is there."""

import json
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy
from transformers import BertConfig, BertForTokenClassification

from artifacts.catalog import ENCODER, GOLD, LABELLED, TAGGER, LabelledOrTranslation
from artifacts.code.fingerprint import fingerprint
from artifacts.errors import InputError
from artifacts.reference import Reference
from artifacts.step import Job, Step, run_alone, step
from artifacts.store import Store
from tasks.denoising.reliability import Reliability
from tasks.denoising.score_reliability import score_reliability
from tasks.distillation.export_student import StudentCard, export_student
from tasks.distillation.train_collaborator import train_collaborator
from tasks.distillation.train_student import StudentTraining, train_student
from tasks.distillation.train_voted_student import train_voted_student
from tasks.evaluation.decode import decode
from tasks.evaluation.scores import score
from tasks.tagging.decoding import Decoding
from tasks.tagging.heads import Batch, first_subword_logits, word_logits
from tasks.tagging.known_heads import HEADS
from tasks.tagging.labelling import label_words
from tasks.tagging.predict import predict_words
from tasks.tagging.student import load_student
from tasks.tagging.tagger import load_tagger, new_tagger, save_tagger
from tasks.tagging.train_tagger import TaggerTraining, learn_labels, train_tagger
from tasks.tagging.training_shell import EncoderOrTagger
from tasks.tagging.windows import WindowConfig, collate_words, make_windows
from tasks.training.optimizer import NEW_PARAMETERS, parameter_groups

LABELS = ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]
META = {"language": "en", "labels": LABELS}
WORDS = [["Anna", "Paris", "lives", "in", "Berlin"], ["Berlin", "."], ["in", "Paris"], ["Anna", "Anna"]] * 6
TAGS = [["B-PER", "I-PER", "O", "O", "B-LOC"], ["B-LOC", "O"], ["O", "B-LOC"], ["B-PER", "I-PER"]] * 6
WINDOWS = WindowConfig(max_length_subwords=32, overlap_subwords=8)
FAST = {
    "epochs": 25,
    "learning_rate": 0.02,
    "frozen_layers": 0,
    "dropout": 0.0,
    "subwords_per_batch": 64,
    "sentences_per_batch": None,
}
Put = Callable[..., Reference]


class BertWithStarts(BertForTokenClassification):
    """Scores of BIOES labels, and one more for each at a sentence's first word."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__(config)
        self.starts = nn.Parameter(torch.zeros(config.num_labels))

    def _init_weights(self, module: nn.Module) -> None:
        super()._init_weights(module)
        if module is self:
            nn.init.zeros_(self.starts)


class BioesHead:
    name = "bioes"
    in_pipelines = False

    def load(self, folder: Path, labels: Sequence[str] | None, **options: Any) -> Any:
        if labels is not None:
            inner = [each for label in labels for each in (label, *_ends(label))]
            options |= {"id2label": dict(enumerate(inner)), "label2id": {name: i for i, name in enumerate(inner)}}
        return BertWithStarts.from_pretrained(folder, **options)

    def labels(self, model: Any) -> list[str]:
        return [name for name in _inner(model) if name[0] in "OBI"]

    def width(self, model: Any) -> int:
        return model.config.num_labels

    def outputs(self, model: Any, batch: Batch) -> torch.Tensor:
        rows = batch["word_rows"]
        first = torch.cat([rows.new_ones(1), (rows[1:] != rows[:-1]).long()])
        return first_subword_logits(model, batch) + first[:, None] * model.starts

    def label_logits(self, model: Any, outputs: torch.Tensor) -> torch.Tensor:
        outer = [_outer(name) for name in _inner(model)]
        return torch.stack(
            [
                outputs[:, [i for i, o in enumerate(outer) if o == label]].logsumexp(dim=-1)
                for label in self.labels(model)
            ],
            dim=-1,
        )

    def losses(self, model: Any, outputs: torch.Tensor, batch: Batch) -> torch.Tensor:
        labels, inner = self.labels(model), _inner(model)
        tags = [labels[i] for i in batch["hard"]]
        rows = batch["word_rows"].tolist()
        following = [
            *(b if row == other else "O" for (row, other), b in zip(pairwise(rows), tags[1:], strict=True)),
            "O",
        ]
        inside = [
            _ends(a)[0] if a != "O" and not b.startswith("I-") else a for a, b in zip(tags, following, strict=True)
        ]
        return cross_entropy(outputs, torch.tensor([inner.index(name) for name in inside]), reduction="none")

    def decode(self, model: Any, outputs: torch.Tensor, lengths: np.ndarray, decoding: Decoding) -> np.ndarray:
        labels, inner = self.labels(model), _inner(model)
        ends = np.cumsum(lengths)
        sentences = [outputs[end - n : end].double().tolist() for end, n in zip(ends, lengths, strict=True)]
        found = [labels.index(_outer(name)) for rows in sentences if rows for name in _best(rows, inner)]
        return np.array(found, dtype=np.int64)


def _inner(model: Any) -> list[str]:
    return [model.config.id2label[i] for i in range(model.config.num_labels)]


def _ends(label: str) -> tuple[str, ...]:
    """The BIOES label for the same word at an entity's end."""
    return {"B": (f"S{label[1:]}",), "I": (f"E{label[1:]}",)}.get(label[0], ())


def _outer(name: str) -> str:
    return {"S": "B", "E": "I"}.get(name[0], name[0]) + name[1:]


def _fits(before: str, after: str) -> bool:
    """Whether a BIOES label may follow another; O stands before a sentence and behind it."""
    goes_on = before[0] in "BI"
    return (after[0] in "IE") == goes_on and (not goes_on or before[2:] == after[2:])


def _best(scores: list[list[float]], inner: list[str]) -> list[str]:
    """The best sequence that BIOES allows."""
    paths = {name: (score, [name]) for name, score in zip(inner, scores[0], strict=True) if _fits("O", name)}
    for row in scores[1:]:
        paths = {
            name: max((total + s, [*path, name]) for before, (total, path) in paths.items() if _fits(before, name))
            for name, s in zip(inner, row, strict=True)
            if any(_fits(before, name) for before in paths)
        }
    return max(found for name, found in paths.items() if _fits(name, "O"))[1]


BIOES = BioesHead()


@step(TAGGER)
def train_bioes_tagger(
    job: Job, data: LabelledOrTranslation, start: EncoderOrTagger, config: TaggerTraining, windows: WindowConfig
) -> None:
    """Trains one with the other head."""
    learn_labels(job, BIOES, data, start, config, windows)


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(HEADS, BIOES.name, BIOES)


@pytest.fixture
def sentences(put_table: Put) -> Reference:
    return put_table(LABELLED, {"sentence_id": list(range(len(WORDS))), "words": WORDS, "tags": TAGS}, META)


@pytest.fixture
def encoder(put_model: Put, tiny_encoder: Path) -> Reference:
    return put_model(ENCODER, tiny_encoder)


@pytest.fixture
def tagger(store: Store, sentences: Reference, encoder: Reference) -> Reference:
    return run_alone(store, train_bioes_tagger, sentences, encoder, TaggerTraining(**FAST), WINDOWS)


def test_another_head_is_trained_labels_predicts_and_is_shipped(
    store: Store, put_table: Put, sentences: Reference, tagger: Reference
) -> None:
    model, _ = load_tagger(store.folder(tagger), BIOES)
    assert model.config.num_labels == 9 and not torch.equal(model.starts, torch.zeros(9))
    assert store.metadata(tagger) == {"labels": LABELS}

    soft = store.table(run_alone(store, label_words, tagger, sentences, WINDOWS))["probabilities"].to_pylist()
    assert {len(word) for sentence in soft for word in sentence} == {len(LABELS)}
    assert [[LABELS[int(np.argmax(word))] for word in sentence] for sentence in soft] == TAGS

    gold = put_table(GOLD, {"sentence_id": list(range(len(WORDS))), "tags": TAGS}, {**META, "language": "de"})
    predictions = run_alone(store, predict_words, tagger, sentences, WINDOWS, Decoding())
    scores = run_alone(store, score, predictions, gold, "bioes")
    assert store.table(scores)["f1"].to_pylist() == [1.0, 1.0, 1.0]

    reliability = run_alone(
        store,
        score_reliability,
        tagger,
        run_alone(store, label_words, tagger, sentences, WINDOWS),
        Reliability(neighbours=3),
        WINDOWS,
    )
    assert store.metadata(reliability)["labels"] == LABELS

    card = StudentCard(target_languages=("de",))
    shipped = store.folder(run_alone(store, export_student, tagger, (scores,), card, ()))
    assert "pipeline(" not in (shipped / "README.md").read_text(encoding="utf-8")
    loaded = load_student(shipped, tokenized=True, windows=WINDOWS)
    assert [each.tags for each in loaded.tag_words(WORDS[:4])] == TAGS[:4]


def test_training_goes_on_with_the_same_head(
    store: Store, sentences: Reference, encoder: Reference, tagger: Reference
) -> None:
    config = TaggerTraining(**{**FAST, "epochs": 1, "learning_rate": 1e-12})
    further = run_alone(store, train_bioes_tagger, sentences, tagger, config, WINDOWS)
    before, after = (load_tagger(store.folder(each), BIOES)[0].state_dict() for each in (tagger, further))
    assert all(torch.allclose(before[name], after[name], atol=1e-6) for name in before)
    last = store.require(tagger).notes["losses"][-1]
    assert store.require(further).notes["losses"][0] == pytest.approx(last, abs=0.05)


def test_probabilities_and_labels_follow_the_head_by_hand(
    store: Store, put_table: Put, tagger: Reference, monkeypatch: pytest.MonkeyPatch
) -> None:
    # One word alone: O 1, B-LOC 2, S-LOC 0. B-LOC and S-LOC are B-LOC outside: (e^2 + 1) / (e^2 + 1 + e) = .755, more
    # than O. But an entity cannot begin and not end, so that O (1) beats S-LOC (0) in the decoded sentence.
    logits = torch.full((1, 9), -100.0)
    logits[0, :3] = torch.tensor([1.0, 2.0, 0.0])
    assert [_inner(load_tagger(store.folder(tagger), BIOES)[0])[i] for i in range(3)] == ["O", "B-LOC", "S-LOC"]
    monkeypatch.setattr(BIOES, "outputs", lambda model, batch: logits)
    one = put_table(LABELLED, {"sentence_id": [0], "words": [["Paris"]], "tags": [["O"]]}, META)
    soft = run_alone(store, label_words, tagger, one, WINDOWS)
    e = np.e
    expected = [e / (e**2 + 1 + e), (e**2 + 1) / (e**2 + 1 + e), 0, 0, 0]
    assert store.table(soft)["probabilities"].to_pylist()[0][0] == pytest.approx(expected, abs=1e-6)
    predictions = run_alone(store, predict_words, tagger, one, WINDOWS, Decoding())
    assert store.table(predictions)["tags"].to_pylist() == [["O"]]
    assert store.table(run_alone(store, decode, soft, Decoding()))["tags"].to_pylist() == [["B-LOC"]]


def test_the_checkpoint_says_which_head_it_has(
    store: Store, sentences: Reference, encoder: Reference, tagger: Reference, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = run_alone(store, train_tagger, sentences, encoder, TaggerTraining(**{**FAST, "epochs": 1}), WINDOWS)
    written = [json.loads((store.folder(each) / "config.json").read_text("utf-8")) for each in (tagger, plain)]
    assert [each.get("crosstag_head") for each in written] == [
        "bioes",
        None,
    ]  # transformers' own folder stays as it is.
    with pytest.raises(InputError, match="its head is 'bioes', expected 'linear'"):
        run_alone(store, train_tagger, sentences, tagger, TaggerTraining(**FAST), WINDOWS)
    soft = run_alone(store, label_words, tagger, sentences, WINDOWS)
    with pytest.raises(InputError, match="its head is 'bioes', expected 'linear'"):
        run_alone(store, train_student, tagger, soft, None, StudentTraining(**FAST), WINDOWS)
    with pytest.raises(InputError, match="its head is 'linear', expected 'bioes'"):
        run_alone(store, train_bioes_tagger, sentences, plain, TaggerTraining(**FAST), WINDOWS)
    monkeypatch.delitem(HEADS, BIOES.name)
    with pytest.raises(InputError, match=r"crosstag_head in config\.json is 'bioes', expected one of linear"):
        run_alone(store, predict_words, tagger, sentences, WINDOWS, Decoding())


@pytest.mark.parametrize("decoding", [Decoding(), Decoding(method="argmax"), Decoding(inside_at_start=True)])
def test_the_linear_head_predicts_what_its_soft_labels_decode_to(
    store: Store, sentences: Reference, encoder: Reference, decoding: Decoding
) -> None:
    # Hardly trained, so that the most probable labels are often no valid sequence.
    config = TaggerTraining(**{**FAST, "epochs": 1, "learning_rate": 1e-3})
    tagger = run_alone(store, train_tagger, sentences, encoder, config, WINDOWS)
    soft = run_alone(store, label_words, tagger, sentences, WINDOWS)
    predicted = run_alone(store, predict_words, tagger, sentences, WINDOWS, decoding)
    assert predicted.digest == run_alone(store, decode, soft, decoding).digest


def test_the_loss_of_a_bioes_head_by_hand(tiny_encoder: Path, tokenizer: Any) -> None:
    # B-PER I-PER O is B-PER E-PER O inside; the next sentence's B-PER is an entity of its own.
    model = BIOES.load(tiny_encoder, LABELS).eval()
    windows = make_windows(tokenizer, [["Anna", "Paris", "in"], ["Anna"]], 16, 4)
    batch = collate_words(windows, {"hard": np.array([3, 4, 0, 3])}, np.array([0, 1]))
    with torch.no_grad():
        outputs = BIOES.outputs(model, batch)
        inside = torch.tensor([_inner(model).index(name) for name in ("B-PER", "E-PER", "O", "S-PER")])
        expected = cross_entropy(outputs, inside, reduction="none")
        torch.testing.assert_close(BIOES.losses(model, outputs, batch), expected)
        assert word_logits(BIOES, model, batch).shape == (4, len(LABELS))


def reached(made: Step[...]) -> set[str]:
    return {name.rpartition(":")[2] for name in fingerprint(made.shell.__module__, made.shell.__name__).definitions}


@pytest.mark.parametrize(
    "made", [train_tagger, train_collaborator, train_student, train_voted_student, score_reliability]
)
def test_another_head_trains_and_weighs_nothing_anew(made: Step[...]) -> None:
    assert "HEADS" not in reached(made)


@pytest.mark.parametrize("made", [label_words, predict_words, export_student])
def test_what_runs_any_tagger_knows_the_code_of_every_head(made: Step[...]) -> None:
    assert {"HEADS", "LINEAR"} <= reached(made)


@pytest.mark.parametrize("name", HEADS)
def test_what_is_new_above_an_encoder_is_named(name: str, sharp_encoder: Path, tmp_path: Path) -> None:
    made, tokenizer = new_tagger(sharp_encoder, ["O", "B-LOC", "I-LOC"], 0.0, 1, HEADS[name])
    everything = {each for each, _ in made.named_parameters()}
    assert getattr(made, NEW_PARAMETERS) == {each for each in everything if not each.startswith("bert.")}
    assert getattr(made, NEW_PARAMETERS)
    made.masked = nn.Linear(2, 2)  # As what finds masked sub-words beside it: no head of the tagger.
    groups = parameter_groups(made, 0.0, head_rate=25.0)
    fast = {id(p) for group in groups if group["relative_rate"] == 25.0 for p in group["params"]}
    assert fast == {id(p) for each, p in made.named_parameters() if each in getattr(made, NEW_PARAMETERS)}
    del made.masked
    save_tagger(made, tokenizer, tmp_path)
    assert not hasattr(load_tagger(tmp_path, HEADS[name])[0], NEW_PARAMETERS)
