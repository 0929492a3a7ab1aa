"""ConNER's step minimises Eq. 4: from the artifacts it is given to the loss that it notes, written out again here.

A training whose rate is next to nothing ends with the weights it began with, so that the loss of its one update follows
from what the model says of each sentence alone. Weights differ, sentences differ in their numbers of words and of
pairs, and a sentence is cut into windows.
"""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch
from pydantic import ValidationError

from artifacts.catalog import CONJUGATE_PAIRS, ENCODER, LABELLED, SENTENCES
from artifacts.errors import InputError
from artifacts.reference import Reference
from artifacts.step import run_alone
from artifacts.store import Store
from tasks.distillation.paired_windows import paired_windows, part_of
from tasks.distillation.sentence_stream import Drawn
from tasks.distillation.train_consistent import Consistency, ConsistencyTraining, train_consistent_tagger
from tasks.tagging import training_shell
from tasks.tagging.crf_head import CRF
from tasks.tagging.tagger import load_tagger
from tasks.tagging.train_crf_tagger import SequenceTraining, train_crf_tagger
from tasks.tagging.windows import WindowConfig, make_windows
from tasks.training.loop import Checkpoints, train
from tasks.words.bioes import bioes_ids, bioes_labels

LABELS = ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]
INNER = bioes_labels(LABELS)
META = {"language": "en", "labels": LABELS}
WORDS = [["Anna", "lives", "in", "Paris"], ["abc", "Berlin"], ["Anna", "Anna", "Paris"], [], ["Paris"]]
TAGS = [["B-PER", "O", "O", "B-LOC"], ["O", "B-LOC"], ["B-PER", "I-PER", "B-LOC"], [], ["B-LOC"]]
RAW = [["Berlin", "in", "ab"], ["xyz", "Anna"], [], ["in", "Paris", "abc", "xyz", "lives"]]
WINDOWS = WindowConfig(max_length_subwords=40, overlap_subwords=4)
NARROW = WindowConfig(max_length_subwords=8, overlap_subwords=2)
STILL: dict[str, Any] = {
    "epochs": 1, "learning_rate": 1e-12, "dropout": 0.0, "alpha": 0.0, "sentences_per_batch": 100,
    "unlabelled_per_batch": 100,
}  # fmt: skip
# Sentence, translation, pairs of spans; None was dropped. The second has no pair, the third one of three words.
PAIRS: list[tuple[list[str], list[str], list[tuple[tuple[int, int], tuple[int, int] | None]]]] = [
    (["in", "Paris", "Anna"], ["Anna", "abc", "in", "Paris"], [((1, 2), (3, 4)), ((2, 3), (0, 2))]),
    (["ab"], ["bc"], []),
    (["Berlin", "xyz", "abc", "lives"], ["Berlin"], [((0, 3), (0, 1)), ((3, 4), None)]),
]
Put = Callable[..., Reference]


@pytest.fixture
def encoder(put_model: Put, sharp_encoder: Path) -> Reference:
    return put_model(ENCODER, sharp_encoder)


@pytest.fixture
def labelled(put_table: Put) -> Reference:
    return put_table(LABELLED, {"sentence_id": list(range(5)), "words": WORDS, "tags": TAGS}, META)


@pytest.fixture
def text(put_table: Put) -> Reference:
    return put_table(SENTENCES, {"sentence_id": list(range(4)), "words": RAW}, {"language": "de"})


@pytest.fixture
def pairs(put_table: Put) -> Reference:
    columns: dict[str, list[Any]] = {"sentence_id": [5, 6, 7], "words": [one for one, *_ in PAIRS]}
    columns["translation"] = [other for _, other, _ in PAIRS]
    for name, place, side in (("starts", 0, 0), ("ends", 0, 1), ("translated_starts", 1, 0), ("translated_ends", 1, 1)):
        columns[name] = [[(pair[place] or (-1, -1))[side] for pair in made] for *_, made in PAIRS]
    columns["reasons"] = [["" if other else "placeholder_lost" for _, other in made] for *_, made in PAIRS]
    return put_table(CONJUGATE_PAIRS, columns, {"language": "de", "translated_language": "en"})


