"""The bundled corpora are what their generator writes, and what their README says."""

import hashlib
from pathlib import Path

import pytest
from sacremoses import MosesTokenizer

import tasks.corpus.sample
from tasks.corpus.sample.generate import sample_files, tag_tokens

FOLDER = Path(tasks.corpus.sample.__file__).parent
SHA256 = {
    "de.raw.gold.conll": "d348b406550b229b00b1a00711193b23886b75cf16ad94e26c04192e907af863",
    "de.raw.txt": "fc52875f53ba752ce8fc18c77ffd3b24672cf632b6e3fec208265091f3470d42",
    "de.test.conll": "5ef94f7d8ab72dde1d2b6a611954acd344f60b5a720e8dfe214881a08e9ad3af",
    "en-de.lexicon.test.txt": "f56153d7cb4fe429110991381cfbc728ad52c90a07efc5a5d2a1fce65282f090",
    "en.dev.conll": "582e03fb6d4fee1a7d0427afce08e4c9968de2a0aacd5f0fef0ab4272275fc28",
    "en.train.conll": "400805476013f8a23920db517991ecdcb83f73748806a05d8b462e2d26a8a600",
    "parallel.de.txt": "59e104cf7a247206f04237b717715b62f7e02d7f9b1adeead848390944092ddc",
    "parallel.en.txt": "4d61692bb577139f1e385167f622f91ebbf887802be11b2a0f763b8a57dc2c77",
}
SENTENCES = {"en.train.conll": 2500, "en.dev.conll": 500, "de.raw.gold.conll": 2500, "de.test.conll": 500}
LINES = {"de.raw.txt": 2500, "parallel.en.txt": 3000, "parallel.de.txt": 3000}
AMBIGUOUS = ("Washington", "Ford", "Jordan", "Chelsea", "Siemens", "Mercedes", "Santander", "Hamburg")


def columns(name: str) -> list[list[tuple[str, str]]]:
    text = (FOLDER / name).read_text(encoding="utf-8")
    return [
        [(line.split("\t")[0], line.split("\t")[1]) for line in block.splitlines()]
        for block in text.split("\n\n")
    ]


def lines(name: str) -> list[str]:
    return (FOLDER / name).read_text(encoding="utf-8").splitlines()


def mentions(name: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for sentence in columns(name):
        for token, tag in sentence:
            if tag.startswith("B-"):
                found.append((token, tag[2:]))
            elif tag.startswith("I-"):
                found[-1] = (f"{found[-1][0]} {token}", found[-1][1])
    return found


def test_the_generator_writes_the_frozen_files() -> None:
    for name, content in sample_files().items():
        assert (FOLDER / name).read_bytes() == content, f"{name} is not what the generator writes"


@pytest.mark.parametrize("name", sorted(SHA256))
def test_the_files_are_frozen(name: str) -> None:
    assert hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() == SHA256[name]


def test_every_file_is_frozen() -> None:
    assert sorted(SHA256) == sorted([*SENTENCES, *LINES, "en-de.lexicon.test.txt"])


@pytest.mark.parametrize("name", sorted(SENTENCES))
def test_columns_are_iob2_without_a_repeated_sentence(name: str) -> None:
    sentences = columns(name)
    assert len(sentences) == SENTENCES[name]
    assert len({tuple(token for token, _ in sentence) for sentence in sentences}) == len(sentences)
    for sentence in sentences:
        for (_, before), (_, tag) in zip([("", "O"), *sentence], sentence, strict=False):
            assert tag == "O" or (tag[:2] in ("B-", "I-") and tag[2:] in ("PER", "LOC", "ORG", "MISC"))
            assert not tag.startswith("I-") or before[2:] == tag[2:]


def test_about_a_quarter_of_the_sentences_has_no_entity() -> None:
    for name in SENTENCES:
        without = [sentence for sentence in columns(name) if all(tag == "O" for _, tag in sentence)]
        assert 0.2 <= len(without) / SENTENCES[name] <= 0.3


@pytest.mark.parametrize("name", sorted(LINES))
def test_raw_text_has_no_repeated_and_no_empty_line(name: str) -> None:
    texts = lines(name)
    assert len(texts) == LINES[name]
    assert all(texts)
    if name.startswith("de.raw"):
        assert len(set(texts)) == len(texts)


def test_no_pair_of_the_parallel_text_comes_twice() -> None:
    pairs = list(zip(lines("parallel.en.txt"), lines("parallel.de.txt"), strict=True))
    assert len(set(pairs)) == len(pairs)


def test_every_raw_line_tokenises_to_its_gold_tokens() -> None:
    tokenizer = MosesTokenizer("de")
    for text, sentence in zip(lines("de.raw.txt"), columns("de.raw.gold.conll"), strict=True):
        tokens = tokenizer.tokenize(text, escape=False, aggressive_dash_splits=False)
        assert tokens == [token for token, _ in sentence]


def test_no_test_sentence_is_in_the_raw_or_parallel_text() -> None:
    seen = {"".join(line.split()) for name in ("de.raw.txt", "parallel.de.txt") for line in lines(name)}
    for sentence in columns("de.test.conll"):
        assert "".join(token for token, _ in sentence) not in seen


def test_a_third_to_half_of_the_test_mentions_is_in_no_training_file() -> None:
    known = {mention for name in ("en.train.conll", "de.raw.gold.conll") for mention, _ in mentions(name)}
    parallel = " ".join(lines("parallel.en.txt") + lines("parallel.de.txt"))
    test = mentions("de.test.conll")
    unseen = [mention for mention, _ in test if mention not in known and mention not in parallel]
    assert 0.3 <= len(unseen) / len(test) <= 0.5


def test_about_half_of_the_raw_german_mentions_is_not_in_the_english_training_text() -> None:
    english = {mention for mention, _ in mentions("en.train.conll")}
    german = [mention for mention, _ in mentions("de.raw.gold.conll")]
    assert 0.4 <= sum(mention not in english for mention in german) / len(german) <= 0.65


@pytest.mark.parametrize("word", AMBIGUOUS)
def test_an_ambiguous_word_has_at_least_two_types_in_both_languages(word: str) -> None:
    for name in ("en.train.conll", "de.raw.gold.conll"):
        types = {kind for mention, kind in mentions(name) if word in mention.split()}
        assert len(types) >= 2, f"{word} in {name}: {types}"


def test_tags_follow_the_characters_of_an_entity() -> None:
    # "Paris" is characters 3 to 8; the apostrophe behind it is a token of its own.
    assert tag_tokens("in Paris' Mitte", ["in", "Paris", "'", "Mitte"], [(3, 8, "LOC")]) == [
        "O",
        "B-LOC",
        "O",
        "O",
    ]


def test_an_entity_that_ends_inside_a_token_is_an_error() -> None:
    with pytest.raises(ValueError, match="inside a token"):
        tag_tokens("in Parises", ["in", "Parises"], [(3, 8, "LOC")])
