import numpy as np
import pytest

from artifacts.catalog import ENCODER, EPOCH_SCORES, GOLD, LABELLED, SENTENCES
from artifacts.errors import InputError
from artifacts.step import run_alone
from tasks.evaluation.choose_epoch import choose_epoch, score_epochs
from tasks.tagging.decoding import Decoding
from tasks.tagging.epochs import epoch_keeper, set_epoch
from tasks.tagging.inference import FLOAT32, open_tagger, word_outputs
from tasks.tagging.tagger import save_tagger
from tasks.tagging.train_tagger import TaggerTraining, train_tagger
from tasks.tagging.windows import WindowConfig, make_windows
from tasks.words.columns import tag_column

LABELS = ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]
WORDS = [["Anna", "lives", "in", "Paris"], ["Berlin", "."], ["in", "Berlin"], ["Anna", "."]] * 5
TAG_OF = {"Anna": "B-PER", "Paris": "B-LOC", "Berlin": "B-LOC"}
TAGS = [[TAG_OF.get(word, "O") for word in words] for words in WORDS]
IDS = list(range(len(WORDS)))
WINDOWS = WindowConfig(max_length_subwords=32, overlap_subwords=8)
FAST = {"epochs": 8, "learning_rate": 0.003, "frozen_layers": 1, "dropout": 0.0, "sentences_per_batch": 10}
HOW = (WINDOWS, Decoding(), FLOAT32)


@pytest.fixture
def source(put_table):
    return put_table(LABELLED, {"sentence_id": IDS, "words": WORDS, "tags": TAGS}, {"language": "en", "labels": LABELS})


@pytest.fixture
def sentences(put_table):
    return put_table(SENTENCES, {"sentence_id": IDS, "words": WORDS}, {"language": "de"})


@pytest.fixture
def trained(store, put_model, tiny_encoder, source):
    encoder = put_model(ENCODER, tiny_encoder)
    return run_alone(store, train_tagger, source, encoder, TaggerTraining(**FAST, keep_epochs=True), WINDOWS)


def tags_after(folder, epoch):
    """What a tagger said of every word after an epoch; None: of the folder as it is."""
    head, model, tokenizer = open_tagger(folder)
    if epoch is not None:
        set_epoch(model, folder, epoch)
    cut = make_windows(tokenizer, WORDS, WINDOWS.max_length_subwords, WINDOWS.overlap_subwords)
    ids = head.decode(model, word_outputs(head, model, cut, FLOAT32, device="cpu", budget=64), cut.word_counts, HOW[1])
    return tag_column(ids, np.array([len(words) for words in WORDS]), LABELS).to_pylist()


@pytest.fixture
def choose(store, sentences):
    """Chooses among a tagger's epochs by gold labels of the sentences, one or several times."""

    def chosen(tagger, *gold):
        names = tuple(f"dev {number}" for number in range(len(gold)))
        scores = run_alone(store, score_epochs, tagger, names, (sentences,) * len(gold), gold, *HOW)
        return run_alone(store, choose_epoch, tagger, scores)

    return chosen


def test_the_epoch_whose_labels_are_the_gold_ones_is_chosen(store, put_table, trained, choose):
    # What the tagger said after an early epoch is made gold: F1 is 1 there, and lower at the end.
    folder = store.folder(trained)
    last = tags_after(folder, 8)
    assert last == tags_after(folder, None)
    said = {epoch: tags_after(folder, epoch) for epoch in range(1, 8)}
    early = max(e for e, tags in said.items() if tags != last and any("B-" in tag for row in tags for tag in row))
    gold = put_table(GOLD, {"sentence_id": IDS, "tags": said[early]}, {"language": "de", "labels": LABELS})
    chosen = choose(trained, gold)
    notes = store.require(chosen).notes
    assert len(notes["f1"]) == 8 and notes["f1"][early - 1] == 1.0 > notes["f1"][-1]
    assert notes["epoch"] == notes["f1"].index(1.0) + 1
    assert tags_after(store.folder(chosen), None) == said[early]
    assert store.metadata(chosen) == {"labels": LABELS}
    assert not (store.folder(chosen) / "epochs").exists()


