"""The decisions of a run: each line says what a manifest or a record says, in the order of the steps."""

import tempfile
from pathlib import Path
from typing import Any

import pytest
from charted import Charted, made

from artifacts.catalog import (
    ALIGNED_TRANSLATION,
    ALIGNMENT,
    CONJUGATE_PAIRS,
    CORRECTIONS,
    LABELLER_ANSWERS,
    MACHINE_TRANSLATION,
    OPINIONS,
    PARTIAL_SOFT_LABELS,
    PREDICTIONS,
    SENTENCES,
    SOFT_LABELS,
    SPAN_LABELS,
    TEACHERS,
    TRAINING_SET,
    VOTES,
)
from artifacts.catalog.models import TAGGER
from artifacts.reference import Reference
from artifacts.runs import Line, Measurements, RunRecord, StepTaken, all_runs
from artifacts.store import Store
from flows.commands.runs import changed_settings
from flows.parts.decisions import Decision, decisions


def told(store: Store, record: RunRecord, changed: dict[str, Any] | None = None) -> list[Decision]:
    return decisions(record, changed, lambda each: store.manifest(each.kind, each.key))


@pytest.fixture
def charted(store: Store) -> Charted:
    return Charted(store)


def with_step(record: RunRecord, step: str, reference: Reference) -> RunRecord:
    taken = StepTaken(step=step, stage="here", reference=reference, status="ran", seconds=1)
    return record.model_copy(update={"steps": (taken,), "measurements": (), "models": ()})


def empty(kind: Any) -> dict[str, list[Any]]:
    return {name: [] for name in kind.schema.names}


