"""Aliases for parameters that take kinds of several groups."""

from typing import Annotated

from artifacts.catalog.corpora import CORRECTIONS, GOLD, LABELLED, SENTENCES, TRAINING_SET
from artifacts.catalog.labels import PARTIAL_SOFT_LABELS, PREDICTIONS, SOFT_LABELS
from artifacts.catalog.sentence_translation import ALIGNED_TRANSLATION, MARKED_TRANSLATION, PROJECTION
from artifacts.catalog.word_translation import TRANSLATION
from artifacts.reference import Reference

AnySentences = Annotated[Reference, SENTENCES, LABELLED, TRANSLATION, CORRECTIONS]
AnyTranslation = Annotated[Reference, TRANSLATION, MARKED_TRANSLATION, ALIGNED_TRANSLATION]
LabelledOrTranslation = Annotated[Reference, LABELLED, TRANSLATION, TRAINING_SET]
TrainingPart = Annotated[Reference, LABELLED, TRANSLATION, TRAINING_SET, PROJECTION]
AnyLabels = Annotated[Reference, GOLD, LABELLED, PREDICTIONS]
Opinion = Annotated[Reference, SOFT_LABELS, PARTIAL_SOFT_LABELS]
Projected = Annotated[Reference, ALIGNED_TRANSLATION, PROJECTION]
