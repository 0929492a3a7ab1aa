"""GLoDe's target model: what it minimises (Eq. 5), and how its pseudo-labels move, beside the paper's equations."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file
from transformers import AutoTokenizer, BertModel

import tasks.distillation.train_denoised_student as module
from artifacts.catalog import ENCODER, LABELLED, SENTENCES, SPAN_LABELS
from artifacts.errors import InputError, StoreError
from artifacts.manifest import Manifest
from artifacts.reference import Reference
from artifacts.step import run_alone
from artifacts.store import Store
from artifacts.writer import Writer
from tasks.denoising.neighbours.search import Search
from tasks.denoising.spans.neighbours import local_similarities
from tasks.denoising.spans.prototypes import random_projection
from tasks.denoising.spans.refinement import Denoising
from tasks.denoising.spans.represent import span_vectors
from tasks.distillation.refined_labels import refined_labels
from tasks.distillation.span_training import SpanTraining
from tasks.distillation.train_denoised_student import train_denoised_student
from tasks.distillation.train_span_tagger import SpanShape, train_span_tagger
from tasks.evaluation.decode_spans import decode_spans
from tasks.tagging.inference import FLOAT32, Inference
from tasks.tagging.label_spans import SpanLabelling, label_spans
from tasks.tagging.span_grid import OUTSIDE
from tasks.tagging.span_head import SPANS
from tasks.tagging.tagger import load_tagger
from tasks.tagging.windows import WindowConfig, collate_words, make_windows
from tasks.training.loop import Checkpoints

LABELS = ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]
CLASSES = ["O", "LOC", "PER"]
WORDS = [["Anna", "Paris", "lives", "in"], ["Berlin"], ["in", "Anna"]]
TAGS = [["B-PER", "I-PER", "O", "B-LOC"], ["B-LOC"], ["O", "B-PER"]]
GOLD = {(0, 0, 2): 2, (0, 3, 4): 1, (1, 0, 1): 1, (2, 1, 2): 2}
TEXT = [["Paris", "lives"], ["abc"], [], ["Anna", "in", "Berlin", "in"]]
SPANS_OF_TEXT = [
    *((0, 0, 1), (0, 0, 2), (0, 1, 2), (1, 0, 1)),
    *((3, 0, 1), (3, 0, 2), (3, 1, 2), (3, 1, 3), (3, 2, 3), (3, 2, 4), (3, 3, 4)),
]
SOFT = np.random.default_rng(3).dirichlet(np.ones(3), len(SPANS_OF_TEXT)).astype(np.float32)
WINDOWS = WindowConfig(max_length_subwords=16, overlap_subwords=4)
STILL = {"epochs": 1, "learning_rate": 1e-12, "dropout": 0.0, "sentences_per_batch": 100, "warmup_fraction": 0.0}
STILL |= {"mlm_weight": 0.0, "seed": 5}
FAST = STILL | {"epochs": 3, "learning_rate": 5e-3, "sentences_per_batch": 1, "dropout": 0.1, "mlm_weight": 0.1}
Put = Callable[..., Reference]


@pytest.fixture
def encoder(put_model: Put, sharp_masked_encoder: Path) -> Reference:
    return put_model(ENCODER, sharp_masked_encoder)


@pytest.fixture
def labelled(put_table: Put) -> Reference:
    return put_table(
        LABELLED, {"sentence_id": [0, 1, 2], "words": WORDS, "tags": TAGS}, {"language": "en", "labels": LABELS}
    )


@pytest.fixture
def text(put_table: Put) -> Reference:
    return put_table(SENTENCES, {"sentence_id": [0, 1, 2, 3], "words": TEXT}, {"language": "de"})


def put_labels(put_table: Put, soft: np.ndarray = SOFT, spans: Any = SPANS_OF_TEXT, **about: Any) -> Reference:
    best = soft.argmax(axis=1)
    ids, starts, ends = zip(*spans, strict=True)
    columns = {
        "sentence_id": list(ids),
        "start": list(starts),
        "end": list(ends),
        "text": [" ".join(TEXT[i][b:e]) for i, b, e in spans],
        "label": [CLASSES[i] for i in best],
        "probability": soft.max(axis=1).tolist(),
        "probabilities": soft.tolist(),
        "decision": [None] * len(soft),
    }
    meta = {"language": "de", "classes": CLASSES, "most_words": 2, "epoch": 0, "thresholds": {}}
    return put_table(SPAN_LABELS, columns, {**meta, **about})


@pytest.fixture
def train(store: Store, put_table: Put, labelled: Reference, text: Reference, encoder: Reference) -> Callable[..., Any]:
    """Trains from an encoder or tagger; gives the target model."""
    soft = put_labels(put_table)

    def trained(denoising: Denoising, settings: dict[str, Any], start: Reference = encoder) -> Reference:
        config = SpanTraining(**settings)
        return run_alone(
            store, train_denoised_student, start, encoder, labelled, text, soft, denoising, config, WINDOWS
        )

    return trained


def said(store: Store, tagger: Reference, sentences: Reference) -> np.ndarray:
    """[S, K] what a tagger says of all spans."""
    table = store.table(run_alone(store, label_spans, tagger, sentences, SpanLabelling(), WINDOWS))
    return np.array(table["probabilities"].to_pylist(), dtype=np.float64)


def mean_of_sentences(losses: np.ndarray, ids: list[int]) -> float:
    return float(np.mean([losses[np.array(ids) == i].mean() for i in dict.fromkeys(ids)]))


def source_spans() -> list[tuple[int, int, int]]:
    return [
        (i, b, e) for i, words in enumerate(WORDS) for b in range(len(words)) for e in (b + 1, b + 2) if e <= len(words)
    ]


@pytest.mark.parametrize(("omega", "mean"), [(0.0, "sentence"), (0.5, "sentence"), (0.0, "word")])
def test_the_target_model_minimises_eq_5(
    store: Store, train: Callable[..., Any], labelled: Reference, text: Reference, omega: float, mean: str
) -> None:
    settings = STILL | {"mlm_weight": omega, "mask_rate": 1 - 1e-9, "loss_mean": mean}
    tagger = train(Denoising(levels="none"), settings)
    spans = source_spans()
    l_src = -np.log([p[GOLD.get(span, 0)] for span, p in zip(spans, said(store, tagger, labelled), strict=True)])
    l_tgt = -(SOFT * np.log(said(store, tagger, text))).sum(axis=1)
    if mean == "word":  # Every span weighs the same (the published code).
        expected = float(l_src.mean() + l_tgt.mean())
    else:
        expected = mean_of_sentences(l_src, [i for i, _, _ in spans])
        expected += mean_of_sentences(l_tgt, [i for i, _, _ in SPANS_OF_TEXT])
    (loss,) = store.require(tagger).notes["losses"]
    if omega == 0:
        assert loss == pytest.approx(expected, rel=1e-4)
    else:  # L_mlm of a model with random weights is large.
        assert loss > expected + omega * np.log(10)
    assert not (store.folder(tagger) / "labels").exists()


def test_entities_of_both_languages_are_drawn_together_as_much_as_it_weighs(
    store: Store, train: Callable[..., Any], encoder: Reference
) -> None:
    losses = []
    for settings in ({}, {"contrastive_weight": 0.3, "temperature": 0.5}):
        tagger = train(Denoising(levels="none"), STILL | settings)
        losses += store.require(tagger).notes["losses"]
    model, tokenizer = (
        BertModel.from_pretrained(store.folder(encoder)).eval(),
        AutoTokenizer.from_pretrained(store.folder(encoder)),
    )
    said = dict(GOLD.items()), dict(zip(SPANS_OF_TEXT, SOFT.argmax(axis=1).tolist(), strict=True))
    states, classes = [], []
    for sentences, spans in zip((WORDS, TEXT), said, strict=True):
        for (sentence, begin, end), label in spans.items():
            if label:
                encoded = tokenizer(sentences[sentence], is_split_into_words=True, return_tensors="pt")
                with torch.no_grad():
                    hidden = model(**encoded).last_hidden_state[0]
                words = encoded.word_ids()
                both = torch.cat([hidden[words.index(begin)], hidden[words.index(end - 1)]])
                states.append(both / both.norm())
                classes.append(label)
    cosines = torch.stack(states) @ torch.stack(states).T / 0.5
    l_scl = 0.0
    for i, label in enumerate(classes):
        others = [a for a in range(len(classes)) if a != i]
        alike = [a for a in others if classes[a] == label]
        l_scl -= sum(float(cosines[i, a] - cosines[i, others].logsumexp(dim=0)) for a in alike) / max(len(alike), 1)
    assert {1, 2} <= set(classes) and len(classes) > 6
    # Three pairs of sentences make the update.
    assert losses[1] - losses[0] == pytest.approx(0.3 * l_scl / 3, rel=1e-3)


def test_neighbours_are_looked_for_as_the_settings_say(
    train: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    told = []

    def similar(*given: Any) -> np.ndarray:
        bank, *_, neighbours, search = given
        told.append((bool((bank.classes == OUTSIDE).any()), neighbours, search))
        return local_similarities(*given)

    monkeypatch.setattr("tasks.denoising.spans.refinement.local_similarities", similar)
    train(Denoising(levels="local", product="bf16", neighbours=2), STILL)
    train(Denoising(levels="local", neighbours=3, outside_share=0), STILL)
    assert told == [(True, 2, Search(product="bf16", device="cpu")), (False, 3, Search(device="cpu"))]


def test_without_multiple_directions_each_label_moves_towards_one_class(
    store: Store, train: Callable[..., Any]
) -> None:
    tagger = train(Denoising(levels="global", directions="top"), STILL)
    decisions = load_file(store.folder(tagger) / "labels" / "0001.safetensors")["decisions"]
    assert decisions.max(axis=1).tolist() == decisions.sum(axis=1).tolist() == [1.0] * len(SPANS_OF_TEXT)


def by_the_book(store: Store, tagger: Reference, words: list[list[str]], spans: Any, projection: torch.Tensor) -> Any:
    """z of each span: the projection of [h_b; h_e; l; m], of length 1."""
    model, tokenizer = load_tagger(store.folder(tagger), SPANS)
    windows = make_windows(tokenizer, words, 16, 4)
    batch = collate_words(windows, {}, np.arange(len(windows.starts)))
    first = np.concatenate([[0], np.cumsum([len(each) for each in words])])
    with torch.no_grad():
        states = model.base_model(batch["input_ids"], attention_mask=batch["attention_mask"]).last_hidden_state
        h, forms = states[batch["word_rows"], batch["word_positions"]], SPANS.forms(model, batch)
        found = []
        for i, b, e in spans:
            b, e = first[i] + b, first[i] + e
            m = model.span_forms.weight[forms[b:e]].sum(dim=0)
            z = projection @ torch.cat([h[b], h[e - 1], model.span_lengths.weight[e - b - 1], m])
            found.append((z / z.norm()).numpy())
    return np.stack(found)


def moved_one_by_one(vectors: np.ndarray, classes: list[int], alpha: float) -> np.ndarray:
    prototypes = np.zeros((3, vectors.shape[1]))
    for z, c in zip(vectors, classes, strict=True):
        prototypes[c] = alpha * prototypes[c] + (1 - alpha) * z
    return prototypes / np.linalg.norm(prototypes, axis=1, keepdims=True)


def local_shares(bank: np.ndarray, classes: np.ndarray, z_tgt: np.ndarray) -> np.ndarray:
    """Of each target span the classes of its four nearest others, as shares; the bank ends with the target's."""
    rows = []
    for i, z in enumerate(z_tgt):
        cosines = bank @ z
        cosines[len(bank) - len(z_tgt) + i] = -np.inf
        rows.append(np.bincount(classes[np.argsort(-cosines)[:4]], minlength=3) / 4)
    return np.array(rows)


