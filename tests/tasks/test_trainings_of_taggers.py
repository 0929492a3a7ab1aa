"""Each training step minimises its paper's equation: from the artifacts it is given to the losses that it notes.

A training whose rate is next to nothing ends with the weights it began with. So its output says what the model said of
every word before the first update, and the loss of that update follows from the equation alone. Weights differ from 1
and from word to word, the two betas differ, soft labels contradict hard ones, and a sentence is cut into windows: none
of these can be left out, or taken for another, without a different number.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForTokenClassification, AutoTokenizer

from artifacts.catalog import ENCODER, LABELLED, RELIABILITY, SENTENCES, SOFT_LABELS, TRANSLATION, VOTES
from artifacts.reference import Reference
from artifacts.step import run_alone
from artifacts.store import Store
from tasks.distillation.train_collaborator import CollaboratorTraining, train_collaborator
from tasks.distillation.train_student import StudentTraining, train_student
from tasks.distillation.train_voted_student import VotedStudentTraining, train_voted_student
from tasks.evaluation.decode import decode
from tasks.tagging.decoding import Decoding
from tasks.tagging.labelling import label_words
from tasks.tagging.train_tagger import TaggerTraining, train_tagger
from tasks.tagging.windows import WindowConfig

LABELS = ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]
META = {"language": "de", "labels": LABELS}
WORDS = [
    ["Anna", "lives", "in", "Paris"],
    ["abc", "Berlin"],
    ["in", "ab", "Anna", "lives", "bcd", "in", "Paris", "ab", "abc", "Berlin", "in", "Anna", ".", "lives"],
    [],
    ["Paris"],
    ["Anna", "."],
]
COUNTS = [len(words) for words in WORDS]
N, C = sum(COUNTS), len(LABELS)
IDS = [3, 4, 5, 6, 7, 9]
WINDOWS = WindowConfig(max_length_subwords=14, overlap_subwords=4)  # the third sentence has 22 sub-words
ONE_UPDATE, SEVERAL_UPDATES = 1000, 30
STILL = {"epochs": 1, "learning_rate": 1e-12, "frozen_layers": 0, "dropout": 0.0}
STILL |= {"sentences_per_batch": None, "subwords_per_batch": ONE_UPDATE}
SEVERAL_PASSES = {"sentences_per_batch": 100, "subwords_per_batch": SEVERAL_UPDATES}
UPDATES = [{}, {"subwords_per_batch": SEVERAL_UPDATES}, SEVERAL_PASSES]
HARD = np.random.default_rng(1).integers(0, C, N)
SOFT = np.random.default_rng(2).dirichlet(np.full(C, 0.5), N).astype(np.float32)
WEIGHT = np.random.default_rng(3).uniform(0.1, 0.9, N).astype(np.float32)
VOTED = np.where(np.arange(N) % 3 == 0, -1, np.random.default_rng(4).integers(0, C, N))
Put = Callable[..., Reference]
Losses = Callable[[torch.Tensor], torch.Tensor]


def rows(values: Sequence[Any]) -> list[list[Any]]:
    """A flat column of words as one list per sentence."""
    ends = np.cumsum(COUNTS).tolist()
    return [list(values[end - count : end]) for count, end in zip(COUNTS, ends, strict=True)]


def tags(ids: np.ndarray) -> list[list[str | None]]:
    return rows([LABELS[i] if i >= 0 else None for i in ids])


@pytest.fixture
def encoder(put_model: Put, sharp_encoder: Path) -> Reference:
    return put_model(ENCODER, sharp_encoder)


@pytest.fixture
def labelled(put_table: Put) -> Reference:
    return put_table(LABELLED, {"sentence_id": IDS, "words": WORDS, "tags": tags(HARD)}, META)


@pytest.fixture
def translation(put_table: Put) -> Reference:
    columns = {"sentence_id": IDS, "words": WORDS, "tags": tags(HARD), "source_words": WORDS, "origin": WORDS}
    columns |= {"corpus": ["labelled/ab"] * len(IDS), "source_sentence_id": IDS}
    return put_table(TRANSLATION, columns, META)


@pytest.fixture
def soft(put_table: Put) -> Reference:
    return put_table(SOFT_LABELS, {"sentence_id": IDS, "words": WORDS, "probabilities": rows(SOFT.tolist())}, META)


@pytest.fixture
def reliability(put_table: Put) -> Reference:
    columns = {"sentence_id": IDS, "agreement": rows((1 - WEIGHT).tolist()), "weight": rows(WEIGHT.tolist())}
    return put_table(RELIABILITY, columns, {"labels": LABELS, "class_mean": {}, "neighbours": 1})


@pytest.fixture
def votes(put_table: Put) -> Reference:
    return put_table(VOTES, {"sentence_id": IDS, "words": WORDS, "votes": tags(VOTED)}, META)


@pytest.fixture
def tagger(store: Store, labelled: Reference, encoder: Reference) -> Reference:
    """A tagger to start from."""
    return run_alone(store, train_tagger, labelled, encoder, TaggerTraining(**STILL, seed=8), WINDOWS)


@pytest.fixture
def said(store: Store, put_table: Put) -> Callable[..., torch.Tensor]:
    """[N, C] float64 logarithms of what a tagger says of every word."""
    sentences = put_table(SENTENCES, {"sentence_id": IDS, "words": WORDS}, {"language": "de"})

    def ask(asked: Reference, windows: WindowConfig = WINDOWS) -> torch.Tensor:
        table = store.table(run_alone(store, label_words, asked, sentences, windows))
        flat = [word for sentence in table["probabilities"].to_pylist() for word in sentence]
        return torch.tensor(flat, dtype=torch.float64).log()

    return ask


def noted(store: Store, trained: Reference) -> list[float]:
    """The losses of a training's epochs."""
    losses: list[float] = store.require(trained).notes["losses"]
    return losses


