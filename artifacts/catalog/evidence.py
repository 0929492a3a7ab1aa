"""How good pseudo-labels are, and how far reliability tells it (CoLaDa, 5.3)."""

from typing import Annotated

import pyarrow as pa

from artifacts.catalog.columns import ID, STRINGS, WORDS
from artifacts.catalog.forms import case, pair_agreement
from artifacts.catalog.kinds import Dataset
from artifacts.reference import Reference

RELIABILITY_BINS = Dataset(
    "reliability_bins",
    """Quality of pseudo-labels by reliability (CoLaDa, Figure 5), one row per bin of the weight.

    low, high  bounds of the bin, low <= w < high (the last includes 1)
    words      words in the bin
    token_f1   micro F1 of the words' labels, O left out; null where neither side has an entity word
    accuracy   share of words whose label is right; null in an empty bin
    """,
    pa.schema(
        [
            pa.field("low", pa.float64(), nullable=False),
            pa.field("high", pa.float64(), nullable=False),
            pa.field("words", pa.int64(), nullable=False),
            pa.field("token_f1", pa.float64()),
            pa.field("accuracy", pa.float64()),
        ]
    ),
    in_columns=True,
)
ReliabilityBins = Annotated[Reference, RELIABILITY_BINS]

CHANGE = Dataset(
    "change",
    """How far two sets of pseudo-labels of the same sentences differ; one row.

    words    words compared
    changed  words whose most probable label changed
    share    changed / words, [0, 1]
    """,
    pa.schema(
        [
            pa.field("words", pa.int64(), nullable=False),
            pa.field("changed", pa.int64(), nullable=False),
            pa.field("share", pa.float64(), nullable=False),
        ]
    ),
    in_columns=True,
)
Change = Annotated[Reference, CHANGE]

CONSISTENCY = Dataset(
    "consistency",
    """Mean label consistency of clean and noisy words by entity type and encoder layer (CoLaDa, Figure 6).

    layer           0 for the embeddings, then the encoder's layers from the bottom
    type            entity type of the pseudo-label, or O
    clean           whether the pseudo-label is the gold one
    words           number of such words
    mean_agreement  mean of lambda (Eq. 2), [0, 1]; null without a word
    metadata        neighbours: K used
    """,
    pa.schema(
        [
            pa.field("layer", pa.int32(), nullable=False),
            pa.field("type", pa.string(), nullable=False),
            pa.field("clean", pa.bool_(), nullable=False),
            pa.field("words", pa.int64(), nullable=False),
            pa.field("mean_agreement", pa.float64()),
        ]
    ),
    in_columns=True,
)
Consistency = Annotated[Reference, CONSISTENCY]

DETECTION = Dataset(
    "detection",
    """Reliability as a detector of wrong pseudo-labels: area under the ROC curve.

    label            "overall" in the first row, then each label that a word was given
    words, wrong     words with that pseudo-label, and how many of them are wrong
    auc_agreement    chance that a right label has a larger lambda than a wrong one, ties count half; null if all
                     labels are right or all are wrong
    auc_weight       the same for the weight w
    auc_probability  the same for the label's probability, the obvious alternative
    """,
    pa.schema(
        [
            pa.field("label", pa.string(), nullable=False),
            pa.field("words", pa.int64(), nullable=False),
            pa.field("wrong", pa.int64(), nullable=False),
            pa.field("auc_agreement", pa.float64()),
            pa.field("auc_weight", pa.float64()),
            pa.field("auc_probability", pa.float64()),
        ]
    ),
    in_columns=True,
)
Detection = Annotated[Reference, DETECTION]

CASES = Dataset(
    "cases",
    """Sentences of D_trans whose labels differ between projection and taggers (CoLaDa, Figure 8).

    sentence_id      joins `translation`
    source_words     the sentence it was translated from; empty for an imported translation
    words            its words
    translation      the labels of the translation, copied or projected
    translate_train  those of M_trans^0, which was trained on them
    method           those of the method's last M_trans
    metadata         language; sentences, words of the translation; cases: rows; by_translate_train, by_method: words
                     that each labels otherwise than the translation
    """,
    pa.schema(
        [
            ID,
            pa.field("source_words", STRINGS, nullable=False),
            WORDS,
            pa.field("translation", STRINGS, nullable=False),
            pa.field("translate_train", STRINGS, nullable=False),
            pa.field("method", STRINGS, nullable=False),
        ]
    ),
    form=case,
)
Cases = Annotated[Reference, CASES]

PAIR_AGREEMENT = Dataset(
    "pair_agreement",
    """What a tagger says of both sides of conjugate pairs (ConNER, 2.3, by Algorithm 1 and Eq. 2); one row per pair.

    sentence_id          joins `conjugate_pairs`
    start, end           first word of the span, and the one behind its last, in the sentence
    text                 its words
    translated_start, translated_end, translated_text  the same of its translation
    label                the most probable class of the span: an entity type, O or illegal
    illegal              the probability of `illegal`, which is all that BIOES does not allow a span, [0, 1]
    translated_label, translated_illegal  the same of its translation
    divergence           bidirectional Kullback-Leibler divergence of both (the summand of Eq. 2), in nats
    metadata             sentences: how many were drawn; of_pairs: how many there were to draw from; total: pairs;
                         illegal_on_both, illegal_on_one, illegal_on_neither: those whose label is illegal there;
                         same_type: whose labels are one entity type; mean_illegal, over both sides; mean_divergence
    """,
    pa.schema(
        [
            ID,
            pa.field("start", pa.int32(), nullable=False),
            pa.field("end", pa.int32(), nullable=False),
            pa.field("text", pa.string(), nullable=False),
            pa.field("label", pa.string(), nullable=False),
            pa.field("illegal", pa.float64(), nullable=False),
            pa.field("translated_start", pa.int32(), nullable=False),
            pa.field("translated_end", pa.int32(), nullable=False),
            pa.field("translated_text", pa.string(), nullable=False),
            pa.field("translated_label", pa.string(), nullable=False),
            pa.field("translated_illegal", pa.float64(), nullable=False),
            pa.field("divergence", pa.float64(), nullable=False),
        ]
    ),
    form=pair_agreement,
)
PairAgreement = Annotated[Reference, PAIR_AGREEMENT]
