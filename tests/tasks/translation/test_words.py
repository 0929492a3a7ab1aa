from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pytest

from artifacts.catalog import LABELLED, LEXICON, PARALLEL, SENTENCES
from artifacts.step import Job, run_alone, step
from artifacts.store import Store
from tasks.translation.casing import case_counts
from tasks.translation.words import (
    WordTranslation,
    best_translations,
    origin_counts,
    translate_table,
    translate_words,
)

LEXICON_WORDS = {"the": "die", "city": "Stadt", "lies": "liegt", "Ada": "Stadt", "river": "Fluss", "1990s": "1990er"}


def labelled(sentences: list[list[tuple[str, str]]]) -> pa.Table:
    words = [[word for word, _ in sentence] for sentence in sentences]
    tags = [[tag for _, tag in sentence] for sentence in sentences]
    return pa.table({"sentence_id": range(len(words)), "words": words, "tags": tags}, schema=LABELLED.schema)


DATA = labelled(
    [
        [("The", "O"), ("city", "O"), ("Ada", "B-PER"), ("City", "I-PER"), ("LIES", "O"), (",", "O")],
        [],
        [("Rhein", "B-LOC"), ("river", "I-LOC"), ("1990", "O"), ("1990s", "O")],
    ]
)


def translated(
    config: WordTranslation, data: pa.Table = DATA, counts: Mapping[str, np.ndarray] | None = None
) -> pa.Table:
    casing = config.casing_for("de")
    return translate_table(
        data, LEXICON_WORDS, config, casing=casing, counts=counts or {}, written={}, corpus="labelled/ab"
    )


def test_labels_are_copied_names_of_persons_too_and_the_rest_is_looked_up_in_lower_case_at_last() -> None:
    table = translated(WordTranslation(casing="lexicon"))
    assert table["words"].to_pylist() == [
        ["die", "Stadt", "Ada", "City", "liegt", ","],
        [],
        ["Rhein", "Fluss", "1990", "1990er"],
    ]
    assert table["origin"].to_pylist() == [
        ["lexicon", "lexicon", "entity", "entity", "lexicon", "unknown"],
        [],
        ["unknown", "lexicon", "unknown", "lexicon"],
    ]
    assert table["tags"].equals(DATA["tags"]) and table["source_words"].equals(DATA["words"])
    assert table["sentence_id"].to_pylist() == [0, 1, 2]


def test_rows_count_from_0_and_name_the_sentence_that_they_were() -> None:
    # Of a part of a corpus the ids have gaps: sentences 0 and 2 are rows 0 and 1.
    part = DATA.take(pa.array([0, 2]))
    table = translated(WordTranslation(casing="lexicon"), part)
    assert table["sentence_id"].to_pylist() == [0, 1]
    assert table["corpus"].to_pylist() == ["labelled/ab"] * 2
    assert table["source_sentence_id"].to_pylist() == [0, 2]


def test_other_types_can_be_copied() -> None:
    table = translated(WordTranslation(casing="lexicon", copy_types=("LOC",)))
    assert table["words"].to_pylist()[0][2:4] == ["Stadt", "Stadt"]
    assert table["words"].to_pylist()[2][:2] == ["Rhein", "river"]


@pytest.mark.parametrize(("copied", "expected"), [(False, ["1995", ";", "x"]), (True, ["1996", ",", "x"])])
def test_numbers_and_punctuation_are_looked_up_unless_they_are_to_be_copied(copied: bool, expected: list[str]) -> None:
    data = labelled([[("1996", "O"), (",", "O"), ("a1", "O")]])
    config = WordTranslation(copy_without_letters=copied)
    lexicon = {"1996": "1995", ",": ";", "a1": "x"}
    done = translate_table(data, lexicon, config, casing="source", counts={}, written={}, corpus="")
    assert done["words"].to_pylist() == [expected]
    assert done["origin"].to_pylist() == [["unknown" if copied else "lexicon"] * 2 + ["lexicon"]]


def test_by_default_all_words_are_looked_up_but_those_of_persons() -> None:
    assert not WordTranslation().copy_without_letters and WordTranslation().copy_types == ("PER",)


def test_casing_source_follows_each_source_word() -> None:
    assert translated(WordTranslation(casing="source"))["words"].to_pylist() == [
        ["Die", "stadt", "Ada", "City", "LIEGT", ","],
        [],
        ["Rhein", "fluss", "1990", "1990er"],
    ]