@pytest.mark.parametrize(
    ("step", "kind", "metadata", "notes", "expected"),
    [
        (
            "read_labelled",
            SENTENCES,
            {},
            {
                "understood": [
                    {"file": "a.conll", "format": "columns", "layout": "words in column 1, tags in column 4",
                     "scheme": "iob1", "splitter": "", "remarks": ["3 types have odd names"]},
                    {"file": "b.txt", "format": "text", "layout": "", "scheme": "", "splitter": "moses", "remarks": []},
                ],
                "more_remarks": ["3 more files: 5 entities were left out"],
                "duplicates": 12,
            },
            [
                ("a.conll read as columns: words in column 1, tags in column 4, scheme IOB1", False),
                ("a.conll: 3 types have odd names", True),
                ("b.txt read as text: split into words by moses", False),
                ("3 more files: 5 entities were left out", True),
                ("12 sentences left out, whose words came before", False),
            ],
        ),
        ("translate_text", MACHINE_TRANSLATION, {}, {"texts": 40, "new_texts": 40, "cut_outputs": 0}, []),
        (
            "translate_text",
            MACHINE_TRANSLATION,
            {},
            {"texts": 4000, "new_texts": 3000, "cut_outputs": 1200},
            [("1,200 translations were cut at their longest length (generation.max_length_factor)", False)],
        ),
        (
            "align_vectors",
            ALIGNMENT,
            {"kept": 1, "maps": [{"mean_cosine": 0.5}, {"mean_cosine": 0.625}, {"mean_cosine": 0.61}]},
            {},
            [("map 2 of 3 is kept, by mean cosine (0.500, 0.625, 0.610)", False)],
        ),
        (
            "find_pairs",
            CONJUGATE_PAIRS,
            {"pairs": 1200, "dropped": {"missing_in_translation": 30, "too_many": 4}},
            {},
            [("1,200 pairs of spans kept, 34 dropped: 30 missing in translation, 4 too many", False)],
        ),
        (
            "carry_back",
            PREDICTIONS,
            {"untranslated": {"wrong_language": 1200, "no_output": 3}, "entities": 1500, "placed": 1400,
             "lost": {"unaligned": 90, "few_links": 10}},
            {},
            [
                ("1,203 sentences are O, as no translation of them could be read: 1,200 wrong language, 3 no output",
                 True),
            ],
        ),
        ("carry_back", PREDICTIONS, {"untranslated": {}, "entities": 7, "placed": 7, "lost": {}}, {}, []),
        (
            "place_labels",
            ALIGNED_TRANSLATION,
            {"kept": 3000, "dropped": {"untranslated": 1200, "unaligned": 400}, "entities": 6000, "placed": 5500,
             "lost": {"unaligned": 480, "few_links": 20}, "untranslated": {"no_output": 1100, "wrong_language": 100}},
            {},
            [
                ("3,000 sentences kept, 1,600 dropped: 1,200 untranslated, 400 unaligned", False),
                ("1,200 sentences have no translation that could be read: 1,100 no output, 100 wrong language", False),
                ("5,500 of 6,000 entities have a place; the others: 480 unaligned, 20 few links", False),
            ],
        ),
        (
            "place_labels",  # incomplete: keep
            ALIGNED_TRANSLATION,
            {"kept": 3000, "dropped": {"untranslated": 2}, "entities": 6000, "placed": 5500,
             "lost": {"unaligned": 480, "few_links": 20}, "untranslated": {}},
            {},
            [
                ("3,000 sentences kept, 2 dropped: 2 untranslated", False),
                ("5,500 of 6,000 entities have a place; the others are O: 480 unaligned, 20 few links", True),
            ],
        ),
        ("predict_words", PREDICTIONS, {"language": "de"}, {}, []),
        (
            "rank_places",
            ALIGNED_TRANSLATION,
            {"kept": 900, "dropped": {"unlikely": 7}, "entities": 1220, "placed": 1210, "lost": {"unlikely": 10},
             "untranslated": {"no_output": 3}, "ranking": {
                "which": "unplaced", "both_directions": True, "candidates": 3400, "pairs": 2100, "left_out": 120,
                "entities_cut": 4, "unscored": 0, "min_similarity": 0.5, "asked": 61,
                "placed": {"few_links": 10, "unaligned": 1200}, "agreed": 0,
            }},
            {},
            [
                ("900 sentences kept, 7 dropped: 7 unlikely", False),
                ("the translator ranked unplaced entities, 61: 1,210 have a place (10 few links, 1,200 unaligned); "
                 "3,400 candidates, 2,100 pairs of texts in both directions; 120 candidates of 4 entities were too "
                 "many", False),
                ("1,210 of 1,220 entities have a place; the others: 10 unlikely", False),
            ],
        ),
        (
            "rank_places",
            ALIGNED_TRANSLATION,
            {"kept": 1, "dropped": {}, "entities": 2, "placed": 2, "lost": {}, "untranslated": {}, "ranking": {
                "which": "all", "both_directions": False, "candidates": 5, "pairs": 4, "left_out": 0,
                "entities_cut": 0, "unscored": 2, "min_similarity": 0.5, "asked": 3, "placed": {"placed": 2},
                "agreed": 1,
            }},
            {},
            [
                ("1 sentences kept", False),
                ("the translator ranked all entities, 3: 2 have a place (2 placed by alignment); 1 stand where "
                 "alignment had placed them; 5 candidates, 4 pairs of texts in one direction, as it has no other; 2 "
                 "were too long", False),
                ("2 of 2 entities have a place", False),
            ],
        ),
        (
            "choose_epoch",
            TAGGER,
            {},
            {"f1": [0.5, 0.75, 0.7], "epoch": 2},
            [("epoch 2 of 3 goes on: its F1 on the dev set is 75.0 %, the last one's 70.0 %", False)],
        ),
        (
            "train_span_tagger",
            TAGGER,
            {},
            {"entities": 4700, "entities_too_long": 7, "entities_across_windows": 0, "masked_language_head": "none",
             "resumed_at": 40, "ignored_checkpoint": "it is of another seed"},
            [
                ("went on from a checkpoint, at update 40", False),
                ("a checkpoint that was there was not used: it is of another seed", True),
                ("7 of 4,700 entities are not learnt: they have more words than a span may have", True),
                ("the encoder's masked-language head is none, not pretrained", True),
            ],
        ),
        (
            "vote_labels",
            VOTES,
            {"words": 1000, "agreed": {"O": 900, "B-PER": 40}},
            {},
            [("all vote for the same label of 940 of 1,000 words; the others have none", False)],
        ),
        (
            "correct_votes", VOTES, {"words": 1000, "agreed": {"O": 900, "B-PER": 42}, "corrected": 3}, {},
            [("3 sentences have people's labels in place of the models'", False)],
        ),
        (
            "correct_soft_labels", SOFT_LABELS, {"corrected": 3}, {},
            [("3 sentences have people's labels in place of the models'", False)],
        ),
        (
            "correct_span_labels", SPAN_LABELS,
            {"corrected": [1, 5], "thresholds": {"local": {"O": 0.5, "PER": None}}}, {},
            [("2 sentences have people's labels in place of the models'", False), ("local thresholds: O 0.50", False)],
        ),
        (
            "read_labeller_answers", PARTIAL_SOFT_LABELS,
            {
                "words": 1000, "labelled": 900, "without_probability": 800,
                "refused": {"inside_word": 3, "overlap": 1}, "unlabelled": {"no_json": 2},
            },
            {"examples": {}},
            [
                ("900 of 1,000 words have a label, 800 of them without a probability", False),
                ("4 labels were not taken: 3 inside word, 1 overlap", True),
                ("2 sentences were left without labels: 2 no json", False),
            ],
        ),
        (
            "ask_labeller", LABELLER_ANSWERS, {},
            {"texts": 40, "new_texts": 30, "usage": {"cost": 0.25, "prompt_tokens": 5000}},
            [("30 of 40 sentences were asked, which took 0.25 cost, 5,000 prompt_tokens", False)],
        ),
        (
            "estimate_teachers", TEACHERS,
            {"words": 100, "labelled": {"a": 100, "b": 60, "c": 49}, "iterations": 7, "settled": False,
             "joining": "meaning"},
            {},
            [
                (
                    "2 of the panel speak of most words; which of fewer than three errs cannot be told from how far "
                    "they agree, and joining.method meaning may trust the worse one: take mean, or add a teacher",
                    True,
                ),
                ("the estimate of teachers had not come to rest after 7 iterations; raise joining.iterations", True),
            ],
        ),
        *(
            (
                "estimate_teachers", TEACHERS,
                {"words": 100, "labelled": dict.fromkeys(speak, 50), "iterations": 7, "settled": settled,
                 "joining": joining},
                {}, [],
            )
            for speak, settled, joining in (("abc", True, "meaning"), ("ab", False, "mean"))
        ),
        (
            "tell_opinions", OPINIONS,
            {
                "words": [200, 10], "spoke": {"a": [200, 10], "b": [20, 9], "c": [150, 3]},
                "teachers": ["a", "b", "c"], "labels": ["O"], "split": 1, "outvoted": 0,
            },
            {},
            [
                (
                    "b said something of 10% of the words whose joint label is O, and of 90% of the others: its "
                    "estimate takes silence for chance, so let it say O where it means O",
                    True,
                )
            ],
        ),
        (
            "settle_labels", TRAINING_SET, {"sentences": {"de": {"projected": 5}}},
            {"settled_left_out": {"all_outside": 3, "sentence_too_long": 1}},
            [
                ("sentences of de by whose labels they have: 5 projected", False),
                ("4 raw sentences have no settled labels: 3 all outside, 1 sentence too long", False),
            ],
        ),
        # What goes on from such labels has their metadata, and has corrected nothing itself.
        ("refined_labels", SPAN_LABELS, {"corrected": [1, 5]}, {}, []),
        (
            "read_corrections", CORRECTIONS, {"authors": {"ada": 2, "ben": 1}}, {},
            [("people's labels are learnt: ada 2, ben 1", True)],
        ),
    ],
)  # fmt: skip
def test_a_manifest_tells_what_its_step_decided(
    charted: Charted,
    step: str,
    kind: Any,
    metadata: dict[str, Any],
    notes: dict[str, Any],
    expected: list[tuple[str, bool]],
) -> None:
    columns = None if kind is TAGGER else empty(kind)
    reference = made(charted.store, kind, "ff", columns, metadata, **notes)
    found = told(charted.store, with_step(charted.record, step, reference))
    assert [(each.told, each.warns) for each in found] == expected
    assert {(each.step, each.stage, each.reference) for each in found} <= {(step, "here", reference)}


