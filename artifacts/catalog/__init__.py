"""Every kind of artifact that Crosstag persists.

A `Dataset` is a Parquet table with the schema and the columns written down here. A `ModelKind` is a folder of
safetensors, tokenizer and JSON files. Beside each stands the alias by which step signatures name a reference to it:
the alias says which kinds a parameter accepts, and `artifacts.step` checks it at every call. How a kind is shown and
exported is part of it, and of no cache key.
"""

from artifacts.catalog import (
    corpora,
    evidence,
    labels,
    models,
    scores,
    sentence_translation,
    word_translation,
)
from artifacts.catalog.corpora import (
    CORRECTIONS,
    GOLD,
    LABELLED,
    PARALLEL,
    SENTENCES,
    TRAINING_SET,
    Corrections,
    Gold,
    GoldOrLabelled,
    Labelled,
    Parallel,
    Sentences,
    TrainingSet,
)
from artifacts.catalog.evidence import (
    CASES,
    CHANGE,
    CONSISTENCY,
    DETECTION,
    PAIR_AGREEMENT,
    RELIABILITY_BINS,
    Cases,
    Change,
    Consistency,
    Detection,
    PairAgreement,
    ReliabilityBins,
)
from artifacts.catalog.kinds import Dataset, Kind, ModelKind
from artifacts.catalog.labels import (
    CALIBRATION,
    LABELLER_ANSWERS,
    OPINIONS,
    PARTIAL_SOFT_LABELS,
    PREDICTIONS,
    RELIABILITY,
    SOFT_LABELS,
    SPAN_LABELS,
    TEACHERS,
    VOTES,
    Calibration,
    LabellerAnswers,
    Opinions,
    PartialSoftLabels,
    Predictions,
    ReliabilityScores,
    SoftLabels,
    SpanLabels,
    Teachers,
    Votes,
)
from artifacts.catalog.models import (
    CONVERTED_TRANSLATOR,
    ENCODER,
    FIGURES,
    STUDENT,
    TAGGER,
    TRANSLATOR,
    AnyTranslator,
    Encoder,
    Figures,
    Student,
    Tagger,
    Translator,
)
from artifacts.catalog.scores import (
    BLEU,
    CORRECTION_AGREEMENT,
    CURVE,
    EPOCH_SCORES,
    MARKER_QUALITY,
    OUTCOMES,
    SCORES,
    SIGNIFICANCE,
    SPAN_REACH,
    TEACHER_QUALITY,
    TYPE_SHARES,
    VOTE_QUALITY,
    Bleu,
    CorrectionAgreement,
    Curve,
    EpochScores,
    MarkerQuality,
    Outcomes,
    Scores,
    Significance,
    SpanReach,
    TeacherQuality,
    TypeShares,
    VoteQuality,
)
from artifacts.catalog.sentence_translation import (
    ALIGNED_TRANSLATION,
    CANDIDATE_SCORES,
    CONJUGATE_PAIRS,
    MACHINE_TRANSLATION,
    MARKED_PAIRS,
    MARKED_TRANSLATION,
    PROJECTION,
    SPAN_TRANSLATION,
    WORD_ALIGNMENT,
    AlignedTranslation,
    CandidateScores,
    ConjugatePairs,
    MachineTranslation,
    MarkedPairs,
    MarkedTranslation,
    Projection,
    SpanTranslation,
    WordAlignment,
)
from artifacts.catalog.several import (
    AnyLabels,
    AnySentences,
    AnyTranslation,
    LabelledOrTranslation,
    Opinion,
    Projected,
    TrainingPart,
)
from artifacts.catalog.word_translation import (
    ALIGNMENT,
    LEXICON,
    TRANSLATION,
    VECTORS,
    Alignment,
    Lexicon,
    Translation,
    Vectors,
)

_GROUPS = (corpora, word_translation, sentence_translation, labels, scores, evidence, models)


def catalogue() -> dict[str, Kind]:
    """All kinds by name, group by group, in the order of the files."""
    found = (value for group in _GROUPS for value in vars(group).values())
    return {kind.name: kind for kind in found if isinstance(kind, Dataset | ModelKind)}
