"""The bundled corpora are what their generator writes, and what their README says."""

import hashlib
from pathlib import Path

import pytest
from sacremoses import MosesTokenizer

import tasks.corpus.sample
from tasks.corpus.sample.generate import sample_files, tag_tokens

FOLDER = Path(tasks.corpus.sample.__file__).parent
SHA256 = {
    "de.raw.gold.conll": "0e78f93ec451f610b0744593a5514f9aa55035c341c646276d9dc8e2926aa827",
    "de.raw.txt": "53f90fc40bb5e2269dda91f47d42ec3977e8a13b72e62513660ba96c8388be6b",
    "de.test.conll": "316a45f83a1f5059434768972cbb8a408c1ec03cd1ca710195c671d2a645bc37",
    "en-de.lexicon.test.txt": "f56153d7cb4fe429110991381cfbc728ad52c90a07efc5a5d2a1fce65282f090",
    "en.dev.conll": "a26e625ce81f1060f815e8d407df4d5c0f2e87290422d0e395d49ab807c9737c",
    "en.train.conll": "4c5de6767da172068dddce243c7ff650e846465167ac20f44c7d7a007e91959a",
    "pairs.de.txt": "c9dec11b513ab9a95fc40d861de5900e7ae0c38bb5cc1c18d5d3d58fffc76eed",
    "pairs.en.txt": "2edfcb7abaefbaf84d80c24858efd109a8b878266852562d6de4ac89b0f27c2f",
    "parallel.de.txt": "455dd1609973a6ae3697ee1ed0ba732ab8e4eeae9cde338bd90f87744cda6bdf",
    "parallel.en.txt": "113866ba7006c0bccb7716cecdfe5f5579b4e6569cfe86fd43db62d037ff2157",
}
SENTENCES = {"en.train.conll": 2500, "en.dev.conll": 500, "de.raw.gold.conll": 2500, "de.test.conll": 500}
LINES = {"de.raw.txt": 2500, "parallel.en.txt": 3000, "parallel.de.txt": 3000}
AMBIGUOUS = ("Washington", "Ford", "Jordan", "Chelsea", "Siemens", "Mercedes", "Santander", "Hamburg")


def columns(name: str) -> list[list[tuple[str, str]]]:
    text = (FOLDER / name).read_text(encoding="utf-8")
    return [[(line.split("\t")[0], line.split("\t")[1]) for line in block.splitlines()] for block in text.split("\n\n")]


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
    assert sorted(SHA256) == sorted([*SENTENCES, *LINES, "en-de.lexicon.test.txt", "pairs.de.txt", "pairs.en.txt"])


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


@pytest.mark.parametrize("name", SENTENCES)
def test_the_readme_counts_what_is_there(name: str) -> None:
    sentences = columns(name)
    tags = [tag for sentence in sentences for _, tag in sentence]
    types = [f"{sum(tag == f'B-{kind}' for tag in tags):,}" for kind in ("PER", "LOC", "ORG", "MISC")]
    without = sum(all(tag == "O" for _, tag in sentence) for sentence in sentences)
    row = " | ".join([name, f"{len(sentences):,}", f"{len(tags):,}", *types, str(without)])
    assert f"| {row} |" in (FOLDER / "README.md").read_text(encoding="utf-8")


def test_pairs_are_names_that_both_sides_write_alike() -> None:
    both = [(FOLDER / f"pairs.{name}.txt").read_text(encoding="utf-8").split("\n\n") for name in ("de", "en")]
    assert len(both[0]) == len(both[1]) == 1500
    spans = 0
    for german, english in zip(*both, strict=True):
        named = []
        for block in (german, english):
            names: dict[str, list[str]] = {}
            for word, number, tag in (line.split("\t") for line in block.splitlines()):
                assert tag == "O"
                names.setdefault(number, []).append(word)
            names.pop("0")
            named.append(names)
        spans += len(named[0])
        same = [number for number in named[0] if named[0][number] == named[1].get(number)]
        assert same
    assert spans > 1500