@pytest.fixture
def run(store: Store, labelled: Reference, pairs: Reference, text: Reference, encoder: Reference) -> Callable[..., Any]:
    """Trains with settings, and gives the noted loss and the model."""

    def train(windows: WindowConfig = WINDOWS, **settings: Any) -> tuple[float, Any]:
        config = ConsistencyTraining(**{**STILL, **settings})
        raw = text if config.alpha and config.perturbed == "unlabelled" else None
        given = (labelled, pairs if config.beta else None, raw, encoder, config, windows)
        made = run_alone(store, train_consistent_tagger, *given)
        (loss,) = store.require(made).notes["losses"]
        return loss, load_tagger(store.folder(made), CRF)

    return train


def emissions(tagger: tuple[Any, Any], words: list[str]) -> torch.Tensor:
    """[words, labels] float64, of a sentence alone."""
    model, tokenizer = tagger
    encoded = tokenizer(words, is_split_into_words=True, return_tensors="pt")
    of = encoded.word_ids()
    with torch.no_grad():
        logits = model(**encoded).logits[0].double()
    return torch.stack([logits[of.index(word)] for word in range(len(words))])


def supervised(tagger: tuple[Any, Any]) -> list[float]:
    """-log p(y | x) of each labelled sentence; a CRF that has learnt nothing adds nothing."""
    losses = []
    for words, tags in zip(WORDS, TAGS, strict=True):
        if words:
            gold = bioes_ids(np.array([LABELS.index(tag) for tag in tags]), np.array([len(tags)]), LABELS)
            log_p = emissions(tagger, words).log_softmax(-1)
            losses.append(-sum(float(log_p[place, label]) for place, label in enumerate(gold)))
    return losses


def span(tagger: tuple[Any, Any], words: list[str], start: int, end: int) -> dict[str, float]:
    """Algorithm 1 as it is printed."""
    p = emissions(tagger, words).softmax(-1)
    found = {"O": math.prod(float(p[u, INNER.index("O")]) for u in range(start, end))}
    for kind in ("LOC", "PER"):
        if end - start == 1:
            found[kind] = float(p[start, INNER.index(f"S-{kind}")])
        else:
            inside = math.prod(float(p[u, INNER.index(f"I-{kind}")]) for u in range(start + 1, end - 1))
            first, last = p[start, INNER.index(f"B-{kind}")], p[end - 1, INNER.index(f"E-{kind}")]
            found[kind] = float(first) * inside * float(last)
    return {**found, "illegal": 1 - sum(found.values())}


def kl(p: dict[str, float], q: dict[str, float]) -> float:
    return sum(p[name] * math.log(p[name] / q[name]) for name in p)


def without_illegal(p: dict[str, float]) -> dict[str, float]:
    legal = {name: value for name, value in p.items() if name != "illegal"}
    return {name: value / sum(legal.values()) for name, value in legal.items()}


def divergences(tagger: tuple[Any, Any], by: str, legal: bool = False) -> list[list[float]]:
    """Of each sentence's pairs."""
    found = []
    for words, translation, made in PAIRS:
        each = []
        for one, other in made:
            if other is not None:
                p, q = span(tagger, words, *one), span(tagger, translation, *other)
                p, q = (without_illegal(p), without_illegal(q)) if legal else (p, q)
                each.append({"unlabel": kl(p, q), "trans": kl(q, p), "both": (kl(p, q) + kl(q, p)) / 2}[by])
        found += [each] if each else []
    return found


def mean(values: list[float]) -> float:
    return sum(values) / len(values)