def test_decisions_stand_in_the_order_of_the_steps_and_those_of_gone_artifacts_are_left_out(charted: Charted) -> None:
    found = told(charted.store, charted.record)
    assert [each.told for each in found] == ["6 sentences kept, 4 dropped: 3 no output, 1 ambiguous"]
    assert found[0].reference == charted.projection and found[0].stage == "de, entity matching"
    charted.store.remove(charted.projection.kind, charted.projection.key)
    assert told(charted.store, charted.record) == []


def test_settings_that_are_no_defaults_are_listed_without_corpora(charted: Charted) -> None:
    changed = {"source": {"language": "en"}, "seed": 3, "student": {"epochs": 5}, "labels": {"types": ["PER"]}}
    first = told(charted.store, charted.record, changed)[0]
    assert (
        first.told
        == "corpora aside, the defaults of crop, but for: seed = 3; student.epochs = 5; labels.types = ['PER']"
    )


def test_remarks_warn_and_an_early_end_is_told_with_its_reason(charted: Charted) -> None:
    line = Line(name="a", reference=charted.source, cells=())
    table = Measurements(title="pairs", first="of", columns=(), lines=(line,), remark="9 of 10 pairs are illegal")
    steps = [
        StepTaken(step="train", stage=f"iteration {i}, D_tgt", reference=charted.target, status="ran", seconds=1)
        for i in (1, 2)
    ]
    configuration = {"iterations": 8, "stop": {"on": "unchanged"}, "ablation": "none"}
    changes = {"measurements": (table,), "steps": tuple(steps), "configuration": configuration}
    found = told(charted.store, charted.record.model_copy(update={**changes, "student": charted.target}))
    remark, iterations, student = found[-3:]
    assert (remark.told, remark.warns, remark.reference) == ("9 of 10 pairs are illegal", True, charted.source)
    assert iterations.told == "2 of 8 iterations were made; stop.on is unchanged, ablation is none"
    assert student.told.startswith("the student is M_tgt,") and student.reference == charted.target