def test_on_several_texts_the_mean_of_their_f1_decides(store, put_table, trained, choose):
    # Each text alone would choose another epoch than the other: what the tagger said after it is its gold.
    folder = store.folder(trained)
    said = {epoch: tags_after(folder, epoch) for epoch in range(1, 9)}
    gold = [
        put_table(GOLD, {"sentence_id": IDS, "tags": tags}, {"language": "de", "labels": LABELS})
        for tags in (said[1], said[8])
    ]
    alone = [store.require(choose(trained, each)).notes["f1"] for each in gold]
    chosen = choose(trained, *gold)
    notes = store.require(chosen).notes
    assert alone[0] != alone[1]
    assert notes["f1"] == pytest.approx([(one + other) / 2 for one, other in zip(*alone, strict=True)])
    assert notes["epoch"] == notes["f1"].index(max(notes["f1"])) + 1
    assert tags_after(store.folder(chosen), None) == said[notes["epoch"]]


def test_the_scores_of_every_epoch_and_text_are_a_table(store, put_table, trained, sentences):
    folder = store.folder(trained)
    last = put_table(GOLD, {"sentence_id": IDS, "tags": tags_after(folder, 8)}, {"language": "de", "labels": LABELS})
    true = put_table(GOLD, {"sentence_id": IDS, "tags": TAGS}, {"language": "de", "labels": LABELS})
    how = (("one", "other"), (sentences, sentences), (last, true), *HOW)
    scores = run_alone(store, score_epochs, trained, *how)
    rows = store.table(scores).to_pylist()
    assert [(row["epoch"], row["text"], row["type"]) for row in rows] == [
        (epoch, text, kind)
        for epoch in range(1, 9) for text in ("one", "other") for kind in ("overall", "LOC", "PER")
    ]  # fmt: skip
    by_hand = {"precision": 1.0, "recall": 1.0, "f1": 1.0, "predicted": rows[-6]["gold"], "correct": rows[-6]["gold"]}
    assert {name: rows[-6][name] for name in by_hand} == by_hand  # What it says at last is the first text's gold.
    assert {row["gold"] for row in rows if (row["text"], row["type"]) == ("other", "LOC")} == {15}
    other = run_alone(store, score_epochs, trained, ("one",), (sentences,), (last,), *HOW)
    assert store.table(other).to_pylist() == [row for row in rows if row["text"] == "one"]


def test_all_entities_decide_and_not_those_of_a_type(store, put_table, trained, choose):
    said = [{"overall": 0.5, "LOC": 0.9, "PER": 0.9}] * 8
    said[2] = {"overall": 0.6, "LOC": 0.1, "PER": 0.2}
    rows = [
        {"epoch": epoch, "text": "dev", "type": kind, "precision": f1, "recall": f1, "f1": f1}
        for epoch, of in enumerate(said, start=1)
        for kind, f1 in of.items()
    ]
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    columns |= {name: [0] * len(rows) for name in EPOCH_SCORES.schema.names if name not in columns}
    scores = put_table(EPOCH_SCORES, columns, {"labels": LABELS, "epochs": 8})
    notes = store.require(run_alone(store, choose_epoch, trained, scores)).notes
    assert (notes["epoch"], notes["f1"]) == (3, [0.5, 0.5, 0.6, 0.5, 0.5, 0.5, 0.5, 0.5])