@pytest.mark.parametrize("levels", ["both", "global", "local"])
@pytest.mark.parametrize("upstream", [False, True])
def test_labels_move_as_the_paper_says(store: Store, train: Callable[..., Any], levels: str, upstream: bool) -> None:
    options: dict[str, Any] = {}
    if upstream:
        options = {"direction_sum": "each", "local_threshold_factor": 0.9, "representations": "training"}
    denoising = Denoising(levels=levels, neighbours=4, dimensions=8, prototype_rate=0.6, beta_first=0.7, **options)
    tagger = train(denoising, STILL)
    kept = load_file(store.folder(tagger) / "labels" / "0001.safetensors")

    # One update, weights that stay: the prototypes saw all source spans, then all target spans. An update sorts its
    # rows by length, the longest first.
    width = 2 * 16 + 200
    projection = random_projection(width, 8, seed=5)
    source = sorted(source_spans(), key=lambda span: -len(WORDS[span[0]]))
    target = sorted(SPANS_OF_TEXT, key=lambda span: -{0: 2, 1: 3, 3: 4}[span[0]])
    z_src = by_the_book(store, tagger, WORDS, source, projection)
    z_tgt = by_the_book(store, tagger, TEXT, SPANS_OF_TEXT, projection)
    y_src, y_tgt = [GOLD.get(span, 0) for span in source], SOFT.argmax(axis=1).tolist()
    # 3 pairs: the source's longest with the text's longest.
    order = [SPANS_OF_TEXT.index(span) for span in target]
    prototypes = moved_one_by_one(np.concatenate([z_src, z_tgt[order]]), y_src + [y_tgt[i] for i in order], 0.6)
    np.testing.assert_allclose(kept["prototypes"], prototypes, atol=1e-4)

    bank, y = np.concatenate([z_src, z_tgt]), np.array(y_src + y_tgt)
    similar = {}
    if levels != "local":
        similar["global"] = z_tgt @ prototypes.T
    if levels != "global":
        similar["local"] = local_shares(bank, y, z_tgt)
    total = np.zeros((len(z_tgt), 3))
    for level, sims in similar.items():
        thresholds = np.array([np.mean([s[c] for s, k in zip(sims, y_tgt, strict=True) if k == c]) for c in range(3)])
        if upstream and level == "local":
            thresholds *= 0.9
        np.testing.assert_allclose(kept[f"thresholds.{level}"], thresholds, atol=1e-4)
        # Read off the kept thresholds: a class whose one span makes its threshold is equal to it, not above.
        d = (sims > kept[f"thresholds.{level}"] + 1e-6).astype(float)
        d[sims.argmax(axis=1) == 0, 0] = 1
        total += d / np.maximum(d.sum(axis=1, keepdims=True), 1) if upstream else d
    u = total / np.maximum(total.sum(axis=1, keepdims=True), 1e-30)
    np.testing.assert_allclose(kept["decisions"], u, atol=1e-5)
    moved = np.where(u.sum(axis=1, keepdims=True) > 0, 0.7 * SOFT + 0.3 * u, SOFT)
    np.testing.assert_allclose(kept["labels"], moved, atol=1e-5)