@pytest.mark.parametrize("by", ["both", "unlabel", "trans"])
def test_the_loss_is_eq_4_with_either_divergence(run: Callable[..., Any], by: str) -> None:
    loss, tagger = run(beta=0.25, divergence=by)
    translation = mean([mean(each) for each in divergences(tagger, by)])
    assert translation > 0.05
    assert loss == pytest.approx(mean(supervised(tagger)) + 0.25 * translation, rel=1e-4)


def test_illegal_labels_can_be_left_out_of_the_divergence(run: Callable[..., Any]) -> None:
    loss, tagger = run(beta=100.0, divergence="trans", illegal="left_out")
    kept, whole = (mean([mean(each) for each in divergences(tagger, "trans", legal)]) for legal in (True, False))
    assert abs(100 * (kept - whole)) > 0.05
    assert loss == pytest.approx(mean(supervised(tagger)) + 100 * kept, rel=1e-4)


def test_the_published_code_adds_losses_up_and_takes_means_over_the_batch(run: Callable[..., Any]) -> None:
    loss, tagger = run(beta=2.0, supervised_sum=True, consistency_mean="batch")
    spans = [value for each in divergences(tagger, "both") for value in each]
    assert len(spans) == 3
    assert loss == pytest.approx(sum(supervised(tagger)) + 2 * mean(spans), rel=1e-4)


@pytest.mark.parametrize("windows", [WINDOWS, NARROW])
def test_without_weights_it_is_the_vanilla_training(
    store: Store, put_table: Put, tokenizer: Any, encoder: Reference, windows: WindowConfig
) -> None:
    words, tags = [*WORDS, RAW[3]], [*TAGS, ["O", "B-LOC", "O", "B-PER", "I-PER"]]
    cut = make_windows(tokenizer, words, windows.max_length_subwords, windows.overlap_subwords)
    assert cut.sentences.tolist() == ([0, 1, 2, 4, 5] if windows is WINDOWS else [0, 1, 2, 4, 5, 5])
    given = put_table(LABELLED, {"sentence_id": list(range(6)), "words": words, "tags": tags}, META)
    plain = SequenceTraining(epochs=1, learning_rate=1e-12, dropout=0.0, sentences_per_batch=100)
    vanilla = run_alone(store, train_crf_tagger, given, encoder, plain, windows)
    without = ConsistencyTraining(**{**STILL, "beta": 0.0})
    conner = run_alone(store, train_consistent_tagger, given, None, None, encoder, without, windows)
    assert store.require(vanilla).notes["losses"] == pytest.approx(store.require(conner).notes["losses"], rel=1e-5)


def test_an_update_of_several_passes_has_its_pairs_once(run: Callable[..., Any]) -> None:
    whole, _ = run(beta=0.5, alpha=0.5, perturbation="word_replacement", replaced_share=0.0)
    parts, _ = run(beta=0.5, alpha=0.5, perturbation="word_replacement", replaced_share=0.0, subwords_per_batch=16)
    assert parts == pytest.approx(whole, rel=1e-5)


def test_alpha_weighs_the_two_views(run: Callable[..., Any]) -> None:
    # The same draws of dropout each time: what a unit of alpha adds is L_drop, and is the same.
    one, two, four = (run(alpha=alpha, beta=0.0, dropout=0.3)[0] for alpha in (1.0, 2.0, 4.0))
    assert two - one > 0.01 and four - two == pytest.approx(2 * (two - one), rel=1e-3)


def test_views_that_do_not_differ_cost_nothing(run: Callable[..., Any]) -> None:
    assert run(alpha=5.0, beta=0.0)[0] == pytest.approx(run(alpha=0.0, beta=0.0)[0], rel=1e-5)