def test_casing_target_draws_from_the_target_text() -> None:
    # In the target text, 'die' is written die three times and Die once; 'stadt' always Stadt. Of 4,000 draws, the share
    # of Die is .25 with standard deviation sqrt(.25 * .75 / 4000) = .007.
    data = labelled([[("the", "O"), ("city", "O")]] * 4000)
    counts = case_counts([("die", 3), ("Die", 1), ("Stadt", 5)])
    words = translated(WordTranslation(casing="target"), data, counts=counts)["words"].to_pylist()
    assert sum(first == "Die" for first, _ in words) / 4000 == pytest.approx(0.25, abs=0.04)
    assert {first for first, _ in words} == {"die", "Die"} and {second for _, second in words} == {"Stadt"}


def test_casing_target_leaves_a_word_that_the_text_does_not_have_in_the_case_of_the_source() -> None:
    data = labelled([[("Prague", "B-LOC"), ("RIVER", "O"), ("city", "O")]])
    done = translate_table(
        data,
        {"prague": "prag", "river": "Fluss", "city": "Stadt"},
        WordTranslation(),
        casing="target",
        counts=case_counts([("Stadt", 5)]),
        written={},
        corpus="",
    )
    assert done["words"].to_pylist() == [["Prag", "FLUSS", "Stadt"]]


def test_true_case_is_that_of_the_language_and_a_capital_that_of_a_sentence_or_a_name() -> None:
    data = labelled(
        [
            [("The", "O"), ("The", "O"), ("city", "O"), ("river", "B-LOC"), ("The", "I-LOC")],
            [("city", "O"), ("Prague", "O"), ("App", "O"), ("NATO", "O")],
            [("App", "O"), ("river", "O")],
        ]
    )
    lexicon = {"The": "DIE", "city": "stadt", "river": "fluss", "Prague": "prag", "App": "iphone", "NATO": "nato"}
    done = translate_table(
        data,
        lexicon,
        WordTranslation(casing="truecase"),
        casing="truecase",
        counts={},
        written={"die": "die", "stadt": "Stadt", "iphone": "iPhone"},
        corpus="",
    )
    assert done["words"].to_pylist() == [
        ["Die", "die", "Stadt", "fluss", "Die"],  # A capital by the source where it begins a sentence, or is of a name.
        ["Stadt", "Prag", "iPhone", "NATO"],  # The language is not known to write Prag or NATO: as the source word.
        ["iPhone", "fluss"],
    ]


def test_the_draws_are_the_same_again_and_others_with_another_seed() -> None:
    data = labelled([[("the", "O")] * 50] * 4)
    counts = case_counts([("die", 1), ("Die", 1)])
    one = translated(WordTranslation(casing="target", seed=1), data, counts=counts)
    assert one.equals(translated(WordTranslation(casing="target", seed=1), data, counts=counts))
    assert not one.equals(translated(WordTranslation(casing="target", seed=2), data, counts=counts))
    # A sentence keeps its draws when others are left out.
    fewer = translated(WordTranslation(casing="target", seed=1), data.slice(2, 1), counts=counts)
    assert fewer["words"].to_pylist() == one["words"].to_pylist()[2:3]


def test_auto_casing_is_that_of_the_published_code() -> None:
    assert [WordTranslation().casing_for(code) for code in ("de", "de-AT", "de_CH")] == ["target"] * 3
    assert WordTranslation().casing_for("es") == "source"
    assert WordTranslation(casing="lexicon").casing_for("de") == "lexicon"


def test_only_the_best_translation_is_used() -> None:
    columns = {"source": ["a", "a", "b"], "target": ["x", "y", "z"], "csls": [0.1, 0.2, None], "rank": [1, 0, 0]}
    assert best_translations(pa.table(columns, schema=LEXICON.schema)) == {"a": "y", "b": "z"}


def test_origins_are_counted() -> None:
    assert origin_counts(translated(WordTranslation(casing="lexicon"))) == {"entity": 2, "lexicon": 5, "unknown": 3}


@step(LABELLED)
def some_labelled(job: Job) -> None:
    job.write(DATA, metadata={"language": "en", "labels": ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]})