def test_prototypes_are_normalised_once_in_an_update_of_several_passes(store: Store, train: Callable[..., Any]) -> None:
    # At this rate an update's prototype is the mean of its spans, in whatever order; were each pass normalised, the
    # first would decide.
    denoising = Denoising(levels="global", dimensions=8, prototype_rate=0.99999)
    found = []
    for room in (1000, 16):
        tagger = train(denoising, STILL | {"subwords_per_batch": room})
        found.append(load_file(store.folder(tagger) / "labels" / "0001.safetensors")["prototypes"])
    np.testing.assert_allclose(found[0], found[1], atol=1e-3)


def test_the_labels_of_every_epoch_are_tables(
    store: Store, put_table: Put, train: Callable[..., Any], text: Reference
) -> None:
    initial = put_labels(put_table)
    denoising = Denoising(neighbours=4, dimensions=8, first_refinement=2)
    tagger = train(denoising, FAST)
    tables = [run_alone(store, refined_labels, tagger, initial, epoch) for epoch in (1, 2, 3)]
    rows = [store.table(each).to_pylist() for each in tables]
    # Nothing moved after the first epoch; from then on beta is .875 and .80.
    assert [row["probabilities"] for row in rows[0]] == SOFT.tolist() and rows[0][0]["decision"] is None
    assert store.metadata(tables[0])["thresholds"] == {} and store.metadata(tables[2])["epoch"] == 3
    for before, after, beta in zip(rows, rows[1:], (0.875, 0.80), strict=False):
        for one, two in zip(before, after, strict=True):
            assert (one["start"], one["end"], one["text"]) == (two["start"], two["end"], two["text"])
            u = np.array(two["decision"])
            p = np.array(one["probabilities"])
            expected = beta * p + (1 - beta) * u if u.any() else p
            assert two["probabilities"] == pytest.approx(expected, abs=1e-6)
            assert two["label"] == CLASSES[int(np.argmax(two["probabilities"]))]
            assert two["probability"] == max(two["probabilities"])
    assert set(store.metadata(tables[1])["thresholds"]) == {"global", "local"}
    assert len(store.table(run_alone(store, decode_spans, tables[2], text))) == 4
    with pytest.raises(InputError, match="keeps none of epoch 4"):
        run_alone(store, refined_labels, tagger, initial, 4)


