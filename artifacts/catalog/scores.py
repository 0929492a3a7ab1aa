"""Scores of models, and of the steps on the way."""

from typing import Annotated

import pyarrow as pa

from artifacts.catalog.columns import ID
from artifacts.catalog.forms import outcome
from artifacts.catalog.kinds import Dataset
from artifacts.reference import Reference

SCORES = Dataset(
    "scores",
    """Entity-level scores (strict IOB2, micro average), in [0, 1].

    type       "overall" in the first row, then one row per entity type
    precision  correct / predicted; 0 where nothing was predicted
    recall     correct / gold; 0 where there is no gold entity
    f1         harmonic mean of both
    gold, predicted, correct  numbers of entities
    metadata   name: what was scored
    """,
    pa.schema(
        [
            pa.field("type", pa.string(), nullable=False),
            pa.field("precision", pa.float64(), nullable=False),
            pa.field("recall", pa.float64(), nullable=False),
            pa.field("f1", pa.float64(), nullable=False),
            pa.field("gold", pa.int64(), nullable=False),
            pa.field("predicted", pa.int64(), nullable=False),
            pa.field("correct", pa.int64(), nullable=False),
        ]
    ),
    in_columns=True,
)
Scores = Annotated[Reference, SCORES]

EPOCH_SCORES = Dataset(
    "epoch_scores",
    """Scores of the taggers of a training's epochs on development sets, as `SCORES` has them; an epoch is chosen by it.

    epoch     from 1
    text      which development set; of several target languages each has a name
    type, precision, recall, f1, gold, predicted, correct  see `SCORES`
    metadata  labels: of the tagger; epochs: how many
    """,
    pa.schema(
        [
            pa.field("epoch", pa.int32(), nullable=False),
            pa.field("text", pa.string(), nullable=False),
            *SCORES.schema,
        ]
    ),
    in_columns=True,
)
EpochScores = Annotated[Reference, EPOCH_SCORES]

OUTCOMES = Dataset(
    "outcomes",
    """What became of the entities of a test set: one row for every entity of gold or of the predictions.

    A row has a gold entity, a predicted one, or one of each that are compared (`tasks.evaluation.outcomes`), and each
    entity is in one row alone. A name is seen if it is an entity of the source's training set, written alike, in case
    too (Augenstein et al. 2017, "Generalisation in named entity recognition"); the type is told apart.

    sentence_id             joins `predictions` and `gold`
    start, end, type        the gold entity: first word, the word behind its last, type; null if spurious
    text                    its words; if spurious, those of the predicted one
    predicted_start, predicted_end, predicted_type, predicted_text  the predicted entity; null if missed
    category                right; boundary (the words overlap, same type); type (same words, other type); both (they
                            overlap, other type); missed; spurious
    as_same_type            how often `text` is an entity of the training set with the type of that entity; 0: unseen
    as_other_type           how often with another type
    metadata                language; labels; categories: number of rows of each; seen, frequency: of the gold entities
                            whose name was seen so, or so many times, how many there are and how many are right
    """,
    pa.schema(
        [
            ID,
            pa.field("start", pa.int32()),
            pa.field("end", pa.int32()),
            pa.field("type", pa.string()),
            pa.field("text", pa.string(), nullable=False),
            pa.field("predicted_start", pa.int32()),
            pa.field("predicted_end", pa.int32()),
            pa.field("predicted_type", pa.string()),
            pa.field("predicted_text", pa.string()),
            pa.field("category", pa.string(), nullable=False),
            pa.field("as_same_type", pa.int64(), nullable=False),
            pa.field("as_other_type", pa.int64(), nullable=False),
        ]
    ),
    form=outcome,
)
Outcomes = Annotated[Reference, OUTCOMES]

