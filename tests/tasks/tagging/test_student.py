"""A student on text: probabilities of the decoded tags, places, entities; text as it is given."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from artifacts.errors import InputError
from tasks.tagging.decoding import Decoding
from tasks.tagging.heads import LINEAR
from tasks.tagging.student import Entity, Student, language_of, load_student
from tasks.tagging.tagger import new_tagger, save_tagger
from tasks.tagging.windows import WindowConfig

LABELS = ["O", "B-LOC", "I-LOC"]


@pytest.fixture
def folder(tiny_encoder: Path, tmp_path: Path) -> Path:
    save_tagger(*new_tagger(tiny_encoder, LABELS, 0.0, 0), tmp_path)
    return tmp_path


def with_scores(monkeypatch: pytest.MonkeyPatch, folder: Path, scores: Sequence[Sequence[float]]) -> Student:
    """A student whose logits of the words, all in one batch, are given."""
    monkeypatch.setattr(LINEAR, "outputs", lambda model, batch: torch.tensor(scores))
    return load_student(folder, language="de", device="cpu")


def test_an_entity_has_its_place_and_the_mean_probability_of_its_tags(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    student = with_scores(monkeypatch, folder, [[2, 0, 0], [0, 1, 0], [0, 0, 2], [3, 0, 0]])
    # B-LOC has e / (2 + e) of its word, I-LOC e^2 / (2 + e^2) of the next.
    mean = (np.e / (2 + np.e) + np.e**2 / (2 + np.e**2)) / 2
    (entity,) = student("in  Berlin Paris.")
    assert entity == Entity("LOC", "Berlin Paris", 4, 16, pytest.approx(mean, abs=1e-6))


def test_the_probability_is_that_of_the_decoded_tag_not_of_the_likeliest(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    # I-LOC is likeliest and cannot begin a sentence: of the rest, O with e / (1 + e + e^2) is.
    student = with_scores(monkeypatch, folder, [[1, 0, 2]])
    (tagged,) = student.tag(["Paris"])
    assert tagged.tags == ["O"]
    assert tagged.probabilities == pytest.approx([np.e / (1 + np.e + np.e**2)], abs=1e-6)


def test_every_text_gets_one_answer_in_its_order_a_blank_one_too(folder: Path) -> None:
    texts = ["Anna lives.", "", " \t", "Paris"]
    answers = list(load_student(folder, language="en").tag(texts))
    assert [answer.text for answer in answers] == texts
    assert [list(answer.words) for answer in answers] == [["Anna", "lives", "."], [], [], ["Paris"]]
    assert [len(answer.tags) for answer in answers] == [len(answer.probabilities) for answer in answers] == [3, 0, 0, 1]
    assert answers[1].entities == []


def test_text_is_read_in_nfc_as_corpora_are_and_places_in_another_form_are_refused(folder: Path) -> None:
    student = load_student(folder, language="de")
    decomposed = "Zu\u0308rich"
    assert [list(answer.words) for answer in student.tag([decomposed])] == [["Zürich"]]
    with pytest.raises(InputError, match="not in Unicode NFC"):
        student(decomposed)


def test_words_need_no_language_and_text_does(folder: Path) -> None:
    (tagged,) = load_student(folder, tokenized=True).tag_words([["Berlin", ",", "in"]])
    assert tagged.text == "Berlin , in" and tagged.places == [(0, 6), (7, 8), (9, 11)]
    with pytest.raises(InputError, match="no card names its language"):
        load_student(folder)


def test_a_folder_without_a_taggers_head_is_refused_before_a_language_is_asked_for(
    tiny_encoder: Path, sharp_masked_encoder: Path, folder: Path
) -> None:
    for encoder, architecture in ((tiny_encoder, "BertModel"), (sharp_masked_encoder, "BertForMaskedLM")):
        for language in ("", "de"):
            with pytest.raises(InputError, match=rf"no tagger's head .*{architecture}.*student/KEY or tagger/KEY"):
                load_student(encoder, language=language)
    config = folder / "config.json"
    config.write_text(config.read_text(encoding="utf-8").replace('"architectures"', '"others"'), encoding="utf-8")
    with pytest.raises(InputError, match="no architecture"):
        load_student(folder, language="de")


def test_labels_that_make_no_entities_are_refused(folder: Path) -> None:
    config = folder / "config.json"
    written = config.read_text(encoding="utf-8")

    def load(*labels: str, **settings: Any) -> Student:
        ids = {label: i for i, label in enumerate(labels)}
        about = json.loads(written) | {"id2label": dict(enumerate(labels)), "label2id": ids}
        config.write_text(json.dumps(about), encoding="utf-8")
        return load_student(folder, language="de", **settings)

    for labels, found in (
        (("LABEL_0", "LABEL_1", "LABEL_2"), "LABEL_0, LABEL_1, LABEL_2"),
        (("O", "S-LOC", "B-LOC"), "S-LOC"),
        (("B-LOC", "I-LOC", "I-"), "I-"),
        (("B-LOC", "I-LOC", "I-LOC"), "no O"),
    ):
        with pytest.raises(InputError, match=rf"not IOB2 \(id2label of its config.json has {found}\)"):
            load(*labels)
    # IOB1: B- only between two entities of a type.
    with pytest.raises(InputError, match="I-PER without a B-, so that no such entity could begin"):
        load("O", "I-PER", "B-LOC")
    assert load("O", "I-PER", "B-LOC", decoding=Decoding(inside_at_start=True)).decoding.inside_at_start
    assert load("O", "B-PER", "B-LOC").head is LINEAR


@pytest.mark.parametrize("card", ["", "---\nlanguage: multilingual\n---\n"])
def test_what_is_no_code_of_a_language_is_refused(folder: Path, card: str) -> None:
    (folder / "README.md").write_text(card, encoding="utf-8")
    name = "multilingual" if card else "german"
    with pytest.raises(InputError, match=rf"language '{name}'; expected a code such as de"):
        load_student(folder, language="" if card else name)
    assert load_student(folder, language="de").split("a b") == ["a", "b"]


def test_the_model_sees_as_much_at_once_as_in_its_run(folder: Path) -> None:
    def windows(**settings: Any) -> tuple[int, int]:
        made = load_student(folder, language="de", **settings).windows
        return made.max_length_subwords, made.overlap_subwords

    assert windows() == (64, 16), "all that the encoder takes"
    (folder / "README.md").write_text(
        "---\nlanguage: [de]\nwindows: {max_length_subwords: 24, overlap_subwords: 4}\n---\n", encoding="utf-8"
    )
    assert windows() == (24, 4)
    assert windows(windows=WindowConfig(max_length_subwords=32, overlap_subwords=8)) == (32, 8)
    # Anything below half is an overlap, as in the run; of a window that was made smaller, a quarter at most.
    assert windows(windows=WindowConfig(max_length_subwords=64, overlap_subwords=30)) == (64, 30)
    assert windows(windows=WindowConfig(max_length_subwords=65, overlap_subwords=30)) == (64, 16)


def test_scores_become_tags_as_in_its_run(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    def tags(**settings: Any) -> Sequence[str]:
        monkeypatch.setattr(LINEAR, "outputs", lambda model, batch: torch.tensor([[1, 0, 2]]))
        (tagged,) = load_student(folder, language="de", device="cpu", **settings).tag(["Paris"])
        return tagged.tags

    # I-LOC is likeliest, and cannot begin a sentence but by argmax, or where that is allowed.
    assert tags() == ["O"]
    for card in ("{method: argmax}", "{inside_at_start: true}"):
        (folder / "README.md").write_text(f"---\nlanguage: [de]\ndecoding: {card}\n---\n", encoding="utf-8")
        assert tags() == ["I-LOC"] and tags(decoding=Decoding()) == ["O"]


@pytest.mark.parametrize(
    ("card", "language"),
    [
        ("---\nlanguage: de\n---\nA text --- with dashes.", "de"),
        ("---\nlanguage: [nl]\n---\n", "nl"),
        ("---\nlanguage: no\n---\n", "no"),
        ("---\nlanguage:\n- no\n---\n", "no"),
        ("# A tagger", ""),
    ],
)
def test_cards_of_others_are_read_too(folder: Path, card: str, language: str) -> None:
    (folder / "README.md").write_text(card, encoding="utf-8")
    assert load_student(folder, tokenized=True).split("a b") == ["a", "b"]
    if language:
        assert language_of(folder) == language
    else:
        with pytest.raises(InputError, match="no card names its language"):
            language_of(folder)


def test_a_card_with_several_languages_is_asked_about(folder: Path) -> None:
    (folder / "README.md").write_text("---\nlanguage:\n- nb\n- no\n---\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"it tags nb, no, .* name one: --language nb"):
        language_of(folder)


def test_text_without_spaces_is_split_as_the_card_says_or_as_asked(folder: Path) -> None:
    card = folder / "README.md"
    card.write_text("---\nlanguage: [zh]\nsegmenters: {zh: characters}\n---\n", encoding="utf-8")
    (tagged,) = load_student(folder).tag(["在Berlin。"])
    assert tagged.words == ["在", "Berlin", "。"]
    # Khmer has spaces between phrases alone, and is split by Moses' rules unless a configuration said otherwise.
    card.write_text("---\nlanguage: [km]\nsegmenters: {km: characters}\n---\n", encoding="utf-8")
    assert load_student(folder).split("ភ្នំពេញ") != load_student(folder, segmenter="auto").split("ភ្នំពេញ") == ["ភ្នំពេញ"]
    card.write_text("---\nlanguage: [zh]\n---\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"zh has no spaces between words, .* --segmenter jieba or characters"):
        load_student(folder)
    assert load_student(folder, segmenter="characters").split("在。") == ["在", "。"]
    assert load_student(folder, tokenized=True).split("在 。") == ["在", "。"]