def test_refined_labels_are_what_the_next_epoch_learns(
    store: Store, train: Callable[..., Any], text: Reference
) -> None:
    # Two epochs that change no weight: the second one's loss is that of the labels after the first.
    settings = STILL | {"epochs": 2}
    moving, staying = (
        train(Denoising(neighbours=4, beta_first=0.5, levels=levels), settings) for levels in ("both", "none")
    )
    first, second = store.require(moving).notes["losses"]
    assert store.require(staying).notes["losses"] == [pytest.approx(first, rel=1e-5)] * 2
    moved = load_file(store.folder(moving) / "labels" / "0001.safetensors")["labels"]
    log_p = np.log(said(store, moving, text))
    ids = [i for i, _, _ in SPANS_OF_TEXT]
    change = mean_of_sentences(-((moved - SOFT) * log_p).sum(axis=1), ids)
    assert abs(change) > 1e-3 and second - first == pytest.approx(change, rel=1e-3)


def test_spans_are_represented_by_the_model_as_it_is_after_the_epoch_or_as_the_training_saw_them(
    store: Store, train: Callable[..., Any]
) -> None:
    # Nine updates change the encoder much, and dropout hides units of it; the tagger is the model after the last.
    y_src = [GOLD.get(span, 0) for span in source_spans()]
    alike = {}
    for representations in ("epoch_end", "training"):
        denoising = Denoising(levels="local", neighbours=4, dimensions=8, representations=representations)
        tagger = train(denoising, FAST | {"dropout": 0.5})
        projection = random_projection(2 * 16 + 200, 8, seed=5)
        z_src = by_the_book(store, tagger, WORDS, source_spans(), projection)
        z_tgt = by_the_book(store, tagger, TEXT, SPANS_OF_TEXT, projection)
        before, after = (load_file(store.folder(tagger) / "labels" / f"000{epoch}.safetensors") for epoch in (2, 3))
        y_tgt = before["labels"].argmax(axis=1)
        similar = local_shares(np.concatenate([z_src, z_tgt]), np.concatenate([y_src, y_tgt]), z_tgt)
        own = [similar[y_tgt == c, c].mean() if (y_tgt == c).any() else np.inf for c in range(3)]
        alike[representations] = np.allclose(after["thresholds.local"], own, atol=1e-6)
    assert alike == {"epoch_end": True, "training": False}