SIGNIFICANCE = Dataset(
    "significance",
    """Whether F1 of two models differs by more than the choice of test sentences.

    type                 "overall" in the first row, then one row per entity type
    f1_first, f1_second  F1 of each side, mean over its seeds, [0, 1]
    p_value              of approximate randomisation over sentences, two-sided, (0, 1]
    metadata             name: what was compared; seeds: of each side; samples: random swaps
    """,
    pa.schema(
        [
            pa.field("type", pa.string(), nullable=False),
            pa.field("f1_first", pa.float64(), nullable=False),
            pa.field("f1_second", pa.float64(), nullable=False),
            pa.field("p_value", pa.float64(), nullable=False),
        ]
    ),
    in_columns=True,
)
Significance = Annotated[Reference, SIGNIFICANCE]

CURVE = Dataset(
    "curve",
    """Scores over something that varies, such as F1 by iteration (CoLaDa, Figure 4) or by K (Figure 7).

    series    what the line shows, such as M_tgt
    x         iteration, K, ...
    y         F1, [0, 1]
    metadata  title; x_name; y_name
    """,
    pa.schema(
        [
            pa.field("series", pa.string(), nullable=False),
            pa.field("x", pa.float64(), nullable=False),
            pa.field("y", pa.float64(), nullable=False),
        ]
    ),
    in_columns=True,
)
Curve = Annotated[Reference, CURVE]

TYPE_SHARES = Dataset(
    "type_shares",
    """Which types entities have, in gold labels and in predictions (GLoDe, Figure 4).

    series    whose labels, such as gold, or a model's name
    type      entity type
    entities  number of entities of the type
    share     of all entities of the series, [0, 1]; null without an entity
    """,
    pa.schema(
        [
            pa.field("series", pa.string(), nullable=False),
            pa.field("type", pa.string(), nullable=False),
            pa.field("entities", pa.int64(), nullable=False),
            pa.field("share", pa.float64()),
        ]
    ),
    in_columns=True,
)
TypeShares = Annotated[Reference, TYPE_SHARES]

SPAN_REACH = Dataset(
    "span_reach",
    """How many entities a tagger of spans cannot find, for they have more words than a span may have.

    type      "overall" in the first row, then one row per entity type
    entities  number of gold entities
    too_long  how many of these have more words
    metadata  most_words of a span
    """,
    pa.schema(
        [
            pa.field("type", pa.string(), nullable=False),
            pa.field("entities", pa.int64(), nullable=False),
            pa.field("too_long", pa.int64(), nullable=False),
        ]
    ),
    in_columns=True,
)
SpanReach = Annotated[Reference, SPAN_REACH]

VOTE_QUALITY = Dataset(
    "vote_quality",
    """Votes of three taggers against gold (UniTrans, 3.4), word by word.

    label            "overall" in the first row, "entities" (all but O) in the second, then each label
    voted, right     words that were voted to have the label, and how many of them have it
    words            words that have the label
    words_with_vote  how many of those got a vote, for whatever label
    precision        right / voted, [0, 1]; null without a vote
    coverage         words_with_vote / words, [0, 1]; null without a word
    """,
    pa.schema(
        [
            pa.field("label", pa.string(), nullable=False),
            pa.field("voted", pa.int64(), nullable=False),
            pa.field("right", pa.int64(), nullable=False),
            pa.field("words", pa.int64(), nullable=False),
            pa.field("words_with_vote", pa.int64(), nullable=False),
            pa.field("precision", pa.float64()),
            pa.field("coverage", pa.float64()),
        ]
    ),
    in_columns=True,
)
VoteQuality = Annotated[Reference, VOTE_QUALITY]

TEACHER_QUALITY = Dataset(
    "teacher_quality",
    """How good a panel's teachers were estimated to be, and how good they are by gold, if that is known, word by word.

    teacher            its name
    type               "entities" for all types together (a word of one type called another is wrong), then each type
    words              to which the teacher gives the type
    precision          share of those that have it, [0, 1]; null without such words, and without gold labels
    estimated_precision  what was estimated without gold
    gold_words         that have the type, among those that the teacher labels; null without gold labels
    recall             share of those to which the teacher gives it, [0, 1]; null as precision is
    estimated_recall   what was estimated without gold
    """,
    pa.schema(
        [
            pa.field("teacher", pa.string(), nullable=False),
            pa.field("type", pa.string(), nullable=False),
            pa.field("words", pa.int64(), nullable=False),
            pa.field("precision", pa.float64()),
            pa.field("estimated_precision", pa.float64()),
            pa.field("gold_words", pa.int64()),
            pa.field("recall", pa.float64()),
            pa.field("estimated_recall", pa.float64()),
        ]
    ),
    in_columns=True,
)
TeacherQuality = Annotated[Reference, TEACHER_QUALITY]