def mean_of_sentences(losses: torch.Tensor) -> torch.Tensor:
    """1/M sum over sentences of 1/L sum over their words; an empty sentence is none."""
    return torch.stack([part.mean() for part in losses.split(COUNTS) if len(part)]).mean()


# --- The equations, from the logarithms log p_hat [N, C] to one loss per word, as the papers write them.

ONE_HOT = torch.eye(C, dtype=torch.float64)[torch.from_numpy(HARD)]
P, W = torch.from_numpy(SOFT).double(), torch.from_numpy(WEIGHT).double()


def cross_entropy(log_p_hat: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    return -(target * log_p_hat).sum(dim=1)


def equation_8_of_unitrans(log_p_hat: torch.Tensor) -> torch.Tensor:
    """CE(p_hat, y)."""
    return cross_entropy(log_p_hat, ONE_HOT)


def equations_4_and_5_of_colada(log_p_hat: torch.Tensor, w: torch.Tensor | float = W) -> torch.Tensor:
    """beta_1 w CE(p_hat, p^u) + beta_2 CE(p_hat, y), beta_1 = 0.7 and beta_2 = 0.2."""
    return 0.7 * w * cross_entropy(log_p_hat, P) + 0.2 * cross_entropy(log_p_hat, ONE_HOT)


def equation_6_of_colada(
    log_p_hat: torch.Tensor, w: torch.Tensor | float = W, target: torch.Tensor = P
) -> torch.Tensor:
    """w CE(p_hat, p^t)."""
    return w * cross_entropy(log_p_hat, target)


def equation_13_of_unitrans(
    log_p_hat: torch.Tensor, soft_weight: float = 1.7, eta: float = 0.6, of_agreed: bool = False
) -> torch.Tensor:
    """Soft_weight MSE(p_hat, p) + eta I(x) CE(p_hat, y); `of_agreed`: eta's mean is that of the words with I(x) = 1."""
    agreed = torch.from_numpy(VOTED >= 0).double()
    chosen = torch.eye(C, dtype=torch.float64)[torch.from_numpy(VOTED).clamp(min=0)]
    hard = agreed * cross_entropy(log_p_hat, chosen) * (N / agreed.sum() if of_agreed else 1)
    return soft_weight * (log_p_hat.exp() - P).square().mean(dim=1) + eta * hard


# --- One update, or several, that change nothing.


@pytest.mark.parametrize("updates", UPDATES)
def test_a_tagger_learns_the_labels_of_its_sentences(
    store: Store, labelled: Reference, encoder: Reference, said: Callable[..., torch.Tensor], updates: dict[str, int]
) -> None:
    config = TaggerTraining(**{**STILL, **updates})
    trained = run_alone(store, train_tagger, labelled, encoder, config, WINDOWS)
    made = store.require(trained).notes["updates"]
    assert (made == 1) == (updates in ({}, SEVERAL_PASSES))
    assert noted(store, trained) == [pytest.approx(float(mean_of_sentences(equation_8_of_unitrans(said(trained)))))]
    assert store.metadata(trained) == {"labels": LABELS}


def test_a_tagger_learns_a_translation_as_any_labelled_text(
    store: Store, translation: Reference, encoder: Reference, said: Callable[..., torch.Tensor]
) -> None:
    trained = run_alone(store, train_tagger, translation, encoder, TaggerTraining(**STILL), WINDOWS)
    assert noted(store, trained) == [pytest.approx(float(mean_of_sentences(equation_8_of_unitrans(said(trained)))))]


@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("updates", UPDATES)
def test_the_collaborator_learns_both_supervisions_of_the_translation(
    store: Store,
    tagger: Reference,
    translation: Reference,
    soft: Reference,
    reliability: Reference,
    said: Callable[..., torch.Tensor],
    weighted: bool,
    updates: dict[str, int],
) -> None:
    config = CollaboratorTraining(**{**STILL, **updates})
    given = (soft, reliability if weighted else None, 0.7, 0.2)
    trained = run_alone(store, train_collaborator, tagger, translation, *given, config, WINDOWS)
    losses = equations_4_and_5_of_colada(said(tagger), W if weighted else 1.0)
    assert noted(store, trained) == [pytest.approx(float(mean_of_sentences(losses)))]
    assert store.metadata(trained) == {"labels": LABELS}


@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("updates", UPDATES)
def test_the_student_learns_soft_labels_by_their_reliability(
    store: Store,
    encoder: Reference,
    soft: Reference,
    reliability: Reference,
    said: Callable[..., torch.Tensor],
    weighted: bool,
    updates: dict[str, int],
) -> None:
    config = StudentTraining(**{**STILL, **updates})
    trained = run_alone(store, train_student, encoder, soft, reliability if weighted else None, config, WINDOWS)
    losses = equation_6_of_colada(said(trained), W if weighted else 1.0)
    assert noted(store, trained) == [pytest.approx(float(mean_of_sentences(losses)))]
    assert store.metadata(trained) == {"labels": LABELS}


def test_the_student_learns_decoded_labels_if_it_is_told_to(
    store: Store, encoder: Reference, soft: Reference, reliability: Reference, said: Callable[..., torch.Tensor]
) -> None:
    decoded = store.table(run_alone(store, decode, soft, Decoding()))["tags"].to_pylist()
    best = np.array([LABELS.index(tag) for sentence in decoded for tag in sentence])
    assert (best != SOFT.argmax(axis=1)).any()  # some of the most probable labels cannot stand where they do
    config = StudentTraining(**STILL, targets="viterbi")
    trained = run_alone(store, train_student, encoder, soft, reliability, config, WINDOWS)
    losses = equation_6_of_colada(said(trained), target=torch.eye(C, dtype=torch.float64)[torch.from_numpy(best)])
    assert noted(store, trained) == [pytest.approx(float(mean_of_sentences(losses)))]


@pytest.mark.parametrize("updates", UPDATES)
@pytest.mark.parametrize(("soft_weight", "eta"), [(1.7, 0.6), (0.0, 0.6), (1.7, 0.0)])
def test_the_voted_student_learns_soft_labels_and_votes(
    store: Store,
    encoder: Reference,
    soft: Reference,
    votes: Reference,
    said: Callable[..., torch.Tensor],
    soft_weight: float,
    eta: float,
    updates: dict[str, int],
) -> None:
    settings = {**STILL, **updates, "soft_weight": soft_weight, "hard_weight": eta}
    trained = run_alone(store, train_voted_student, encoder, soft, votes, VotedStudentTraining(**settings), WINDOWS)
    losses = equation_13_of_unitrans(said(trained), soft_weight, eta)
    assert noted(store, trained) == [pytest.approx(float(mean_of_sentences(losses)))]
    assert store.metadata(trained) == {"labels": LABELS}


def test_without_votes_the_soft_labels_are_all_there_is(
    store: Store, encoder: Reference, soft: Reference, said: Callable[..., torch.Tensor]
) -> None:
    config = VotedStudentTraining(**STILL, soft_weight=1.7, hard_weight=0.6)
    trained = run_alone(store, train_voted_student, encoder, soft, None, config, WINDOWS)
    losses = equation_13_of_unitrans(said(trained), 1.7, 0.0)
    assert noted(store, trained) == [pytest.approx(float(mean_of_sentences(losses)))]


@pytest.mark.parametrize("passes", [{}, SEVERAL_PASSES])
def test_the_mean_over_words_lets_every_word_weigh_the_same(
    store: Store,
    encoder: Reference,
    tagger: Reference,
    labelled: Reference,
    translation: Reference,
    soft: Reference,
    reliability: Reference,
    votes: Reference,
    said: Callable[..., torch.Tensor],
    passes: dict[str, int],
) -> None:
    by_word = {**STILL, **passes, "loss_mean": "word"}
    source = run_alone(store, train_tagger, labelled, encoder, TaggerTraining(**by_word), WINDOWS)
    assert noted(store, source) == [pytest.approx(float(equation_8_of_unitrans(said(source)).mean()))]

    given = (soft, reliability, 0.7, 0.2, CollaboratorTraining(**by_word))
    collaborator = run_alone(store, train_collaborator, tagger, translation, *given, WINDOWS)
    assert noted(store, collaborator) == [pytest.approx(float(equations_4_and_5_of_colada(said(tagger)).mean()))]

    student = run_alone(store, train_student, encoder, soft, reliability, StudentTraining(**by_word), WINDOWS)
    assert noted(store, student) == [pytest.approx(float(equation_6_of_colada(said(student)).mean()))]

    for hard_mean in ("all", "agreed"):
        config = VotedStudentTraining(**by_word, soft_weight=1.7, hard_weight=0.6, hard_mean=hard_mean)
        voted = run_alone(store, train_voted_student, encoder, soft, votes, config, WINDOWS)
        losses = equation_13_of_unitrans(said(voted), of_agreed=hard_mean == "agreed")
        assert noted(store, voted) == [pytest.approx(float(losses.mean()))]


def test_windows_are_those_that_were_asked_for(
    store: Store, encoder: Reference, labelled: Reference, said: Callable[..., torch.Tensor]
) -> None:
    wide = WindowConfig(max_length_subwords=32, overlap_subwords=4)
    trained = run_alone(store, train_tagger, labelled, encoder, TaggerTraining(**STILL), wide)
    expected, cut = (float(mean_of_sentences(equation_8_of_unitrans(said(trained, by)))) for by in (wide, WINDOWS))
    assert noted(store, trained) == [pytest.approx(expected)]
    assert expected != pytest.approx(cut, rel=1e-3)


# --- Where trainings begin.


def weights_of(store: Store, model: Reference) -> dict[str, torch.Tensor]:
    return load_file(store.folder(model) / "model.safetensors")


def test_trainings_from_an_encoder_begin_with_it_and_a_head_that_the_seed_decides(
    store: Store, encoder: Reference, labelled: Reference, soft: Reference
) -> None:
    def trained(seed: int) -> list[Reference]:
        settings: dict[str, Any] = {**STILL, "seed": seed}
        return [
            run_alone(store, train_tagger, labelled, encoder, TaggerTraining(**settings), WINDOWS),
            run_alone(store, train_student, encoder, soft, None, StudentTraining(**settings), WINDOWS),
            run_alone(store, train_voted_student, encoder, soft, None, VotedStudentTraining(**settings), WINDOWS),
        ]

    before = weights_of(store, encoder)
    heads = []
    for reference in (*trained(1), *trained(2)):
        after = weights_of(store, reference)
        for name, tensor in before.items():
            torch.testing.assert_close(after.pop(f"bert.{name}"), tensor)
        heads.append(after["classifier.weight"])
    torch.testing.assert_close(heads[:3], [heads[0]] * 3)
    torch.testing.assert_close(heads[3:], [heads[3]] * 3)
    assert not torch.allclose(heads[0], heads[3])


def test_trainings_from_a_tagger_begin_with_it(
    store: Store,
    tagger: Reference,
    labelled: Reference,
    translation: Reference,
    soft: Reference,
) -> None:
    before = weights_of(store, tagger)
    further = (
        run_alone(store, train_tagger, labelled, tagger, TaggerTraining(**STILL), WINDOWS),
        run_alone(store, train_student, tagger, soft, None, StudentTraining(**STILL), WINDOWS),
        run_alone(
            store, train_collaborator, tagger, translation, soft, None, 1.0, 0.0, CollaboratorTraining(**STILL), WINDOWS
        ),
    )
    for reference in further:
        torch.testing.assert_close(weights_of(store, reference), before)


def test_a_new_head_has_a_rate_of_its_own_and_one_that_is_trained_further_has_not(
    store: Store, encoder: Reference, tagger: Reference, labelled: Reference
) -> None:
    def furthest(start: Reference, **changes: float) -> tuple[float, float]:
        still, moved = (
            weights_of(store, run_alone(store, train_tagger, labelled, start, TaggerTraining(**settings), WINDOWS))
            for settings in (STILL, {**STILL, "learning_rate": 1e-5, "weight_decay": 0.0, **changes})
        )
        ways = {name: float((moved[name] - still[name]).abs().max()) for name in still}
        return max(way for name, way in ways.items() if name.startswith("bert.")), ways["classifier.weight"]

    # AdamW's first step is the rate.
    assert furthest(encoder, head_rate=100) == pytest.approx((1e-5, 1e-3), rel=0.05)
    assert furthest(encoder) == pytest.approx((1e-5, 1e-5), rel=0.05)
    assert furthest(tagger, head_rate=100) == pytest.approx((1e-5, 1e-5), rel=0.05)


def test_the_published_mean_over_a_single_vote_is_that_vote(
    store: Store, put_table: Put, encoder: Reference, soft: Reference, said: Callable[..., torch.Tensor]
) -> None:
    one = np.where(np.arange(N) == 5, HARD, -1)
    votes = put_table(VOTES, {"sentence_id": IDS, "words": WORDS, "votes": tags(one)}, META)
    settings = {**STILL, "loss_mean": "word", "hard_mean": "agreed", "soft_weight": 0.0, "hard_weight": 0.6}
    trained = run_alone(store, train_voted_student, encoder, soft, votes, VotedStudentTraining(**settings), WINDOWS)
    assert noted(store, trained) == [pytest.approx(-0.6 * float(said(trained)[5, HARD[5]]))]


def test_every_update_weighs_its_own_sentences(
    store: Store, labelled: Reference, encoder: Reference, said: Callable[..., torch.Tensor]
) -> None:
    # Of five sentences with words, four make two updates by length, the longest together; one, by lot, is left for a
    # third. The mean of the updates' means tells them apart: each can be recomputed from who is left over.
    config = TaggerTraining(**{**STILL, "sentences_per_batch": 2})
    trained = run_alone(store, train_tagger, labelled, encoder, config, WINDOWS)
    assert store.require(trained).notes["updates"] == 3
    losses = [part for part in equation_8_of_unitrans(said(trained)).split(COUNTS) if len(part)]

    def mean(sentences: list[torch.Tensor]) -> torch.Tensor:
        return torch.stack([part.mean() for part in sentences]).mean()

    by_length = [losses[place] for place in (2, 0, 1, 4, 3)]  # of 22, 8, 6, 4 and 3 sub-words
    possible = []
    for left in range(5):
        rest = by_length[:left] + by_length[left + 1 :]
        updates = [rest[:2], rest[2:], [by_length[left]]]
        possible.append(float(torch.stack([mean(update) for update in updates]).mean()))
    assert any(noted(store, trained) == [pytest.approx(loss)] for loss in possible)


def test_words_weigh_the_same_in_all_updates_where_asked(
    store: Store, labelled: Reference, encoder: Reference, said: Callable[..., torch.Tensor]
) -> None:
    config = TaggerTraining(**{**STILL, "sentences_per_batch": 2, "loss_mean": "word"})
    trained = run_alone(store, train_tagger, labelled, encoder, config, WINDOWS)
    assert store.require(trained).notes["updates"] == 3
    assert noted(store, trained) == [pytest.approx(float(equation_8_of_unitrans(said(trained)).mean()))]


def test_passes_of_an_update_learn_what_one_pass_learns(
    store: Store, soft: Reference, votes: Reference, encoder: Reference
) -> None:
    learning = {"epochs": 3, "learning_rate": 0.02, "frozen_layers": 0, "dropout": 0.0, "soft_weight": 1.7}
    learning |= {"loss_mean": "word", "hard_mean": "agreed"}
    together, apart = (
        VotedStudentTraining(**{**learning, "sentences_per_batch": 100, "subwords_per_batch": room})
        for room in (ONE_UPDATE, SEVERAL_UPDATES)
    )
    one, several = (
        run_alone(store, train_voted_student, encoder, soft, votes, config, WINDOWS) for config in (together, apart)
    )
    assert noted(store, several) == pytest.approx(noted(store, one), rel=1e-3)  # the later ones tell what was learnt
    assert noted(store, one)[2] < 0.9 * noted(store, one)[0]


# --- Updates that change something, against a loop of plain torch.

SHORT = [words for words in WORDS if len(words) in (1, 2, 4)]
STEPS = {
    "epochs": 3,
    "learning_rate": 0.02,
    "frozen_layers": 1,
    "dropout": 0.0,
    "sentences_per_batch": None,
    "subwords_per_batch": ONE_UPDATE,
    "weight_decay": 0.9,
    "clip_norm": 0.5,
    "warmup_fraction": 0.0,
}


def plain_probabilities(model: Any, tokenizer: Any, words: list[str]) -> torch.Tensor:
    """log p_hat of each word of one sentence, read at the word's first sub-word."""
    encoded = tokenizer(words, is_split_into_words=True, return_tensors="pt")
    first = [encoded.word_ids().index(word) for word in range(len(words))]
    log_p_hat: torch.Tensor = model(**encoded).logits[0, first].log_softmax(dim=-1)
    return log_p_hat


def plain_training(folder: Path, losses: Callable[[int, torch.Tensor], torch.Tensor]) -> list[float]:
    """The losses of three updates by AdamW, written down anew; `losses` takes a sentence's place and log p_hat."""
    model = AutoModelForTokenClassification.from_pretrained(folder, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    frozen = ("bert.embeddings.", "bert.encoder.layer.0.")
    trained = [p for name, p in model.named_parameters() if not name.startswith(frozen)]
    groups = [
        {"params": [p for p in trained if p.ndim == 2], "weight_decay": STEPS["weight_decay"]},
        {"params": [p for p in trained if p.ndim == 1], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.999), eps=1e-8)
    found = []
    for rate in (3 / 3, 2 / 3, 1 / 3):
        for group in optimizer.param_groups:
            group["lr"] = STEPS["learning_rate"] * rate
        each = [losses(i, plain_probabilities(model, tokenizer, words)).mean() for i, words in enumerate(SHORT)]
        loss = torch.stack(each).mean()
        model.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, STEPS["clip_norm"])
        optimizer.step()
        found.append(loss.item())
    return found


def test_three_updates_of_the_collaborator_are_those_of_a_plain_loop(
    store: Store, put_table: Put, tagger: Reference
) -> None:
    ids, counts = list(range(len(SHORT))), [len(words) for words in SHORT]
    noise = np.random.default_rng(5)
    hard = [noise.integers(0, C, n) for n in counts]
    p = [noise.dirichlet(np.full(C, 0.5), n).astype(np.float32) for n in counts]
    w = [noise.uniform(0.1, 0.9, n).astype(np.float32) for n in counts]
    spelt = [[LABELS[i] for i in sentence] for sentence in hard]
    columns = {"sentence_id": ids, "words": SHORT, "tags": spelt, "source_words": SHORT, "origin": SHORT}
    columns |= {"corpus": ["labelled/ab"] * len(ids), "source_sentence_id": ids}
    translation = put_table(TRANSLATION, columns, META)
    soft = put_table(
        SOFT_LABELS, {"sentence_id": ids, "words": SHORT, "probabilities": [rows.tolist() for rows in p]}, META
    )
    weights = [row.tolist() for row in w]
    reliability = put_table(
        RELIABILITY,
        {"sentence_id": ids, "agreement": weights, "weight": weights},
        {"labels": LABELS, "class_mean": {}, "neighbours": 1},
    )

    def losses(i: int, log_p_hat: torch.Tensor) -> torch.Tensor:
        soft_part = torch.from_numpy(w[i]) * cross_entropy(log_p_hat, torch.from_numpy(p[i]))
        return 0.7 * soft_part + 0.2 * cross_entropy(log_p_hat, torch.eye(C)[torch.from_numpy(hard[i])])

    config = CollaboratorTraining(**STEPS)
    trained = run_alone(store, train_collaborator, tagger, translation, soft, reliability, 0.7, 0.2, config, WINDOWS)
    expected = plain_training(store.folder(tagger), losses)
    assert noted(store, trained) == pytest.approx(expected, rel=1e-4)
    assert len({round(loss, 2) for loss in expected}) == 3  # each update changed something


def test_labelling_reads_each_word_at_its_first_subword(
    store: Store, tagger: Reference, said: Callable[..., torch.Tensor]
) -> None:
    model = AutoModelForTokenClassification.from_pretrained(store.folder(tagger), dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(store.folder(tagger))
    with torch.inference_mode():
        plain = [plain_probabilities(model, tokenizer, words) for words in WORDS if len(words) in (1, 2, 4)]
    found = [part for part in said(tagger).split(COUNTS) if len(part) in (1, 2, 4)]
    for one, other in zip(found, plain, strict=True):
        torch.testing.assert_close(one, other.double(), rtol=1e-4, atol=1e-5)


# --- Dropout and frozen layers.


def test_dropout_is_that_of_the_settings(
    store: Store,
    encoder: Reference,
    tagger: Reference,
    labelled: Reference,
    translation: Reference,
    soft: Reference,
    said: Callable[..., torch.Tensor],
) -> None:
    dropped: dict[str, Any] = {**STILL, "dropout": 0.5}
    collaboration = (translation, soft, None, 0.7, 0.2, CollaboratorTraining(**dropped))
    found = [run_alone(store, train_collaborator, tagger, *collaboration, WINDOWS)]
    without = [equations_4_and_5_of_colada(said(found[0]), 1.0)]
    for start in (encoder, tagger):
        found.append(run_alone(store, train_tagger, labelled, start, TaggerTraining(**dropped), WINDOWS))
        without.append(equation_8_of_unitrans(said(found[-1])))
        found.append(run_alone(store, train_student, start, soft, None, StudentTraining(**dropped), WINDOWS))
        without.append(equation_6_of_colada(said(found[-1]), 1.0))
    config = VotedStudentTraining(**dropped, soft_weight=1.7, hard_weight=0.6)
    found.append(run_alone(store, train_voted_student, encoder, soft, None, config, WINDOWS))
    without.append(equation_13_of_unitrans(said(found[-1]), 1.7, 0.0))
    for trained, losses in zip(found, without, strict=True):
        assert noted(store, trained) != [pytest.approx(float(mean_of_sentences(losses)), rel=1e-4)]


def test_frozen_layers_stay_and_the_others_move(
    store: Store, tagger: Reference, labelled: Reference, translation: Reference, soft: Reference
) -> None:
    settings: dict[str, Any] = {**STILL, "learning_rate": 0.1, "frozen_layers": 1}
    collaboration = (translation, soft, None, 0.5, 0.5, CollaboratorTraining(**settings))
    for trained in (
        run_alone(store, train_tagger, labelled, tagger, TaggerTraining(**settings), WINDOWS),
        run_alone(store, train_student, tagger, soft, None, StudentTraining(**settings), WINDOWS),
        run_alone(store, train_collaborator, tagger, *collaboration, WINDOWS),
    ):
        before, after = weights_of(store, tagger), weights_of(store, trained)
        moved = {name for name, tensor in before.items() if not torch.equal(after[name], tensor)}
        assert not any(name.startswith(("bert.embeddings.", "bert.encoder.layer.0.")) for name in moved)
        assert "bert.encoder.layer.1.output.dense.weight" in moved and "classifier.weight" in moved