@step(SENTENCES)
def some_sentences(job: Job) -> None:
    sentences = [["Die", "STADT", "liegt"], ["Die", "STADT"]]
    table = pa.table({"sentence_id": [0, 1], "words": sentences}, schema=SENTENCES.schema)
    job.write(table, metadata={"language": "de"})


@step(LEXICON)
def some_lexicon(job: Job) -> None:
    columns = {
        "source": list(LEXICON_WORDS),
        "target": list(LEXICON_WORDS.values()),
        "csls": [None] * len(LEXICON_WORDS),
        "rank": [0] * len(LEXICON_WORDS),
    }
    job.write(pa.table(columns, schema=LEXICON.schema), metadata={"source_language": "en", "target_language": "de"})


@step(PARALLEL)
def some_pairs(job: Job, source_language: str) -> None:
    """Pairs of German and English, from the one or the other."""
    sides = {"de": ["Am Fluss, in der Stadt.", "Die Stadt: eine Stadt."] * 2, "en": ["the river CITY", "x STADT"] * 2}
    target_language = "en" if source_language == "de" else "de"
    columns = {"pair_id": range(4), "source": sides[source_language], "target": sides[target_language]}
    about = {"source_language": source_language, "target_language": target_language, "skipped_pairs": 0}
    job.write(pa.table(columns, schema=PARALLEL.schema), metadata=about)


@step(LEXICON)
def turkish_lexicon(job: Job) -> None:
    columns = {"source": ["Rhein", "river"], "target": ["in", "Irmak"], "csls": [None, None], "rank": [0, 0]}
    job.write(pa.table(columns, schema=LEXICON.schema), metadata={"source_language": "en", "target_language": "tr"})


@step(SENTENCES)
def turkish_sentences(job: Job) -> None:
    table = pa.table({"sentence_id": [0], "words": [["IRMAK"]]}, schema=SENTENCES.schema)
    job.write(table, metadata={"language": "tr"})


def test_the_step_takes_casing_from_the_target_sentences(store: Store) -> None:
    data, lexicon = run_alone(store, some_labelled), run_alone(store, some_lexicon)
    sentences = run_alone(store, some_sentences)
    done = run_alone(store, translate_words, data, lexicon, sentences, (), WordTranslation(), "de")
    assert store.table(done)["words"].to_pylist() == [
        ["Die", "STADT", "Ada", "City", "liegt", ","],
        [],
        ["Rhein", "fluss", "1990", "1990er"],
    ]
    assert store.metadata(done) == {
        "language": "de",
        "labels": ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"],
        "casing": "target",
        "words_by_origin": {"entity": 2, "lexicon": 5, "unknown": 3},
    }


def test_the_step_learns_true_case_from_the_target_text_and_its_side_of_parallel_text(store: Store) -> None:
    data, lexicon = run_alone(store, some_labelled), run_alone(store, some_lexicon)
    sentences = run_alone(store, some_sentences)
    config, found = WordTranslation(casing="truecase"), []
    for parallel in ((), ("de",), ("en",)):
        texts = tuple(run_alone(store, some_pairs, language) for language in parallel)
        done = run_alone(store, translate_words, data, lexicon, sentences, texts, config, "de")
        found.append((store.table(done)["words"].to_pylist(), store.metadata(done)["casing"]))
    # The text has STADT and liegt inside its sentences; the pairs have Fluss, and Stadt twice, on either side.
    alone = [["Die", "STADT", "Ada", "City", "liegt", ","], [], ["Rhein", "fluss", "1990", "1990er"]]
    more = [["Die", "Stadt", "Ada", "City", "liegt", ","], [], ["Rhein", "Fluss", "1990", "1990er"]]
    assert found == [(alone, "truecase"), (more, "truecase"), (more, "truecase")]


def test_the_step_knows_the_language_whose_capitals_it_writes(store: Store) -> None:
    data, lexicon = run_alone(store, some_labelled), run_alone(store, turkish_lexicon)
    sentences = run_alone(store, turkish_sentences)
    written = []
    for config in (WordTranslation(casing="source"), WordTranslation(casing="target")):
        done = run_alone(store, translate_words, data, lexicon, sentences, (), config, "tr")
        written.append(store.table(done)["words"].to_pylist()[2][:2])
    assert written == [["İn", "ırmak"], ["İn", "IRMAK"]]