def test_spans_are_represented_in_the_precision_of_the_training(
    train: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Inference] = []

    def represented(model: Any, windows: Any, cells: Any, projection: Any, inference: Inference, *rest: Any) -> Any:
        told.append(inference)
        return span_vectors(model, windows, cells, projection, inference, *rest)

    monkeypatch.setattr(module, "span_vectors", represented)
    monkeypatch.setattr("tasks.training.precision.cpu_has_bf16", lambda: True)
    train(Denoising(levels="global"), STILL | {"precision": "bf16"})
    train(Denoising(levels="both", neighbours=2), STILL)
    # Without neighbours the source's spans are not asked for.
    assert told == [Inference(precision="bf16"), FLOAT32, FLOAT32]


def test_denoising_with_the_trainings_representations_runs_the_encoder_over_nothing_else(
    store: Store, train: Callable[..., Any]
) -> None:
    passes: list[str] = []

    def count(module: torch.nn.Module, inputs: Any) -> None:
        if isinstance(module, BertModel):
            passes.append("pass")

    for levels in ("none", "both"):
        with torch.nn.modules.module.register_module_forward_pre_hook(count):
            train(Denoising(neighbours=4, levels=levels, representations="training"), FAST)
    assert len(passes) == 2 * 9  # 3 epochs of 3 updates, each training.