@pytest.mark.server
def test_a_finished_run_tells_how_its_files_were_read_and_how_words_were_translated(finished: Path) -> None:
    store = Store(finished)
    (record,) = all_runs(store)
    found = told(store, record, changed_settings(record))
    lines = {(each.step, each.stage): each.told for each in found}
    assert "but for: " in found[0].told and "iterations = 2" in found[0].told and "en.conll" not in found[0].told
    assert lines["read_labelled", "source train"].startswith("en.conll read as columns: ")
    assert lines["read_labelled", "source train"].endswith("scheme IOB2")
    assert lines["read_sentences", "target text"].startswith("de.txt read as text")
    assert lines["translate_words", "D_trans"].startswith("words by what translated them: ")
    assert lines["", "iterations"] == "2 of 2 iterations were made"
    assert tempfile.gettempdir() not in " ".join(lines.values())


def test_that_gold_labels_of_the_target_chose_the_epochs_is_told_as_a_warning(charted: Charted) -> None:
    for checkpoint, warns in (("last", False), ("target_dev", True)):
        record = charted.record.model_copy(
            update={"configuration": {"checkpoint": checkpoint}, "student": charted.target}
        )
        *_, student = told(charted.store, record)
        assert (student.warns, "gold labels of the target" in student.told) == (warns, warns)
        assert ("no test set has chosen it" in student.told) is not warns
