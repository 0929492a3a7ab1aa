from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch

from artifacts.catalog import ENCODER, LABELLED, SENTENCES, WORD_ALIGNMENT
from artifacts.errors import InputError
from artifacts.reference import Reference
from artifacts.step import run_alone
from artifacts.store import Store
from tasks.aligned.eflomal_alignment import align_by_eflomal
from tasks.aligned.encoder_alignment import EncoderAlignment, align_by_encoder, parts_of
from tasks.aligned.join_alignments import join_alignments, joined_links
from tasks.aligned.links import WordLinks
from tasks.aligned.sentence_pairs import alignment_table, links_of, sentence_pairs
from tasks.tagging.inference import FLOAT32, Inference
from tasks.tagging.subword_states import keep_first_layers, subword_states
from tasks.tagging.tagger import load_encoder
from tasks.tagging.windows import WindowConfig, make_windows
from tasks.translation.pairs.word_alignment import Alignment

PutTable = Callable[..., Reference]
SENTENCE = ["Anna", "lives", "in", "abc"]


def hidden_states(folder: Path, sentence: list[str], layer: int) -> torch.Tensor:
    """Of all sub-words of a sentence alone, without the special ones, divided by their length."""
    model, tokenizer = load_encoder(folder)
    encoded = tokenizer(sentence, is_split_into_words=True, return_tensors="pt")
    with torch.no_grad():
        states = model(**encoded, output_hidden_states=True).hidden_states[layer][0, 1:-1]
    return torch.nn.functional.normalize(states, dim=1)


@pytest.mark.parametrize("layer", [1, 2])
def test_states_are_those_of_the_chosen_layer_whatever_the_batches(sharp_encoder: Path, layer: int) -> None:
    sentences = [SENTENCE, [], ["Paris"]]
    expected = torch.cat([hidden_states(sharp_encoder, each, layer) for each in sentences if each])
    for budget in (1, 1000):
        model, tokenizer = load_encoder(sharp_encoder)
        keep_first_layers(model, layer)
        windows = make_windows(tokenizer, sentences, 64, 8)
        states, pieces = subword_states(model, windows, FLOAT32, device="cpu", budget=budget)
        assert pieces.tolist() == [1, 1, 1, 3, 1]
        torch.testing.assert_close(states, expected, rtol=1e-4, atol=1e-5)


def test_a_layer_that_the_encoder_does_not_have_is_refused(tiny_encoder: Path) -> None:
    with pytest.raises(InputError, match=r"layer 3 is asked for; expected 1 to 2"):
        keep_first_layers(load_encoder(tiny_encoder)[0], 3)


def test_the_layer_is_two_thirds_of_the_way_up_unless_it_is_named() -> None:
    assert [EncoderAlignment().layer_of(depth) for depth in (12, 24, 6, 1)] == [8, 16, 4, 1]
    assert EncoderAlignment(layer=5).layer_of(12) == 5


def test_sentences_without_a_translation_are_left_out() -> None:
    source = pa.table({"sentence_id": [7, 3, 5], "words": [["a"], ["b"], ["c"]]})
    target = pa.table({"sentence_id": [5, 7], "words": [["C"], ["A"]]})
    assert sentence_pairs(source, target).to_pydict() == {
        "pair_id": [7, 5],
        "source_words": [["a"], ["c"]],
        "target_words": [["A"], ["C"]],
    }
    with pytest.raises(InputError, match="translation of sentence 4, which is not among the 3 sentences"):
        sentence_pairs(source, pa.table({"sentence_id": [4], "words": [["x"]]}))


def test_parts_end_where_they_have_enough_words() -> None:
    # Words of both sides: 2, 2, 5, 1.
    table = pa.table({"source_words": [["a"], ["a"], ["a"] * 3, []], "target_words": [["b"], ["b"], ["b"] * 2, ["b"]]})
    assert parts_of(table, 4) == [(0, 2), (2, 4)]
    assert parts_of(table, 100) == [(0, 4)] and parts_of(table.slice(0, 0), 4) == []


def test_links_are_the_same_after_a_table() -> None:
    words = [["a", "b"], [], ["c"]]
    pairs = pa.table({"pair_id": [4, 5, 6], "source_words": words, "target_words": [["A"], ["B"], ["C", "D"]]})
    links = WordLinks(np.array([0, 1, 2]), np.array([0, 0, 3]), np.array([0.5, np.nan, 1.0], dtype=np.float32))
    table = alignment_table(pairs, links)
    assert table["source_links"].to_pylist() == [[0, 1], [], [0]]
    assert table["target_links"].to_pylist() == [[0, 0], [], [1]]
    assert table["similarities"].to_pylist() == [[0.5, None], [], [1.0]]
    for whole, again in zip(vars(links).values(), vars(links_of(table)).values(), strict=True):
        np.testing.assert_array_equal(whole, again)


@pytest.fixture
def aligned(store: Store, put_table: PutTable, put_model: PutTable, sharp_encoder: Path) -> Callable[..., Reference]:
    def run(source: list[list[str]], target: dict[int, list[str]], windows: int = 64, precision: str = "float32"):
        rows = {
            "sentence_id": list(range(len(source))),
            "words": source,
            "tags": [["O"] * len(each) for each in source],
        }
        return run_alone(
            store,
            align_by_encoder,
            put_table(LABELLED, rows, {"language": "en", "labels": ["O"]}),
            put_table(SENTENCES, {"sentence_id": list(target), "words": list(target.values())}, {"language": "de"}),
            put_model(ENCODER, sharp_encoder),
            EncoderAlignment(layer=1),
            WindowConfig(max_length_subwords=windows, overlap_subwords=2),
            Inference(precision=precision),
        )

    return run