@pytest.mark.parametrize("representations", ["epoch_end", "training"])
def test_a_training_that_crashed_goes_on_with_its_prototypes_and_labels(
    store: Store, train: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, representations: Any
) -> None:
    denoising = Denoising(neighbours=4, dimensions=8, outside_share=0.5, representations=representations)
    whole = train(denoising, FAST)
    labels = load_file(store.folder(whole) / "labels" / "0003.safetensors")
    store.move_aside(whole.kind, whole.key)
    monkeypatch.setattr(
        "tasks.tagging.training_shell.Checkpoints", lambda folder, minutes: Checkpoints(folder, updates=1)
    )
    keep = module.keep_labels

    def crash(folder: Path, epoch: int, *rest: Any) -> None:
        if epoch == 2:
            raise OSError("no space left")
        keep(folder, epoch, *rest)

    monkeypatch.setattr(module, "keep_labels", crash)
    with pytest.raises(OSError, match="no space"):
        train(denoising, FAST)
    monkeypatch.setattr(module, "keep_labels", keep)
    again = train(denoising, FAST)
    assert store.require(again).notes["resumed_at"] > 3
    assert again.digest == whole.digest
    found = load_file(store.folder(again) / "labels" / "0003.safetensors")
    assert all(np.array_equal(found[name], labels[name]) for name in labels)


def test_labels_outlive_a_training_that_could_not_be_committed(
    store: Store, train: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "tasks.tagging.training_shell.Checkpoints", lambda folder, minutes: Checkpoints(folder, updates=1)
    )

    def lost(writer: Writer) -> Manifest:
        raise StoreError("no answer from the bucket")

    with monkeypatch.context() as away, pytest.raises(StoreError, match="no answer"):
        away.setattr(Writer, "finish", lost)
        train(Denoising(neighbours=4), FAST)
    again = train(Denoising(neighbours=4), FAST)
    assert store.require(again).notes["resumed_at"] > 3
    assert sorted(each.stem for each in store.folder(again).glob("labels/*")) == ["0001", "0002", "0003"]


def test_it_starts_from_the_source_model_if_told_so(
    store: Store, train: Callable[..., Any], labelled: Reference, encoder: Reference, text: Reference
) -> None:
    config = SpanTraining(**FAST)
    m_src = run_alone(store, train_span_tagger, labelled, text, encoder, SpanShape(most_words=2), config, WINDOWS)
    tagger = train(Denoising(levels="none"), STILL, start=m_src)
    np.testing.assert_allclose(said(store, tagger, text), said(store, m_src, text), atol=1e-5)


