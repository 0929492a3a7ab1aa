"""The head of spans: its scores by the book, its loss by hand, and every step that any head goes through."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AutoModel, DistilBertConfig, ModernBertConfig, PreTrainedTokenizerFast, XLMRobertaConfig

from artifacts.catalog import ENCODER, GOLD, LABELLED, TAGGER, LabelledOrTranslation
from artifacts.reference import Reference
from artifacts.step import Job, run_alone, step
from artifacts.store import Store
from tasks.distillation.export_student import StudentCard, export_student
from tasks.evaluation.scores import score
from tasks.tagging.decoding import Decoding
from tasks.tagging.heads import word_logits
from tasks.tagging.labelling import label_words
from tasks.tagging.predict import predict_words
from tasks.tagging.span_head import SPANS, SpanHead
from tasks.tagging.student import load_student
from tasks.tagging.tagger import load_encoder, load_tagger, new_tagger, save_tagger
from tasks.tagging.train_tagger import TaggerTraining, learn_labels
from tasks.tagging.training_shell import EncoderOrTagger
from tasks.tagging.windows import WindowConfig, collate_words, make_windows
from tasks.words.spans import spans_of

LABELS = ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]
META = {"language": "en", "labels": LABELS}
WORDS = [["Anna", "Paris", "lives", "in", "Berlin"], ["Berlin", "."], ["in", "Paris"], ["Anna", "Anna"]] * 6
TAGS = [["B-PER", "I-PER", "O", "O", "B-LOC"], ["B-LOC", "O"], ["O", "B-LOC"], ["B-PER", "I-PER"]] * 6
WINDOWS = WindowConfig(max_length_subwords=32, overlap_subwords=8)
FAST = {"epochs": 25, "learning_rate": 0.02, "frozen_layers": 0, "dropout": 0.0}
FAST |= {"subwords_per_batch": 64, "sentences_per_batch": None}
Put = Callable[..., Reference]


@step(TAGGER)
def train_span_tagger(
    job: Job, data: LabelledOrTranslation, start: EncoderOrTagger, config: TaggerTraining, windows: WindowConfig
) -> None:
    """Trains one on labels alone."""
    learn_labels(job, SPANS, data, start, config, windows)


@pytest.fixture
def sentences(put_table: Put) -> Reference:
    return put_table(LABELLED, {"sentence_id": list(range(len(WORDS))), "words": WORDS, "tags": TAGS}, META)


@pytest.fixture
def tagger(store: Store, sentences: Reference, put_model: Put, tiny_encoder: Path) -> Reference:
    encoder = put_model(ENCODER, tiny_encoder)
    return run_alone(store, train_span_tagger, sentences, encoder, TaggerTraining(**FAST), WINDOWS)


@pytest.fixture
def model(tiny_encoder: Path) -> Any:
    """One with large weights, so that no two spans look alike."""
    made, _ = new_tagger(tiny_encoder, LABELS, 0.0, 1, SpanHead(3))
    with torch.no_grad(), torch.random.fork_rng():
        torch.manual_seed(1)
        for part in (made.span_lengths.weight, made.span_forms.weight, *made.span_classifier.parameters()):
            part.normal_()
    return made.eval()


def batch_of(tokenizer: Any, words: list[list[str]], **arrays: np.ndarray) -> dict[str, torch.Tensor]:
    windows = make_windows(tokenizer, words, 32, 8)
    return collate_words(windows, arrays, np.arange(len(windows.starts)))


def by_the_book(model: Any, batch: dict[str, torch.Tensor], sentences: list[list[str]], forms: list[int]) -> Any:
    """Scores of each span as the paper writes it: W [h_b; h_e; l; m] + bias."""
    states = model.base_model(batch["input_ids"], attention_mask=batch["attention_mask"]).last_hidden_state
    h = states[batch["word_rows"], batch["word_positions"]]
    first, scores = 0, {}
    for words in sentences:
        for b in range(first, first + len(words)):
            for e in range(b, min(b + 3, first + len(words))):
                m = sum(model.span_forms.weight[forms[word]] for word in range(b, e + 1))
                z = torch.cat([h[b], h[e], model.span_lengths.weight[e - b], m])
                scores[b, e - b] = model.span_classifier(z)
        first += len(words)
    return scores


def test_scores_are_those_of_first_and_last_word_length_and_forms(model: Any, tokenizer: Any) -> None:
    sentences = [["Anna", "in", "PARIS", "."], ["abc"]]
    batch = batch_of(tokenizer, sentences)
    with torch.no_grad():
        outputs = SPANS.outputs(model, batch).view(5, 3, 3)
        expected = by_the_book(model, batch, sentences, [2, 1, 0, 4, 1])  # title, lower, upper, other, lower
    for place in np.ndindex(5, 3):
        if place in expected:
            torch.testing.assert_close(outputs[place], expected[place])
        else:  # no span: O for sure
            assert outputs[place].softmax(dim=0).tolist() == [1, 0, 0]
    assert len(expected) == 4 + 3 + 2 + 1


def test_the_loss_is_the_mean_over_the_spans_of_a_sentence_by_hand(model: Any, tokenizer: Any) -> None:
    # Anna Paris in: PER PER O. Spans of up to 3 words: 6, of which Anna Paris is class 2 and the others O; Anna: 1.
    batch = batch_of(tokenizer, [["Anna", "Paris", "in"], ["Anna"]], hard=np.array([3, 4, 0, 3]))
    with torch.no_grad():
        outputs = SPANS.outputs(model, batch)
        losses = SPANS.losses(model, outputs, batch)
        log_p = outputs.view(4, 3, 3).log_softmax(dim=-1)
    first = -(log_p[0, 0, 0] + log_p[0, 1, 2] + log_p[0, 2, 0] + log_p[1, 0, 0] + log_p[1, 1, 0] + log_p[2, 0, 0]) / 6
    torch.testing.assert_close(losses[:3].mean(), first)
    torch.testing.assert_close(losses[3], -log_p[3, 0, 2])
    # Equal scores everywhere: ln 3, whatever the labels.
    even = torch.zeros_like(outputs)
    assert SPANS.losses(model, even, batch)[:3].mean().item() == pytest.approx(np.log(3))


def test_probabilities_of_spans_sum_to_1(model: Any, tokenizer: Any) -> None:
    with torch.no_grad():
        outputs = SPANS.outputs(model, batch_of(tokenizer, WORDS)).view(-1, 3, 3)
    assert outputs.dtype == torch.float32
    assert (outputs.softmax(dim=-1).sum(dim=-1) - 1).abs().max() <= 1e-6


def test_a_words_probabilities_are_those_of_the_surest_spans_by_hand(model: Any) -> None:
    # Two words. The first alone is PER with .6; both are LOC with .3; the second alone is PER with .1; else O.
    p = torch.zeros(2, 3, 3)
    p[:, :, 0] = 1.0
    p[0, 0], p[0, 1], p[1, 0] = (torch.tensor(each) for each in ([0.4, 0, 0.6], [0.7, 0.3, 0], [0.9, 0, 0.1]))
    said = SPANS.label_logits(model, p.clamp(min=1e-30).log().flatten(1)).exp()
    # First: O .4, B-LOC .3, B-PER .6: of 1.3. Second: O .7, I-LOC .3, B-PER .1: of 1.1.
    expected = [[0.4 / 1.3, 0.3 / 1.3, 0, 0.6 / 1.3, 0], [0.7 / 1.1, 0, 0.3 / 1.1, 0.1 / 1.1, 0]]
    torch.testing.assert_close(said, torch.tensor(expected), atol=1e-6, rtol=0)


@pytest.mark.parametrize("words", range(6))
def test_spans_may_be_longer_than_the_text(tiny_encoder: Path, words: int) -> None:
    made, _ = new_tagger(tiny_encoder, LABELS, 0.0, 1, SpanHead(8))
    # No span is there, and so O alone.
    nothing = torch.tensor([0.0, -1e4, -1e4]).repeat(words, 8)
    said = SPANS.label_logits(made, nothing).softmax(dim=1)
    torch.testing.assert_close(said, torch.tensor([1.0, 0, 0, 0, 0]).repeat(words, 1))


def test_entities_that_overlap_are_decoded_the_surest_first(model: Any) -> None:
    # Words 0-1 are LOC with .6, words 1-2 PER with .8, word 0 LOC with .5; word 3 is a sentence of its own, O.
    p = torch.zeros(4, 3, 3)
    p[:, :, 0] = 1.0
    p[0, 1], p[1, 1], p[0, 0] = (torch.tensor(each) for each in ([0.4, 0.6, 0], [0.2, 0, 0.8], [0.4, 0.5, 0.1]))
    ids = SPANS.decode(model, p.clamp(min=1e-30).log().flatten(1), np.array([3, 1]), Decoding())
    assert [LABELS[i] for i in ids] == ["B-LOC", "B-PER", "I-PER", "O"]
    assert len(SPANS.decode(model, torch.zeros(0, 9), np.array([0]), Decoding())) == 0


def test_dropout_hits_the_states_while_training_alone(model: Any, tokenizer: Any) -> None:
    batch = batch_of(tokenizer, [["Anna", "in"]])
    model.span_dropout.p = 0.5
    with torch.no_grad():
        assert torch.equal(SPANS.outputs(model, batch), SPANS.outputs(model, batch))
        model.span_dropout.train()
        assert not torch.equal(SPANS.outputs(model, batch), SPANS.outputs(model, batch))


def test_a_saved_tagger_is_the_same_and_its_folder_has_an_encoder(model: Any, tokenizer: Any, tmp_path: Path) -> None:
    save_tagger(model, tokenizer, tmp_path / "saved")
    again, _ = load_tagger(tmp_path / "saved", SPANS)
    assert SPANS.lengths(again) == 3 and SPANS.labels(again) == LABELS and SPANS.classes(again) == ["O", "LOC", "PER"]
    before, after = model.state_dict(), again.state_dict()
    assert before.keys() == after.keys() and all(torch.equal(before[name], after[name]) for name in before)
    assert again.piece_counts.sum() > 0
    encoder, _ = load_encoder(tmp_path / "saved")
    assert all(torch.equal(t, before[f"bert.{name}"]) for name, t in encoder.state_dict().items())


def test_the_head_is_trained_labels_predicts_and_is_shipped(
    store: Store, put_table: Put, sentences: Reference, tagger: Reference
) -> None:
    assert store.metadata(tagger) == {"labels": LABELS}
    gold = put_table(GOLD, {"sentence_id": list(range(len(WORDS))), "tags": TAGS}, {**META, "language": "de"})
    predictions = run_alone(store, predict_words, tagger, sentences, WINDOWS, Decoding())
    scores = run_alone(store, score, predictions, gold, "spans")
    assert store.table(scores)["f1"].to_pylist() == [1.0, 1.0, 1.0]
    soft = store.table(run_alone(store, label_words, tagger, sentences, WINDOWS))["probabilities"].to_pylist()
    assert [[LABELS[int(np.argmax(word))] for word in sentence] for sentence in soft] == TAGS

    shipped = store.folder(
        run_alone(store, export_student, tagger, (scores,), StudentCard(target_languages=("de",)), ())
    )
    loaded = load_student(shipped, tokenized=True, windows=WINDOWS)
    told = list(loaded.tag_words(WORDS[:4]))
    assert [each.tags for each in told] == TAGS[:4]
    assert all(0.3 < p <= 1 for each in told for p in each.probabilities)


def check_card(store: Store, tagger: Reference) -> None:
    """What its card says finds the entities that `load_student` does."""
    shipped = store.folder(run_alone(store, export_student, tagger, (), StudentCard(target_languages=("de",)), ()))
    card = (shipped / "README.md").read_text(encoding="utf-8")
    assert "pipeline(" not in card and str(shipped) not in card
    (code,) = [block for block in re.findall(r"```python\n(.*?)```", card, re.DOTALL) if "AutoModel" in block]
    code = code.replace("path/to/this/folder", str(shipped))
    code = code[: code.rindex("entities([")]
    place: dict[str, Any] = {}
    exec(code, place)
    loaded = load_student(shipped, tokenized=True, windows=WINDOWS)
    texts = [*WORDS[:4], ["PARIS", "Ab", "Anna", "lives", "in", "a.b", "Berlin"], ["Anna", "\x07"]]
    for words, told in zip(texts, loaded.tag_words(texts), strict=True):
        assert place["entities"](words) == spans_of(told.tags)


def test_what_the_card_says_gives_the_same_entities(
    store: Store, tagger: Reference, model: Any, tokenizer: Any, put_model: Put, tmp_path: Path
) -> None:
    save_tagger(model, tokenizer, tmp_path / "wild")  # random weights: many spans overlap
    check_card(store, tagger)
    check_card(store, put_model(TAGGER, tmp_path / "wild", {"labels": LABELS}))


def test_what_the_card_says_gives_words_the_space_before_them(
    store: Store, sharp_encoder: Path, put_model: Put, tmp_path: Path
) -> None:
    shutil.copytree(sharp_encoder, tmp_path / "encoder")
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer, tokenizer.decoder = pre_tokenizers.ByteLevel(False), decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=300, special_tokens=["[UNK]"], initial_alphabet=alphabet)
    tokenizer.train_from_iterator([" ".join(words) for words in WORDS], trainer)
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="[UNK]").save_pretrained(tmp_path / "encoder")
    wider = AutoModel.from_pretrained(sharp_encoder)
    wider.resize_token_embeddings(300)
    wider.save_pretrained(tmp_path / "encoder")
    save_tagger(*new_tagger(tmp_path / "encoder", LABELS, 0.0, 3, SpanHead(most_words=3)), tmp_path / "wild")
    check_card(store, put_model(TAGGER, tmp_path / "wild", {"labels": LABELS}))


def test_probabilities_of_words_fit_the_labels(model: Any, tokenizer: Any) -> None:
    with torch.no_grad():
        logits = word_logits(SPANS, model, batch_of(tokenizer, WORDS))
    assert logits.shape == (66, 5)
    assert (logits.softmax(dim=-1).sum(dim=-1) - 1).abs().max() <= 1e-6


@pytest.mark.parametrize(
    "config",
    [
        XLMRobertaConfig(hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32),
        DistilBertConfig(dim=16, n_layers=1, n_heads=2, hidden_dim=32),
        ModernBertConfig(hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32),
    ],
    ids=lambda config: config.model_type,
)
def test_encoders_of_other_families_take_the_head(config: Any, tokenizer: Any, tmp_path: Path) -> None:
    config.vocab_size, config.pad_token_id = len(tokenizer), 0
    AutoModel.from_config(config).save_pretrained(tmp_path / "encoder")
    tokenizer.save_pretrained(tmp_path / "encoder")
    made, _ = new_tagger(tmp_path / "encoder", LABELS, 0.3, 1, SPANS)
    assert made.span_dropout.p == 0.3
    save_tagger(made, tokenizer, tmp_path / "saved")
    again, _ = load_tagger(tmp_path / "saved", SPANS)
    batch = batch_of(tokenizer, WORDS[:2])
    with torch.no_grad():
        torch.testing.assert_close(SPANS.outputs(again, batch), SPANS.outputs(made.eval(), batch))
    encoder, _ = load_encoder(tmp_path / "saved")
    assert all(torch.equal(t, made.base_model.state_dict()[name]) for name, t in encoder.state_dict().items())
