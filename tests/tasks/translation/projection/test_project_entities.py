from collections.abc import Callable
from typing import Any

import pytest

from artifacts.catalog import MACHINE_TRANSLATION, MARKED_TRANSLATION, PREDICTIONS, SENTENCES
from artifacts.errors import InputError
from artifacts.reference import Reference
from artifacts.step import run_alone
from artifacts.store import Store
from tasks.translation.marked.markers import REASONS as MARKER_REASONS
from tasks.translation.marked.read_markers import MarkerReading, read_markers
from tasks.translation.projection.forward import ForwardReading, split_translation
from tasks.translation.projection.matching import Matching
from tasks.translation.projection.project_entities import REASONS, EntityProjection, project_entities
from tasks.translation.projection.with_entities import keep_with_entities

LABELS = ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]
PutTable = Callable[..., Reference]
# Raw words; forward output (None: no row); back-translation (None: the tagger did not see it; "": it found no entity).
Case = tuple[str, str | None, str | None]


@pytest.fixture
def run(store: Store, put_table: PutTable) -> Callable[..., Reference]:
    """Projects from cases; a back-translation is written as word/TAG, or as !reason if it was dropped."""

    def made(
        cases: list[Case], config: EntityProjection | None = None, language: str = "de", back_language: str = "de"
    ) -> Reference:
        ids = [10 * number for number in range(len(cases))]
        raw = {"sentence_id": ids, "words": [case[0].split() for case in cases]}
        forward = [(n, case[1]) for n, case in zip(ids, cases, strict=True) if case[1] is not None]
        there = {
            "sentence_id": [n for n, _ in forward],
            "source": ["?"] * len(forward),
            "output": [t for _, t in forward],
        }
        back = [_marked(n, case[2]) for n, case in zip(ids, cases, strict=True) if case[2]]
        seen = [(n, bool(case[2])) for n, case in zip(ids, cases, strict=True) if case[2] is not None]
        tagged = {
            "sentence_id": [n for n, _ in seen],
            "words": [["Ada"]] * len(seen),
            "tags": [["B-PER" if found else "O"] for _, found in seen],
        }
        columns = {name: [row[name] for row in back] for name in MARKED_TRANSLATION.schema.names}
        return run_alone(
            store,
            project_entities,
            put_table(SENTENCES, raw, {"language": language}),
            put_table(MACHINE_TRANSLATION, there, {"source_language": "de", "target_language": "en"}),
            put_table(PREDICTIONS, tagged, {"language": "en", "labels": LABELS}),
            put_table(MARKED_TRANSLATION, columns, {"language": back_language, "labels": LABELS, "dropped": {}}),
            config or EntityProjection(),
        )

    return made


def _marked(number: int, back: str) -> dict[str, Any]:
    reason = back[1:] if back.startswith("!") else ""
    pairs = [] if reason else [token.rsplit("/", 1) if "/" in token else [token, "O"] for token in back.split()]
    return {
        "sentence_id": number,
        "source_words": ["Ada"],
        "source_tags": ["B-PER"],
        "marked_source": "__SLOT0__ Ada __SLOT0__",
        "output": f"raw {back}",
        "words": [word for word, _ in pairs],
        "tags": [tag for _, tag in pairs],
        "entities": [],
        "reason": reason,
    }


GOOD: Case = ("Ada wohnt in Bad Berka .", "Ada lives in Bad Berka .", "Ada/B-PER lebt in Bad/B-LOC Berka/I-LOC .")


def test_a_kept_sentence_can_be_followed_from_raw_words_to_tags(store: Store, run: Callable[..., Reference]) -> None:
    made = run([GOOD])
    assert store.table(made).to_pylist() == [
        {
            "sentence_id": 0,
            "words": ["Ada", "wohnt", "in", "Bad", "Berka", "."],
            "forward": "Ada lives in Bad Berka .",
            "source_words": ["Ada"],
            "source_tags": ["B-PER"],
            "output": "raw Ada/B-PER lebt in Bad/B-LOC Berka/I-LOC .",
            "output_tags": ["B-PER", "O", "O", "B-LOC", "I-LOC", "O"],
            "entities": ["Ada", "Bad Berka"],
            "entity_types": ["PER", "LOC"],
            "matches": [0, 3],
            "tags": ["B-PER", "O", "O", "B-LOC", "I-LOC", "O"],
            "reason": "",
        }
    ]
    about = store.metadata(made)
    raw = store.find(about.pop("corpus"))
    assert store.table(raw)["words"].to_pylist() == [["Ada", "wohnt", "in", "Bad", "Berka", "."]]
    assert about == {"language": "de", "labels": LABELS, "kept": 1, "dropped": {}}