def test_long_sentences_are_scored_in_windows(store, put_table, trained):
    words = [[word for each in WORDS for word in each]]
    small = WindowConfig(max_length_subwords=12, overlap_subwords=4)
    head, model, tokenizer = open_tagger(store.folder(trained))
    cut = make_windows(tokenizer, words, 12, 4)
    ids = head.decode(model, word_outputs(head, model, cut, FLOAT32, device="cpu", budget=64), cut.word_counts, HOW[1])
    of = put_table(SENTENCES, {"sentence_id": [0], "words": words}, {"language": "de"})
    tags = tag_column(ids, np.array([len(words[0])]), LABELS).to_pylist()
    gold = put_table(GOLD, {"sentence_id": [0], "tags": tags}, {"language": "de", "labels": LABELS})
    scores = run_alone(store, score_epochs, trained, ("dev",), (of,), (gold,), small, *HOW[1:])
    last = store.table(scores).to_pylist()[-3]
    assert (last["epoch"], last["type"], last["f1"]) == (8, "overall", 1.0) and last["gold"] > 10
    whole = make_windows(tokenizer, words, 64, 4)
    outputs = word_outputs(head, model, whole, FLOAT32, device="cpu", budget=64)
    others = head.decode(model, outputs, whole.word_counts, HOW[1])
    assert list(others) != list(ids), "windows are seen in the labels"


def test_gold_of_other_labels_or_sentences_is_refused(store, put_table, trained, sentences, choose):
    def gold(tags, labels):
        return put_table(GOLD, {"sentence_id": IDS[: len(tags)], "tags": tags}, {"language": "de", "labels": labels})

    with pytest.raises(InputError, match="label sets differ: gold has O, B-LOC, I-LOC; the tagger has O, B-LOC, I-LOC"):
        choose(trained, gold(TAGS, LABELS[:3]))
    with pytest.raises(InputError, match="gold and sentences: 19 and 20 sentences"):
        choose(trained, gold(TAGS[:-1], LABELS))


def test_scores_of_another_number_of_epochs_are_refused(
    store, put_table, put_model, tiny_encoder, source, sentences, trained
):
    gold = put_table(GOLD, {"sentence_id": IDS, "tags": TAGS}, {"language": "de", "labels": LABELS})
    config = TaggerTraining(**{**FAST, "epochs": 2}, keep_epochs=True)
    shorter = run_alone(store, train_tagger, source, put_model(ENCODER, tiny_encoder), config, WINDOWS)
    scores = run_alone(store, score_epochs, shorter, ("dev",), (sentences,), (gold,), *HOW)
    with pytest.raises(InputError, match=r"scores of 2 epochs, but tagger/\w+ keeps 8; score them"):
        run_alone(store, choose_epoch, trained, scores)


def test_of_equal_epochs_the_first_is_chosen(store, put_table, trained, choose):
    gold = put_table(GOLD, {"sentence_id": IDS, "tags": TAGS}, {"language": "de", "labels": LABELS})
    notes = store.require(choose(trained, gold)).notes
    assert notes["f1"].count(max(notes["f1"])) > 1
    assert notes["epoch"] == notes["f1"].index(max(notes["f1"])) + 1


def test_a_tagger_without_its_epochs_is_refused(store, put_table, put_model, tiny_encoder, source, choose):
    gold = put_table(GOLD, {"sentence_id": IDS, "tags": TAGS}, {"language": "de", "labels": LABELS})
    config = TaggerTraining(**{**FAST, "epochs": 1})
    last_alone = run_alone(store, train_tagger, source, put_model(ENCODER, tiny_encoder), config, WINDOWS)
    with pytest.raises(InputError, match="it keeps no tagger but the last; train it with keep_epochs"):
        choose(last_alone, gold)


def test_an_epoch_that_could_not_be_written_whole_is_not_there(tmp_path, trained, store, monkeypatch):
    _, model, _ = open_tagger(store.folder(trained))

    def torn(tensors, path):
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tasks.tagging.epochs.save_file", torn)
    with pytest.raises(OSError, match="No space"):
        epoch_keeper(tmp_path)(1, model)
    assert list((tmp_path / "epochs").iterdir()) == []


def test_an_epoch_keeps_what_was_trained_alone(tmp_path, trained, store):
    folder = store.folder(trained)
    whole, kept = (folder / "model.safetensors").stat().st_size, (folder / "epochs" / "0003.safetensors").stat().st_size
    assert kept < whole / 2  # embeddings and one of two layers are frozen
    _, model, tokenizer = open_tagger(folder)
    set_epoch(model, folder, 8)
    save_tagger(model, tokenizer, tmp_path)
    assert (tmp_path / "model.safetensors").read_bytes() == (folder / "model.safetensors").read_bytes()