@pytest.mark.parametrize("perturbation", ["word_replacement", "gaussian_noise"])
@pytest.mark.parametrize("perturbed", ["labelled", "unlabelled"])
def test_the_baselines_perturb_without_dropout(run: Callable[..., Any], perturbation: str, perturbed: str) -> None:
    settings = {"alpha": 1.0, "beta": 0.0, "perturbed": perturbed, "replaced_share": 1.0, "noise_deviation": 2.0}
    plain = run(NARROW, beta=0.0)[0]  # A raw sentence is cut.
    assert run(NARROW, perturbation=perturbation, **settings)[0] > plain + 0.001
    assert run(NARROW, perturbation="dropout", **settings)[0] == pytest.approx(plain, rel=1e-5)


@pytest.mark.parametrize("how", ["sentence", "batch"])
def test_l_drop_by_hand(sharp_encoder: Path, tokenizer: Any, how: str) -> None:
    # Second views by word replacement, so that both are known; sentences of 4 and 2 words.
    config = ConsistencyTraining(
        alpha=0.5, beta=0, perturbation="word_replacement", replaced_share=1.0, consistency_mean=how
    )  # type: ignore[arg-type]
    model = CRF.load(sharp_encoder, LABELS).eval()
    cut = make_windows(tokenizer, WORDS[:2], 40, 4)
    made = Consistency(config, INNER, cut, np.zeros(6, dtype=np.int64), None, None, Drawn()).objective()
    rows = np.array([0, 1])
    batch = made.of_update(rows) | made.collate(rows, torch.Generator().manual_seed(0))
    views = []
    for name in ("input_ids", "second_ids"):
        given = {"input_ids": batch[name], "attention_mask": batch["attention_mask"]}
        with torch.no_grad():
            logits = model(**given).logits[batch["word_rows"], batch["word_positions"]]
        views.append(logits.double().log_softmax(-1))
    p, q = views
    each = 0.5 * ((p.exp() * (p - q)).sum(-1) + (q.exp() * (q - p)).sum(-1))
    drop = each.mean() if how == "batch" else (each[:4].mean() + each[4:].mean()) / 2
    nll = -(p[:, 0][:4].sum() + p[:, 0][4:].sum()) / 2
    assert float(each.min()) > 0
    assert made.loss(model, batch).item() == pytest.approx(float(nll + 0.5 * drop), rel=1e-4)


def test_spans_find_their_words_in_sentences_that_are_cut(tokenizer: Any, store: Store, pairs: Reference) -> None:
    table = store.table(pairs)
    windows = paired_windows(table, tokenizer, WindowConfig(max_length_subwords=8, overlap_subwords=2))
    assert len(windows.original.word_counts) == 2 and len(windows.original.lengths) > 2
    batch = part_of(windows.collate(np.arange(len(windows.original.lengths))))
    first_pieces = batch["input_ids"][batch["word_rows"], batch["word_positions"]]

    def told(side: str) -> list[list[str]]:
        bounds = zip(batch[f"{side}_starts"].tolist(), batch[f"{side}_ends"].tolist(), strict=True)
        return [tokenizer.convert_ids_to_tokens(first_pieces[start:end].tolist()) for start, end in bounds]

    assert told("first") == [["Paris"], ["Anna"], ["Berlin", "x", "a"]]
    assert told("second") == [["Paris"], ["Anna", "a"], ["Berlin"]]
    assert batch["sentences"].tolist() == [0, 0, 1]
    alone = part_of(windows.collate(np.flatnonzero(windows.original.sentences == 1)))
    assert alone["sentences"].tolist() == [1] and alone["second_starts"].tolist() == [4]


def test_pairs_pull_predictions_together(
    store: Store, labelled: Reference, pairs: Reference, encoder: Reference
) -> None:
    settings = {**STILL, "epochs": 30, "learning_rate": 3e-3}
    after = []
    for beta in (0.0, 2.0):
        config = ConsistencyTraining(**{**settings, "beta": beta})
        given = (labelled, pairs if beta else None, None, encoder, config, WINDOWS)
        tagger = load_tagger(store.folder(run_alone(store, train_consistent_tagger, *given)), CRF)
        after.append(mean([mean(each) for each in divergences(tagger, "both")]))
    assert after[1] < 0.3 * after[0]


