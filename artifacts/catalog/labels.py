"""Pseudo-labels, and what to think of them."""

from typing import Annotated

import pyarrow as pa

from artifacts.catalog.columns import ID, NUMBERS, STRINGS, TAGS, WORDS
from artifacts.catalog.forms import (
    column_file,
    labeller_answer,
    most_probable_labels,
    opinions,
    partly_labelled,
    span,
    weighed,
)
from artifacts.catalog.kinds import Dataset
from artifacts.reference import Reference

SOFT_LABELS = Dataset(
    "soft_labels",
    """A tagger's opinion on every word: one probability per label.

    sentence_id    joins the sentences that were labelled
    words          the sentence's words
    probabilities  per word one probability per label, in the order of metadata labels; they sum to 1
    metadata       language; labels; of labels at another temperature than their tagger's also temperature
    """,
    pa.schema([ID, WORDS, pa.field("probabilities", pa.list_(NUMBERS), nullable=False)]),
    text=most_probable_labels,
)
SoftLabels = Annotated[Reference, SOFT_LABELS]

LABELLER_ANSWERS = Dataset(
    "labeller_answers",
    """What a labeller of the user's said of sentences, before anything is read from it.

    sentence_id  joins the sentences that it was given
    words        the sentence's words
    text         the text they make, which it was given with them
    starts       per word the place of its first character in `text`; code points are counted, from 0
    ends         the one behind its last
    answer       the JSON object that came, without id and usage (docs/labellers.md); empty for a sentence without words
    metadata     language; labels
    """,
    pa.schema(
        [
            ID,
            WORDS,
            pa.field("text", pa.string(), nullable=False),
            pa.field("starts", pa.list_(pa.int32()), nullable=False),
            pa.field("ends", pa.list_(pa.int32()), nullable=False),
            pa.field("answer", pa.string(), nullable=False),
        ]
    ),
    form=labeller_answer,
)
LabellerAnswers = Annotated[Reference, LABELLER_ANSWERS]

PARTIAL_SOFT_LABELS = Dataset(
    "partial_soft_labels",
    """As `soft_labels`, by a teacher that leaves words unlabelled where it says nothing of use.

    sentence_id    joins the sentences that were labelled
    words          the sentence's words
    probabilities  per word one probability per label, in the order of metadata labels; they sum to 1, or are all 0
                   for a word without a label
    labelled       per word whether it has a label
    metadata       language; labels; words: number of words; labelled: of those that have a label; without_probability:
                   of those whose label came without a probability, and is certain here (one-hot); refused: what was
                   said and could not be taken, by reason, one of `tasks.labelling.reading.REASONS`: number of
                   entities, of words, or, for wrong_length, of sentences; unlabelled: number of sentences that were
                   left without labels as a whole, by the labeller's own reason
    """,
    pa.schema(
        [
            ID,
            WORDS,
            pa.field("probabilities", pa.list_(NUMBERS), nullable=False),
            pa.field("labelled", pa.list_(pa.bool_()), nullable=False),
        ]
    ),
    form=partly_labelled,
)
PartialSoftLabels = Annotated[Reference, PARTIAL_SOFT_LABELS]

RELIABILITY = Dataset(
    "reliability",
    """How far to trust each pseudo-label (CoLaDa, Eq. 2-3).

    sentence_id  joins `soft_labels`
    agreement    lambda, one per word: share of the nearest neighbours with its label, [0, 1]
    weight       w, one per word: loss weight, sigmoid(alpha (lambda - mu)), (0, 1)
    metadata     labels; class_mean: mu per label (null where no word has the label); neighbours: K used
    """,
    pa.schema([ID, pa.field("agreement", NUMBERS, nullable=False), pa.field("weight", NUMBERS, nullable=False)]),
    form=weighed,
    beside="soft_labels",
)
ReliabilityScores = Annotated[Reference, RELIABILITY]

VOTES = Dataset(
    "votes",
    """Hard labels of the words that three taggers agree on (UniTrans, Eq. 10-11).

    sentence_id  joins `soft_labels`
    words        the sentence's words
    votes        per word the label that is the most probable one of every tagger; null where they differ
    metadata     language; labels; words: number of words; agreed: number of words by agreed label
    """,
    pa.schema([ID, WORDS, pa.field("votes", STRINGS, nullable=False)]),
)
Votes = Annotated[Reference, VOTES]