CORRECTION_AGREEMENT = Dataset(
    "correction_agreement",
    """How far a model says what people corrected, on the corrected sentences; one row.

    sentences  that were corrected
    words      in them
    agreeing   words with the label that a person gave them
    accuracy   agreeing / words, [0, 1]
    f1         of entities, those that people marked being the right ones; 0 where neither side has any, [0, 1]
    gold, predicted, correct  numbers of entities: of people, of the model, of both
    """,
    pa.schema(
        [
            pa.field("sentences", pa.int64(), nullable=False),
            pa.field("words", pa.int64(), nullable=False),
            pa.field("agreeing", pa.int64(), nullable=False),
            pa.field("accuracy", pa.float64(), nullable=False),
            pa.field("f1", pa.float64(), nullable=False),
            pa.field("gold", pa.int64(), nullable=False),
            pa.field("predicted", pa.int64(), nullable=False),
            pa.field("correct", pa.int64(), nullable=False),
        ]
    ),
    in_columns=True,
)
CorrectionAgreement = Annotated[Reference, CORRECTION_AGREEMENT]

MARKER_QUALITY = Dataset(
    "marker_quality",
    """Whether markers enclose the right words after translation (CROP, Table 6); one row per marked sentence.

    sentence_id     joins `machine_translation`
    spans           marked spans of the source
    missing         spans whose marker does not come exactly twice in the output with a word between; they are wrong
    unjudged        spans of which neither the source words nor the enclosed words have a link; they count nowhere
    exact           spans whose enclosed words are their translation: no link leaves the pair of spans, one is inside
    expected_words  words of the output that are linked to a span, summed over spans
    enclosed_words  linked words of the output that stand between the span's markers, summed
    shared_words    words that are both, summed
    exact_match     exact / (spans - unjudged), [0, 1]; null if all are unjudged
    overlap_f1      2 shared / (expected + enclosed), [0, 1]; null where nothing is linked
    metadata        source_language; target_language; total: the same numbers over all sentences
    """,
    pa.schema(
        [
            ID,
            pa.field("spans", pa.int32(), nullable=False),
            pa.field("missing", pa.int32(), nullable=False),
            pa.field("unjudged", pa.int32(), nullable=False),
            pa.field("exact", pa.int32(), nullable=False),
            pa.field("expected_words", pa.int32(), nullable=False),
            pa.field("enclosed_words", pa.int32(), nullable=False),
            pa.field("shared_words", pa.int32(), nullable=False),
            pa.field("exact_match", pa.float64()),
            pa.field("overlap_f1", pa.float64()),
        ]
    ),
    in_columns=True,
)
MarkerQuality = Annotated[Reference, MARKER_QUALITY]

BLEU = Dataset(
    "bleu",
    """How well a translator translates held-out text (CROP, Table 5); one row.

    bleu             BLEU by sacrebleu over the whole text, 0 to 100
    brevity_penalty  of it; 1 where the output is not shorter than the reference
    output_words     tokens of the output, as sacrebleu counts them
    reference_words  tokens of the reference
    sentences        sentences of the text
    metadata         source_language; target_language; signature: sacrebleu's, with its tokeniser and version
    """,
    pa.schema(
        [
            pa.field("bleu", pa.float64(), nullable=False),
            pa.field("brevity_penalty", pa.float64(), nullable=False),
            pa.field("output_words", pa.int64(), nullable=False),
            pa.field("reference_words", pa.int64(), nullable=False),
            pa.field("sentences", pa.int64(), nullable=False),
        ]
    ),
    in_columns=True,
)
Bleu = Annotated[Reference, BLEU]