@pytest.mark.parametrize("precision", ["float32", "bf16"])
def test_a_sentence_is_aligned_with_itself_word_by_word(
    store: Store, aligned: Callable[..., Reference], precision: str
) -> None:
    assert store.table(aligned([], {})).num_rows == 0
    done = aligned([SENTENCE, ["Paris"], []], {2: [], 0: SENTENCE}, precision=precision)
    table = store.table(done)
    assert table["pair_id"].to_pylist() == [0, 2]
    assert table["source_links"].to_pylist() == table["target_links"].to_pylist() == [[0, 1, 2, 3], []]
    np.testing.assert_allclose(table["similarities"].to_pylist()[0], 1, atol=0.02)
    said = store.metadata(done)
    assert said == {
        "source_language": "en",
        "target_language": "de",
        "aligner": "encoder",
        "layer": 1,
        "links": 4,
    }


def test_a_sentence_longer_than_a_window_has_links_in_all_its_parts(
    store: Store, aligned: Callable[..., Reference]
) -> None:
    # 12 words of 1 to 4 sub-words in windows of 10: the same windows on both sides, so the same states.
    long = [*SENTENCE, "Paris", "Berlin", "abcd", "in", "Anna", "bcd", "lives", "dcba"]
    table = store.table(aligned([long], {0: long}, windows=10))
    pairs = list(zip(table["source_links"].to_pylist()[0], table["target_links"].to_pylist()[0], strict=True))
    assert {(i, i) for i in range(12)} <= set(pairs)


def test_eflomal_aligns_sentences_by_what_parallel_text_taught(store: Store, put_table: PutTable) -> None:
    said = {"source_language": "en", "target_language": "de"}
    words = {"red": "rot", "old": "alt", "new": "neu", "house": "Haus", "tree": "Baum", "car": "Auto"}
    phrases = [(a, b) for a in ("red", "old", "new") for b in ("house", "tree", "car")]
    rows = {
        "pair_id": list(range(9 * 60)),
        "source_words": [list(pair) for pair in phrases] * 60,
        "target_words": [[words[b], words[a]] for a, b in phrases] * 60,
        "source_links": [[0, 1]] * 540,
        "target_links": [[1, 0]] * 540,
        "similarities": [[None, None]] * 540,
    }
    learnt = put_table(WORD_ALIGNMENT, rows, said)
    given = {"sentence_id": list(range(10, 19)), "words": rows["source_words"][:9]}
    source = put_table(SENTENCES, given, {"language": "en"})
    target = put_table(SENTENCES, {**given, "words": rows["target_words"][:9]}, {"language": "de"})
    config = Alignment(symmetrisation="intersection")
    done = run_alone(store, align_by_eflomal, source, target, (learnt,), config)
    table = store.table(done)
    assert table["pair_id"].to_pylist() == given["sentence_id"]
    crossed = [each == [1, 0] for each in table["target_links"].to_pylist()]
    assert sum(crossed) >= 8
    assert store.metadata(done)["aligner"] == "eflomal"
    with pytest.raises(InputError, match=r"the sentences are en to de, the parallel text .* is de to en"):
        other = put_table(WORD_ALIGNMENT, rows, {"source_language": "de", "target_language": "en"})
        run_alone(store, align_by_eflomal, source, target, (other,), config)


def some(*links: tuple[int, int, float]) -> WordLinks:
    source, target, similarities = zip(*links, strict=True) if links else ((), (), ())
    return WordLinks(np.array(source, int), np.array(target, int), np.array(similarities, np.float32))


def test_links_of_two_aligners_are_joined() -> None:
    nan = np.nan
    one, other = some((0, 0, 0.9), (1, 2, 0.4)), some((0, 0, nan), (1, 1, nan), (2, 2, nan))
    both = joined_links(one, other, "intersection")
    assert (both.source.tolist(), both.target.tolist()) == ([0], [0])
    np.testing.assert_allclose(both.similarities, [0.9], rtol=1e-6)
    either = joined_links(one, other, "union")
    assert (either.source.tolist(), either.target.tolist()) == ([0, 1, 1, 2], [0, 1, 2, 2])
    np.testing.assert_allclose(either.similarities, [0.9, nan, 0.4, nan], rtol=1e-6)
    assert len(joined_links(one, some(), "intersection")) == 0 and len(joined_links(some(), one, "union")) == 2


def test_the_step_joins_alignments_of_the_same_words_alone(store: Store, put_table: PutTable) -> None:
    said = {"source_language": "en", "target_language": "de", "aligner": "encoder"}
    rows = {
        "pair_id": [3, 4],
        "source_words": [["a", "b"], ["c"]],
        "target_words": [["A", "B"], ["C"]],
        "source_links": [[0, 1], [0]],
        "target_links": [[0, 1], [0]],
        "similarities": [[0.5, 0.25], [0.5]],
    }
    without = {**rows, "source_links": [[0], [0]], "target_links": [[0], [0]], "similarities": [[None], [None]]}
    one, other = (
        put_table(WORD_ALIGNMENT, rows, said),
        put_table(WORD_ALIGNMENT, without, {**said, "aligner": "eflomal"}),
    )
    done = run_alone(store, join_alignments, one, other, "intersection")
    assert store.table(done).to_pydict() == {**without, "similarities": [[0.5], [0.5]]}
    assert store.metadata(done)["aligner"] == "intersection of encoder and eflomal"
    with pytest.raises(InputError, match="not of the same sentence pairs"):
        moved = put_table(WORD_ALIGNMENT, {**rows, "pair_id": [3, 5]}, said)
        run_alone(store, join_alignments, one, moved, "union")