TEACHERS = Dataset(
    "teachers",
    """What the labels of a panel's teachers are estimated to mean, without gold labels; a row per teacher and label.

    teacher   its name
    label     that it gives
    words     to which it gives it
    right     estimated share of those that have the label, [0, 1]
    found     estimated share of the words that have the label to which it gives it, [0, 1]
    meant     P(label is true | the teacher says this one), in the order of metadata labels; they sum to 1
    said      P(the teacher says label | this one is true), in the same order; they sum to 1
    metadata  language; labels; teachers: their names; prior: estimated share of each label; iterations: of the
              estimate; settled: whether it came to rest in these; joining: how opinions are joined by it; words: number
              of words; labelled: of those, by teacher, that it labels
    """,
    pa.schema(
        [
            pa.field("teacher", pa.string(), nullable=False),
            pa.field("label", pa.string(), nullable=False),
            pa.field("words", pa.int64(), nullable=False),
            pa.field("right", pa.float64(), nullable=False),
            pa.field("found", pa.float64(), nullable=False),
            pa.field("meant", NUMBERS, nullable=False),
            pa.field("said", NUMBERS, nullable=False),
        ]
    ),
)
Teachers = Annotated[Reference, TEACHERS]

CALIBRATION = Dataset(
    "calibration",
    """How sure a tagger is and how right, on labelled sentences that it did not learn from; one row.

    temperature      T at which its probabilities, p^(1/T) scaled to sum to 1, are least surprised by the labels
    words            number of words
    accuracy         share of words whose most probable label is right, [0, 1]
    nll              negative log-likelihood of the labels as it gives them, in nats per word
    nll_calibrated   the same at temperature T
    ece              expected calibration error in 15 bins, [0, 1]; lower is better
    ece_calibrated   the same at temperature T
    metadata         language; labels
    """,
    pa.schema(
        [
            pa.field("temperature", pa.float64(), nullable=False),
            pa.field("words", pa.int64(), nullable=False),
            pa.field("accuracy", pa.float64(), nullable=False),
            pa.field("nll", pa.float64(), nullable=False),
            pa.field("nll_calibrated", pa.float64(), nullable=False),
            pa.field("ece", pa.float64(), nullable=False),
            pa.field("ece_calibrated", pa.float64(), nullable=False),
        ]
    ),
)
Calibration = Annotated[Reference, CALIBRATION]

OPINIONS = Dataset(
    "opinions",
    """Which teacher of a panel said what of each word, and what was made of it.

    sentence_id  joins the sentences that were labelled
    words        the sentence's words
    said         per word the most probable label of each teacher, in the order of metadata teachers; null: it left
                 the word unlabelled
    read         per word and teacher how probable it makes the joint label, as its opinion is read where the panel
                 joins: the mean of these is the joint label's probability, `same_word` aside; null: it left the word
                 unlabelled, or the panel joins by posterior, which is no mean
    tags         per word the most probable joint label
    probability  of that
    metadata     language; labels; teachers: their names; joining: how opinions are joined; split: number of words of
                 which a teacher said something else than the joint label; outvoted: of those whose joint label fewer
                 than half of the teachers said; words: number of those whose joint label is O, and of the others;
                 spoke: per teacher of how many of both it said something
    """,
    pa.schema(
        [
            ID,
            WORDS,
            pa.field("said", pa.list_(STRINGS), nullable=False),
            pa.field("read", pa.list_(NUMBERS), nullable=False),
            TAGS,
            pa.field("probability", NUMBERS, nullable=False),
        ]
    ),
    form=opinions,
    text=column_file,
)
Opinions = Annotated[Reference, OPINIONS]

PREDICTIONS = Dataset(
    "predictions",
    """Decoded labels.

    sentence_id  joins the sentences that were labelled
    words        the sentence's words
    tags         one valid IOB2 tag per word
    metadata     language; labels; of labels that were carried back from a translation also untranslated: sentences
                 that are O for want of one, by reason; entities: of the translations; placed: how many of them have a
                 place in the sentences; lost: the others by reason
    """,
    pa.schema([ID, WORDS, TAGS]),
    text=column_file,
)
Predictions = Annotated[Reference, PREDICTIONS]

SPAN_LABELS = Dataset(
    "span_labels",
    """Soft pseudo-labels of spans (GLoDe, 3.1-3.2); one row for each span of up to so many words, entity or not.

    sentence_id    joins the sentences that were labelled
    start, end     first word of the span, and the one behind its last, in its sentence
    text           its words
    label          the class of the highest probability
    probability    of that class
    probabilities  of every class, in the order of metadata classes; they sum to 1
    decision       u (Eq. 10), towards which classes it was moved last; zeros: none; null: not refined
    metadata       language; classes: O and the entity types; most_words: of a span; epoch: after which they are, 0 for
                   initial labels; thresholds: by level (global, local) and class, null where no span has the class;
                   corrected: ids of the sentences that people labelled, whose labels nothing moves, if there are any
    """,
    pa.schema(
        [
            ID,
            pa.field("start", pa.int32(), nullable=False),
            pa.field("end", pa.int32(), nullable=False),
            pa.field("text", pa.string(), nullable=False),
            pa.field("label", pa.string(), nullable=False),
            pa.field("probability", pa.float32(), nullable=False),
            pa.field("probabilities", NUMBERS, nullable=False),
            pa.field("decision", NUMBERS),
        ]
    ),
    form=span,
)
SpanLabels = Annotated[Reference, SPAN_LABELS]