@pytest.mark.parametrize(
    ("raw", "back", "tags"),
    [
        ("Анна живёт в Москве", "Анна/B-PER живет в Москве/B-LOC", ["B-PER", "O", "O", "B-LOC"]),
        ("تعيش ليلى في دبي", "ليلى/B-PER تسكن في دبي/B-LOC", ["O", "B-PER", "O", "B-LOC"]),
        ("他 住 在 哥德堡", "他 在 哥/B-LOC 德/I-LOC 堡/I-LOC 住", ["O", "O", "O", "B-LOC"]),
        ("他 住 在 哥 德 堡", "他 在 哥/B-LOC 德/I-LOC 堡/I-LOC 住", ["O", "O", "O", "B-LOC", "I-LOC", "I-LOC"]),
    ],
)
def test_sentences_of_other_scripts_are_projected_alike(
    store: Store, run: Callable[..., Reference], raw: str, back: str, tags: list[str]
) -> None:
    assert store.table(run([(raw, "text", back)]))["tags"].to_pylist() == [tags]


def test_every_dropped_sentence_keeps_its_row_and_says_why(store: Store, run: Callable[..., Reference]) -> None:
    cases: list[Case] = [
        GOOD,
        ("Ada", None, None),
        ("Ada", "  ", None),
        ("Ada", "Ada je doma", None),
        ("Ada", "Ada", "!marker_lost"),
        ("Ada", "Ada", ""),
        ("Ada", "Ada", "Eda/B-PER"),
        ("Ada", "Ada", "Ada/B-PER Ada/B-LOC"),
    ]
    made = run(cases)
    table = store.table(made)
    reasons = ["no_forward_translation"] * 2 + [
        "wrong_language_forward",
        "marker_lost",
        "all_outside",
        "unmatched",
        "overlap",
    ]
    assert table["reason"].to_pylist() == ["", *reasons]
    assert table["sentence_id"].to_pylist() == [0, 10, 20, 30, 40, 50, 60, 70]
    assert table["tags"].to_pylist()[1:] == [[]] * 7
    assert table["output"].to_pylist()[1:5] == ["", "", "", "raw !marker_lost"]
    assert table["source_tags"].to_pylist()[3:5] == [[], ["B-PER"]]
    assert table["matches"].to_pylist()[6:] == [[-1], [0, -1]]
    assert store.metadata(made)["kept"] == 1
    assert store.metadata(made)["dropped"] == {
        "no_forward_translation": 2,
        "all_outside": 1,
        "marker_lost": 1,
        "overlap": 1,
        "unmatched": 1,
        "wrong_language_forward": 1,
    }


def test_a_sentence_may_be_as_long_as_the_limit(store: Store, run: Callable[..., Reference]) -> None:
    config = EntityProjection(max_length_words=3)
    made = run([("Ada ist da", "text", "Ada/B-PER"), ("Ada ist da .", "text", "Ada/B-PER")], config)
    assert store.table(made)["reason"].to_pylist() == ["", "sentence_too_long"]
    assert EntityProjection().max_length_words == 128


def test_sentences_without_an_entity_stay_as_an_option(store: Store, run: Callable[..., Reference]) -> None:
    made = run([GOOD, ("Sie geht .", "She goes .", "")], EntityProjection(all_outside="keep"))
    assert store.table(made)["reason"].to_pylist() == ["", ""]
    assert store.table(made)["tags"].to_pylist()[1] == ["O", "O", "O"]


def test_the_number_of_entities_has_a_limit_as_an_option(store: Store, run: Callable[..., Reference]) -> None:
    two, three = "Ada/B-PER Bo/B-PER", "Ada/B-PER Bo/B-PER Cy/B-PER"
    cases: list[Case] = [("Ada Bo Cy", "text", two), ("Ada Bo Cy", "text", three)]
    assert store.table(run(cases))["reason"].to_pylist() == ["", ""]
    assert store.table(run(cases, EntityProjection(max_entities=2)))["reason"].to_pylist() == ["", "too_many_entities"]


def test_a_word_that_two_entities_share_drops_the_sentence_as_an_option(
    store: Store, run: Callable[..., Reference]
) -> None:
    cases: list[Case] = [
        ("Bad Ems und Bad Berka", "text", "Bad/B-LOC Ems/I-LOC Bad/B-LOC Berka/I-LOC"),
        ("Bad Ems", "text", "Bad/B-LOC Ems/I-LOC"),
    ]
    assert store.table(run(cases))["reason"].to_pylist() == ["", ""]
    strict = EntityProjection(repeated_words="drop")
    assert store.table(run(cases, strict))["reason"].to_pylist() == ["repeated_entity", ""]


