"""Every kind of artifact that Crosstag persists, in one place.

A `Dataset` is a Parquet table with the schema and the columns written down here. A `ModelKind` is a folder of
safetensors, tokenizer and JSON files. Beside each stands the alias by which step signatures name a reference to it:
the alias says which kinds a parameter accepts, and `artifacts.step` checks it at every call.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Protocol

import pyarrow as pa

from artifacts.errors import InputError
from artifacts.reference import Reference

if TYPE_CHECKING:
    import pandas as pd


class Tables(Protocol):
    """What `Dataset.to_pandas` needs of the store."""

    def find(self, text: str) -> Reference:
        """The artifact that `kind/key` names."""

    def table(self, reference: Reference) -> pa.Table:
        """The table of an artifact."""

    def metadata(self, reference: Reference) -> dict[str, Any]:
        """What an artifact says about itself."""


@dataclass(frozen=True)
class Dataset:
    """A kind of table: its name, what its columns mean, their types."""

    name: str
    doc: str
    schema: pa.Schema

    def to_pandas(self, store: Tables, reference: Reference | str) -> "pd.DataFrame":
        """An artifact of this kind as a data frame, for notebooks.

        Example:
            from artifacts.catalog import SCORES; from artifacts.store import Store
            frame = SCORES.to_pandas(Store("store"), "scores/086a")

        Args:
            store: the `artifacts.store.Store` that it lies in.
            reference: which one; or `kind/key` as `crosstag store ls` shows it, a unique beginning of the key.

        Returns:
            One row per row of the table, columns as in `doc`; lists are numpy arrays (probabilities: an array of one
            array per word). `attrs` holds the metadata, such as the names of the labels.

        Raises:
            InputError: if there is no such artifact, or it is of another kind.
        """
        found = store.find(reference) if isinstance(reference, str) else reference
        if found.kind != self.name:
            raise InputError(f"artifact {found}: it is of kind {found.kind}, expected {self.name}; give one of these")
        frame = store.table(found).to_pandas()
        frame.attrs.update(store.metadata(found))
        return frame


@dataclass(frozen=True)
class ModelKind:
    """A kind of model folder: its name and what is in it."""

    name: str
    doc: str


Kind = Dataset | ModelKind

_ID = pa.field("sentence_id", pa.int64(), nullable=False)
_STRINGS = pa.list_(pa.string())
_NUMBERS = pa.list_(pa.float32())
_WORDS = pa.field("words", _STRINGS, nullable=False)
_TAGS = pa.field("tags", _STRINGS, nullable=False)
# Where a row of a training set began: a corpus, by kind and content as `crosstag store show` takes it; its sentence.
_CORPUS = pa.field("corpus", pa.string(), nullable=False)
_SOURCE_ID = pa.field("source_sentence_id", pa.int64(), nullable=False)


# --- Corpora ---------------------------------------------------------------------------------------------------------

SENTENCES = Dataset(
    "sentences",
    """Sentences without labels; all that training may see of the target language.

    sentence_id  position in the file, from 0 (after duplicates are removed, if they are)
    words        the sentence's words
    metadata     language
    """,
    pa.schema([_ID, _WORDS]),
)
Sentences = Annotated[Reference, SENTENCES]

LABELLED = Dataset(
    "labelled",
    """Labelled sentences of the source language.

    sentence_id  position in the file, from 0
    words        the sentence's words
    tags         one IOB2 tag per word
    metadata     language; labels: all IOB2 labels, O first, types sorted
    """,
    pa.schema([_ID, _WORDS, _TAGS]),
)
Labelled = Annotated[Reference, LABELLED]

GOLD = Dataset(
    "gold",
    """Gold tags of the target language, without the words. Only steps of tasks/evaluation accept it.

    sentence_id  joins `sentences` read from the same file
    tags         one IOB2 tag per word
    metadata     language; labels
    """,
    pa.schema([_ID, _TAGS]),
)
Gold = Annotated[Reference, GOLD]
GoldOrLabelled = Annotated[Reference, GOLD, LABELLED]

PARALLEL = Dataset(
    "parallel",
    """Sentence pairs, untokenised, no labels.

    pair_id   line number in the two files, from 0
    source    the sentence in the source language
    target    its translation
    metadata  source_language; target_language; skipped_pairs: pairs left out because a side was empty
    """,
    pa.schema(
        [
            pa.field("pair_id", pa.int64(), nullable=False),
            pa.field("source", pa.string(), nullable=False),
            pa.field("target", pa.string(), nullable=False),
        ]
    ),
)
Parallel = Annotated[Reference, PARALLEL]


# --- Translation -----------------------------------------------------------------------------------------------------

VECTORS = Dataset(
    "vectors",
    """Word vectors of one language.

    word      the word, in the case of the text
    vector    its vector; the same length in every row
    metadata  language; dimension
    """,
    pa.schema([pa.field("word", pa.string(), nullable=False), pa.field("vector", _NUMBERS, nullable=False)]),
)
Vectors = Annotated[Reference, VECTORS]

ALIGNMENT = Dataset(
    "alignment",
    """The orthogonal map P from source vectors into the space of target vectors, x -> P x (UniTrans, Eq. 1-2).

    row       row of P, from 0
    weights   that row
    metadata  seed_pairs; refinements: pairs and mean CSLS of each; precision_at_1, precision_at_5 against the test
              dictionary (null without one); test_pairs
    """,
    pa.schema([pa.field("row", pa.int32(), nullable=False), pa.field("weights", _NUMBERS, nullable=False)]),
)
Alignment = Annotated[Reference, ALIGNMENT]

LEXICON = Dataset(
    "lexicon",
    """Induced word translations; export it as text with `crosstag store export`.

    source    word of the source language
    target    a translation
    csls      cross-domain similarity (UniTrans, Eq. 3), higher is better; null for pairs the user supplied
    rank      0 for the best translation of this source word
    metadata  source_language; target_language
    """,
    pa.schema(
        [
            pa.field("source", pa.string(), nullable=False),
            pa.field("target", pa.string(), nullable=False),
            pa.field("csls", pa.float32()),
            pa.field("rank", pa.int32(), nullable=False),
        ]
    ),
)
Lexicon = Annotated[Reference, LEXICON]

TRANSLATION = Dataset(
    "translation",
    """Source sentences turned into the target language, with their labels (D_trans).

    sentence_id         position in this table, from 0
    words               the translated words
    tags                one IOB2 tag per word, copied or projected
    source_words        the words it came from; empty for an imported translation
    origin              per word: lexicon, entity (copied, being part of a name), unknown (copied, having no
                        translation), import, marked (translated as a sentence)
    corpus              the `labelled` table it was made from, such as labelled/3f2a...; import: the imported file
    source_sentence_id  the sentence's id there; comes twice if two ways of translating are combined
    metadata            language; labels
    """,
    pa.schema(
        [
            _ID,
            _WORDS,
            _TAGS,
            pa.field("source_words", _STRINGS, nullable=False),
            pa.field("origin", _STRINGS, nullable=False),
            _CORPUS,
            _SOURCE_ID,
        ]
    ),
)
Translation = Annotated[Reference, TRANSLATION]

TRAINING_SET = Dataset(
    "training_set",
    """Labelled sentences from several places, in one table to train on.

    sentence_id         position in this table, from 0
    words               the sentence's words
    tags                one IOB2 tag per word
    language            of the sentence
    origin              where its labels come from: labelled, translation, or how a projection was settled
    corpus              where the sentence comes from, such as sentences/3f2a...: raw text, or a labelled corpus
    source_sentence_id  the sentence's id there
    metadata            language (of all, joined by +); labels; sentences: number by language and origin
    """,
    pa.schema(
        [
            _ID,
            _WORDS,
            _TAGS,
            pa.field("language", pa.string(), nullable=False),
            pa.field("origin", pa.string(), nullable=False),
            _CORPUS,
            _SOURCE_ID,
        ]
    ),
)
TrainingSet = Annotated[Reference, TRAINING_SET]
LabelledOrTranslation = Annotated[Reference, LABELLED, TRANSLATION, TRAINING_SET]
AnySentences = Annotated[Reference, SENTENCES, LABELLED, TRANSLATION]

MARKED_PAIRS = Dataset(
    "marked_pairs",
    """Sentence pairs that a translator learns from; markers enclose spans that translate each other (CROP, 3.3).

    pair_id   joins `parallel`; a pair may come several times, plain and with other spans marked
    source    the sentence, untokenised: `... __SLOT0__ Munich __SLOT0__ ...`
    target    its translation, the same markers around the translated spans
    spans     number of marked spans; 0 for a plain pair
    metadata  source_language; target_language; pairs_by_spans: how many rows have 0, 1, ... marked spans
    """,
    pa.schema(
        [
            pa.field("pair_id", pa.int64(), nullable=False),
            pa.field("source", pa.string(), nullable=False),
            pa.field("target", pa.string(), nullable=False),
            pa.field("spans", pa.int32(), nullable=False),
        ]
    ),
)
MarkedPairs = Annotated[Reference, MARKED_PAIRS]

WORD_ALIGNMENT = Dataset(
    "word_alignment",
    """Which words of a sentence pair translate each other (CROP, 3.3, by eflomal).

    pair_id       joins `parallel`, in its order
    source_words  words of the source sentence
    target_words  words of its translation
    source_links  per link the position of its source word, from 0; links are sorted by source, then target position
    target_links  per link the position of its target word
    metadata      source_language; target_language; symmetrisation; links: number of links; unaligned_pairs: pairs
                  that were left without links because a side is too long
    """,
    pa.schema(
        [
            pa.field("pair_id", pa.int64(), nullable=False),
            pa.field("source_words", _STRINGS, nullable=False),
            pa.field("target_words", _STRINGS, nullable=False),
            pa.field("source_links", pa.list_(pa.int32()), nullable=False),
            pa.field("target_links", pa.list_(pa.int32()), nullable=False),
        ]
    ),
)
WordAlignment = Annotated[Reference, WORD_ALIGNMENT]

MACHINE_TRANSLATION = Dataset(
    "machine_translation",
    """What a translator made of sentences, before anything is read from it.

    sentence_id  joins the sentences that were translated
    source       the text the translator got: detokenised, entities between markers if the sentences have tags
    output       the text it gave back, as it is; empty if `source` is empty or too long
    metadata     source_language; target_language
    """,
    pa.schema([_ID, pa.field("source", pa.string(), nullable=False), pa.field("output", pa.string(), nullable=False)]),
)
MachineTranslation = Annotated[Reference, MACHINE_TRANSLATION]

MARKED_TRANSLATION = Dataset(
    "marked_translation",
    """Marked sentences after translation, kept or dropped: the way of each from source to result.

    sentence_id    joins the `labelled` table it was made from
    source_words   the sentence
    source_tags    its IOB2 tags
    marked_source  the text the translator got
    output         the text it gave back
    words          words of the translation, markers removed; empty if dropped
    tags           one IOB2 tag per word, read from the markers; empty if dropped
    reason         why it was dropped, one of `tasks.translation.marked.markers.REASONS`; "" if kept
    metadata       language; labels; corpus: the sentences that were translated, such as labelled/3f2a...;
                   dropped: number of sentences by reason
    """,
    pa.schema(
        [
            _ID,
            pa.field("source_words", _STRINGS, nullable=False),
            pa.field("source_tags", _STRINGS, nullable=False),
            pa.field("marked_source", pa.string(), nullable=False),
            pa.field("output", pa.string(), nullable=False),
            _WORDS,
            _TAGS,
            pa.field("reason", pa.string(), nullable=False),
        ]
    ),
)
MarkedTranslation = Annotated[Reference, MARKED_TRANSLATION]
AnyTranslation = Annotated[Reference, TRANSLATION, MARKED_TRANSLATION]

PROJECTION = Dataset(
    "projection",
    """Raw sentences of the target language with the labels that came back to them by translation (CROP, 3.4).

    sentence_id   joins the `sentences` that were projected to; every one of them has its row
    words         the raw sentence
    forward       its translation into the source language, as it came; empty without one
    source_words  the words of that translation; empty if it was left out
    source_tags   the IOB2 tags that the source tagger gave them
    output        the labelled back-translation, as it came
    entities      the back-translation's entities in its order, words separated by spaces
    entity_types  the type of each
    matches       the word of the raw sentence, from 0, where each begins; -1 where it was not found or lost its place
    tags          one IOB2 tag per raw word; empty if dropped
    reason        why it was dropped: one of `tasks.translation.projection.project_entities.REASONS`, or a reason of
                  `marked_translation`; "" if kept
    metadata      language; labels; corpus: the raw sentences, such as sentences/3f2a...; kept: number of sentences;
                  dropped: number of sentences by reason
    """,
    pa.schema(
        [
            _ID,
            _WORDS,
            pa.field("forward", pa.string(), nullable=False),
            pa.field("source_words", _STRINGS, nullable=False),
            pa.field("source_tags", _STRINGS, nullable=False),
            pa.field("output", pa.string(), nullable=False),
            pa.field("entities", _STRINGS, nullable=False),
            pa.field("entity_types", _STRINGS, nullable=False),
            pa.field("matches", pa.list_(pa.int32()), nullable=False),
            _TAGS,
            pa.field("reason", pa.string(), nullable=False),
        ]
    ),
)
Projection = Annotated[Reference, PROJECTION]
TrainingPart = Annotated[Reference, LABELLED, TRANSLATION, TRAINING_SET, PROJECTION]


# --- Pseudo-labels and what to think of them -------------------------------------------------------------------------

SOFT_LABELS = Dataset(
    "soft_labels",
    """A tagger's opinion on every word: one probability per label.

    sentence_id    joins the sentences that were labelled
    words          the sentence's words
    probabilities  per word one probability per label, in the order of metadata labels; they sum to 1
    metadata       language; labels
    """,
    pa.schema([_ID, _WORDS, pa.field("probabilities", pa.list_(_NUMBERS), nullable=False)]),
)
SoftLabels = Annotated[Reference, SOFT_LABELS]

RELIABILITY = Dataset(
    "reliability",
    """How far to trust each pseudo-label (CoLaDa, Eq. 2-3).

    sentence_id  joins `soft_labels`
    agreement    lambda, one per word: share of the nearest neighbours with its label, [0, 1]
    weight       w, one per word: loss weight, sigmoid(alpha (lambda - mu)), (0, 1)
    metadata     labels; class_mean: mu per label (null where no word has the label); neighbours: K used
    """,
    pa.schema([_ID, pa.field("agreement", _NUMBERS, nullable=False), pa.field("weight", _NUMBERS, nullable=False)]),
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
    pa.schema([_ID, _WORDS, pa.field("votes", _STRINGS, nullable=False)]),
)
Votes = Annotated[Reference, VOTES]

PREDICTIONS = Dataset(
    "predictions",
    """Decoded labels.

    sentence_id  joins the sentences that were labelled
    words        the sentence's words
    tags         one valid IOB2 tag per word
    metadata     language; labels
    """,
    pa.schema([_ID, _WORDS, _TAGS]),
)
Predictions = Annotated[Reference, PREDICTIONS]


# --- Scores ----------------------------------------------------------------------------------------------------------

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
)
Scores = Annotated[Reference, SCORES]

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
)
Detection = Annotated[Reference, DETECTION]

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
)
VoteQuality = Annotated[Reference, VOTE_QUALITY]

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
            _ID,
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
)
Bleu = Annotated[Reference, BLEU]

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
)
Curve = Annotated[Reference, CURVE]


# --- Models ----------------------------------------------------------------------------------------------------------

ENCODER = ModelKind(
    "encoder",
    "A pretrained encoder: config.json, model.safetensors, tokenizer files; AutoModel and AutoTokenizer load it.",
)
Encoder = Annotated[Reference, ENCODER]

TAGGER = ModelKind(
    "tagger",
    "An encoder with a linear head on the first sub-word; AutoModelForTokenClassification loads it. metadata: labels.",
)
Tagger = Annotated[Reference, TAGGER]

STUDENT = ModelKind(
    "student", "The tagger to ship: as `tagger`, with a model card; transformers.pipeline loads it. metadata: labels."
)
Student = Annotated[Reference, STUDENT]


TRANSLATOR = ModelKind(
    "translator",
    "A translator of the M2M100 family: config.json, model.safetensors, tokenizer files; "
    "M2M100ForConditionalGeneration and M2M100Tokenizer load it.",
)
Translator = Annotated[Reference, TRANSLATOR]

FIGURES = ModelKind("figures", "Pictures (PNG) of curves, bins and consistencies, each beside its data (CSV).")
Figures = Annotated[Reference, FIGURES]


def catalogue() -> dict[str, Kind]:
    """All kinds by name, in the order of this file."""
    return {kind.name: kind for kind in globals().values() if isinstance(kind, Dataset | ModelKind)}