def test_labels_of_other_spans_or_classes_are_refused(
    store: Store, put_table: Put, labelled: Reference, text: Reference, encoder: Reference
) -> None:
    def trained(soft: Reference) -> None:
        config = SpanTraining(**STILL)
        run_alone(store, train_denoised_student, encoder, encoder, labelled, text, soft, Denoising(), config, WINDOWS)

    with pytest.raises(InputError, match="they are of 10 spans, the tagger sees 11 of up to 2 words"):
        trained(put_labels(put_table, SOFT[1:], SPANS_OF_TEXT[1:]))
    # The text's sentence of four words has two spans of three.
    with pytest.raises(InputError, match="of 11 spans, the tagger sees 13 of up to 3 words"):
        trained(put_labels(put_table, most_words=3))
    with pytest.raises(InputError, match="labelled sentences has O, LOC, PER; span labels has O, LOC, ORG"):
        trained(put_labels(put_table, classes=["O", "LOC", "ORG"]))


def test_a_class_that_no_span_has_stays_without_a_direction(
    store: Store, put_table: Put, text: Reference, encoder: Reference
) -> None:
    # Neither gold nor pseudo-labels have a PER: its prototype is 0, its thresholds are out of reach.
    tags = [["O", "O", "O", "B-LOC"], ["B-LOC"], ["O", "O"]]
    only = put_table(
        LABELLED, {"sentence_id": [0, 1, 2], "words": WORDS, "tags": tags}, {"language": "en", "labels": LABELS}
    )
    soft = SOFT.copy()
    soft[:, 2] = 0.0
    soft /= soft.sum(axis=1, keepdims=True)
    initial = put_labels(put_table, soft)
    config, denoising = SpanTraining(**STILL), Denoising(neighbours=4)
    tagger = run_alone(store, train_denoised_student, encoder, encoder, only, text, initial, denoising, config, WINDOWS)
    kept = load_file(store.folder(tagger) / "labels" / "0001.safetensors")
    assert not kept["prototypes"][2].any() and not kept["decisions"][:, 2].any()
    assert np.isinf(kept["thresholds.global"][2]) and np.isinf(kept["thresholds.local"][2])
    assert not kept["labels"][:, 2].any() and np.isfinite(kept["labels"]).all()
    table = run_alone(store, refined_labels, tagger, initial, 1)
    assert store.metadata(table)["thresholds"]["local"]["PER"] is None


def test_what_people_said_stays_through_all_refinements(
    store: Store, put_table: Put, labelled: Reference, text: Reference, encoder: Reference
) -> None:
    # Sentence 3 is corrected: its spans are one-hot; all others are as soft as ever.
    spans = np.array([sentence for sentence, _, _ in SPANS_OF_TEXT])
    hard = np.where((spans == 3)[:, None], np.eye(3, dtype=np.float32)[SOFT.argmin(axis=1)], SOFT)
    denoising, config = Denoising(neighbours=3, beta_first=0.5, beta_last=0.5), SpanTraining(**FAST)

    def after(**about: Any) -> tuple[np.ndarray, np.ndarray]:
        soft = put_labels(put_table, hard, **about)
        settings = (denoising, config, WINDOWS)
        made = run_alone(store, train_denoised_student, encoder, encoder, labelled, text, soft, *settings)
        kept = load_file(store.folder(made) / "labels" / "0003.safetensors")
        told = store.table(run_alone(store, refined_labels, made, soft, 3))
        assert np.array_equal(np.array(told["probabilities"].to_pylist(), dtype=np.float32), kept["labels"])
        return kept["labels"], kept["decisions"]

    labels, decisions = after(corrected=[3])
    assert np.array_equal(labels[spans == 3], hard[spans == 3]) and (decisions[spans == 3] == 0).all()
    assert (np.abs(labels - hard)[spans != 3].max(axis=1) > 0.01).any()
    moved, _ = after()
    assert (np.abs(moved - hard)[spans == 3].max(axis=1) > 0.01).any(), "without corrections they are moved"