def test_the_first_check_that_fails_is_the_reason(store: Store, run: Callable[..., Reference]) -> None:
    # Too long, and without a forward translation; more entities than allowed, and unmatched ones.
    cases: list[Case] = [("a b c d", None, None), ("a b", "text", "X/B-PER Y/B-PER"), ("Ada", "text", "Ada/B-PER")]
    made = run(cases, EntityProjection(max_length_words=3, max_entities=1))
    assert store.table(made)["reason"].to_pylist() == ["sentence_too_long", "too_many_entities", ""]


def test_the_published_codes_rules_hold_together(store: Store, run: Callable[..., Reference]) -> None:
    matching = Matching(rule="scattered", found_share=0.8, max_entity_words=6, overlap="drop", unicode="as_is")
    config = EntityProjection(matching=matching, max_entities=5, repeated_words="drop")
    cases: list[Case] = [
        GOOD,
        ("Bonn ist Bonn", "text", "Bonn/B-LOC"),  # Not exactly once.
        ("Berka , Bad", "text", "Bad/B-LOC Berka/I-LOC"),  # In another order: from the first word to the last.
    ]
    table = store.table(run(cases, config))
    assert table["reason"].to_pylist() == ["", "ambiguous", ""]
    assert table["tags"].to_pylist()[2] == ["B-LOC", "I-LOC", "I-LOC"]


def test_a_projection_without_an_entity_is_an_error_with_the_counts(run: Callable[..., Reference]) -> None:
    cases: list[Case] = [("Ada", "Ada", "Eda/B-PER"), ("Ada", "Ada", "Eda/B-PER"), ("Ada", None, None)]
    with pytest.raises(InputError, match=r"none of 3 sentences .* unmatched 2, no_forward_translation 1; look"):
        run(cases)
    with pytest.raises(InputError, match="none of 1 sentences got an entity; dropped: none"):
        run([("Sie geht", "She goes", "")], EntityProjection(all_outside="keep"))


def test_tables_that_do_not_belong_together_are_refused(
    store: Store, run: Callable[..., Reference], put_table: PutTable
) -> None:
    with pytest.raises(InputError, match=r"were translated from de, the back-translation is in fr; .* back into de"):
        run([GOOD], back_language="fr")
    raw = put_table(SENTENCES, {"sentence_id": [1], "words": [["Ada"]]}, {"language": "de"})
    there = put_table(
        MACHINE_TRANSLATION, {"sentence_id": [2], "source": ["?"], "output": ["?"]}, {"source_language": "de"}
    )
    back = {name: [] for name in MARKED_TRANSLATION.schema.names}
    marked = put_table(MARKED_TRANSLATION, back, {"language": "de", "labels": LABELS})
    tagged = {"sentence_id": [1], "words": [["Ada"]], "tags": [["B-PER"]]}
    tagged = put_table(PREDICTIONS, tagged, {"language": "en", "labels": LABELS})
    with pytest.raises(InputError, match="forward translation has sentence 2, which is not among the 1 raw sentences"):
        run_alone(store, project_entities, raw, there, tagged, marked, EntityProjection())
    there = {"sentence_id": [1], "source": ["?"], "output": ["Ada"]}
    there = put_table(MACHINE_TRANSLATION, there, {"source_language": "de"})
    with pytest.raises(InputError, match=r"1 forward translations have an entity, 0 were translated back; sentence 1 "):
        run_alone(store, project_entities, raw, there, tagged, marked, EntityProjection())


def test_labels_are_in_the_language_of_the_sentences_whatever_they_were_translated_as(
    store: Store, run: Callable[..., Reference]
) -> None:
    made = run([("Ada woont in Utrecht", "Ada lives in Utrecht", "Ada/B-PER wohnt in Utrecht/B-LOC")], language="nl")
    assert store.metadata(made)["language"] == "nl"
    assert store.table(made)["tags"].to_pylist() == [["B-PER", "O", "O", "B-LOC"]]


def test_reasons_of_both_steps_differ_but_for_too_many_entities() -> None:
    assert set(REASONS) & set(MARKER_REASONS) == {"too_many_entities"}


def test_more_sentences_than_are_read_at_a_time_are_all_projected(
    store: Store, run: Callable[..., Reference], monkeypatch: pytest.MonkeyPatch
) -> None:
    cases: list[Case] = [GOOD, ("Ada", None, None), ("in Ulm", "in Ulm", "Ulm/B-LOC")]
    whole = store.table(run(cases)).to_pylist()
    monkeypatch.setattr("tasks.translation.projection.project_entities._SENTENCES_AT_A_TIME", 2)
    again = store.table(run(cases, EntityProjection(max_length_words=127))).to_pylist()
    assert again == whole
    assert [row["reason"] for row in whole] == ["", "no_forward_translation", ""]