@pytest.mark.parametrize(
    ("settings", "given", "message"),
    [
        ({"beta": 0.5}, (), "found none conjugate pairs, expected some, as beta is 0.5"),
        ({"beta": 0.0}, ("pairs",), "found some conjugate pairs, expected none, as beta is 0.0"),
        ({"beta": 0.0, "alpha": 1.0, "perturbed": "unlabelled"}, (), "found none raw text, expected some"),
        ({"beta": 0.0, "alpha": 1.0}, ("text",), "found some raw text, expected none"),
    ],
)
def test_what_no_loss_needs_is_refused_and_what_one_needs_is_missed(
    store: Store,
    labelled: Reference,
    pairs: Reference,
    text: Reference,
    encoder: Reference,
    settings: dict[str, Any],
    given: tuple[str, ...],
    message: str,
) -> None:
    config = ConsistencyTraining(**{**STILL, **settings})
    arguments = (pairs if "pairs" in given else None, text if "text" in given else None)
    with pytest.raises(InputError, match=message):
        run_alone(store, train_consistent_tagger, labelled, *arguments, encoder, config, WINDOWS)


def test_checkpoints_of_the_step_keep_its_place_among_the_pairs(
    run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    places = []

    def train_and_save(*given: Any, beside: Drawn) -> None:
        places.append(beside.batches)
        training_shell.train_and_save(*given, beside=beside)
        places.append(beside.batches)

    monkeypatch.setattr("tasks.distillation.train_consistent.train_and_save", train_and_save)
    run(beta=0.5, sentences_per_batch=1)
    assert places == [0, 4]  # Each of four sentences has an update, and each of these a batch of pairs.


class Stopped(Exception):
    pass


def trained(
    sharp_encoder: Path, tokenizer: Any, table: pa.Table, folder: Path | None = None, stop_after: int | None = None
) -> dict[str, torch.Tensor]:
    """The weights after ten updates, with a checkpoint after each."""
    config = ConsistencyTraining(
        epochs=5, learning_rate=1e-2, dropout=0.2, sentences_per_batch=2, unlabelled_per_batch=1,
        perturbation="word_replacement",
    )  # fmt: skip
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = CRF.load(sharp_encoder, LABELS)
    words = [each for each in WORDS if each]
    cut, drawn = make_windows(tokenizer, words, 40, 4), Drawn()
    flat = np.array([LABELS.index(tag) for tags in TAGS for tag in tags])
    bioes = bioes_ids(flat, cut.word_counts, LABELS)
    made = Consistency(config, INNER, cut, bioes, paired_windows(table, tokenizer, WINDOWS), None, drawn).objective()
    updates = 0

    def progress(count: int, standing: Any) -> None:
        nonlocal updates
        updates += count
        if updates == stop_after:
            raise Stopped

    train(
        model, made.lengths, made.collate, made.loss, config, device="cpu", sentences=made.sentences,
        of_update=made.of_update, progress=progress, beside=drawn,
        checkpoints=Checkpoints(folder, updates=1) if folder else None,
    )  # fmt: skip
    assert drawn.batches == 10
    return model.state_dict()


@pytest.mark.parametrize("stop_after", [1, 4, 9])
def test_a_training_that_was_stopped_goes_on_with_the_batches_that_come_next(
    sharp_encoder: Path, tokenizer: Any, store: Store, pairs: Reference, tmp_path: Path, stop_after: int
) -> None:
    table = store.table(pairs)
    whole = trained(sharp_encoder, tokenizer, table)
    with pytest.raises(Stopped):
        trained(sharp_encoder, tokenizer, table, tmp_path, stop_after)
    resumed = trained(sharp_encoder, tokenizer, table, tmp_path)
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_batches_are_of_sentences() -> None:
    with pytest.raises(ValidationError, match="expected a number, such as 16"):
        ConsistencyTraining(sentences_per_batch=None)