def test_the_steps_from_forward_translation_to_projection_fit_together(store: Store, put_table: PutTable) -> None:
    words = [["Ada", "lebt", "in", "Ulm", "."], ["Leer", "."], ["Bo", "geht", "."], ["Es", "regnet", "."]]
    raw = {"sentence_id": [0, 1, 2, 3], "words": words}
    sentences = put_table(SENTENCES, raw, {"language": "de"})
    outputs = ["Ada lives in Ulm.", "", "Bo goes.", "It rains."]
    there = {"sentence_id": [0, 1, 2, 3], "source": ["?"] * 4, "output": outputs}
    forward = put_table(MACHINE_TRANSLATION, there, {"source_language": "de", "target_language": "en"})
    english = run_alone(store, split_translation, forward, ForwardReading(language_filter="off"))
    words = store.table(english)["words"].to_pylist()
    tags = [["B-PER", "O", "O", "B-LOC", "O"], ["B-PER", "O", "O"], ["O", "O", "O"]]
    tagged = {"sentence_id": [0, 2, 3], "words": words, "tags": tags}
    predictions = put_table(PREDICTIONS, tagged, {"language": "en", "labels": LABELS})
    marked = ["__SLOT0__ Ada __SLOT0__ lives in __SLOT1__ Ulm __SLOT1__ .", "__SLOT0__ Bo __SLOT0__ goes."]
    outputs = ["In __SLOT1__ Ulm __SLOT1__ lebt __SLOT0__ Ada __SLOT0__ .", "Bo geht."]
    back = put_table(
        MACHINE_TRANSLATION,
        {"sentence_id": [0, 2], "source": marked, "output": outputs},
        {"source_language": "en", "target_language": "de"},
    )
    carried = run_alone(store, keep_with_entities, predictions)
    assert store.table(carried)["sentence_id"].to_pylist() == [0, 2]  # Of sentence 3 there is nothing to carry back.
    assert store.metadata(carried) == {"language": "en", "labels": LABELS}
    read = run_alone(store, read_markers, carried, back, MarkerReading(language_filter="off"))
    made = run_alone(store, project_entities, sentences, forward, predictions, read, EntityProjection())
    table = store.table(made)
    assert table["reason"].to_pylist() == ["", "no_forward_translation", "marker_lost", "all_outside"]
    assert table["tags"].to_pylist() == [["B-PER", "O", "O", "B-LOC", "O"], [], [], []]
    assert table["entities"].to_pylist() == [["Ulm", "Ada"], [], [], []]
    assert table["output_tags"].to_pylist() == [["O", "B-LOC", "O", "B-PER", "O"], [], [], []]
    assert table["matches"].to_pylist() == [[3, 0], [], [], []]
    assert table["source_words"].to_pylist() == [words[0], [], words[1], words[2]]


def test_without_any_entity_nothing_is_carried_back(store: Store, put_table: PutTable) -> None:
    tagged = {"sentence_id": [0, 1], "words": [["It", "rains"], []], "tags": [["O", "O"], []]}
    data = put_table(PREDICTIONS, tagged, {"language": "en", "labels": LABELS})
    assert store.table(run_alone(store, keep_with_entities, data)).num_rows == 0


def test_an_inside_that_continues_nothing_is_no_entity_to_carry_back(store: Store, put_table: PutTable) -> None:
    # decoding.method argmax may say so of a sentence in which no entity begins: it is all_outside, not O to learn.
    words = [["Ada", "lebt", "."], ["Bo", "geht", "."]]
    sentences = put_table(SENTENCES, {"sentence_id": [0, 1], "words": words}, {"language": "de"})
    there = {"sentence_id": [0, 1], "source": ["?"] * 2, "output": ["Ada lives.", "Bo goes."]}
    forward = put_table(MACHINE_TRANSLATION, there, {"source_language": "de", "target_language": "en"})
    english = [["Ada", "lives", "."], ["Bo", "goes", "."]]
    tags = [["B-PER", "O", "O"], ["I-PER", "O", "O"]]
    tagged = {"sentence_id": [0, 1], "words": english, "tags": tags}
    predictions = put_table(PREDICTIONS, tagged, {"language": "en", "labels": LABELS})
    carried = run_alone(store, keep_with_entities, predictions)
    assert store.table(carried)["sentence_id"].to_pylist() == [0]
    output = {"sentence_id": [0], "source": ["__SLOT0__ Ada __SLOT0__ lives."], "output": ["__SLOT0__ Ada __SLOT0__ ."]}
    back = put_table(MACHINE_TRANSLATION, output, {"source_language": "en", "target_language": "de"})
    read = run_alone(store, read_markers, carried, back, MarkerReading(language_filter="off"))
    made = run_alone(store, project_entities, sentences, forward, predictions, read, EntityProjection())
    assert store.table(made)["reason"].to_pylist() == ["", "all_outside"]
    assert store.table(made)["tags"].to_pylist() == [["B-PER", "O", "O"], []]
