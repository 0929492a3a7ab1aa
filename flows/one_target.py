"""What the methods with one target language are told alike."""

from pydantic import Field

from artifacts.settings import Settings
from flows.corpora import ParallelText, SourceCorpus, TargetCorpus
from flows.encoder import EncoderChoice
from flows.translation import TranslationChoice
from tasks.corpus.labels import LabelConfig
from tasks.tagging.windows import WindowConfig


class OneTarget(Settings):
    """Corpora, labels, encoder and translation of a run from one language to another."""

    seed: int = Field(1, ge=0, lt=2**31, title="Seed", description="Of every training, split and draw.")
    source: SourceCorpus = Field(title="Source language", description="The language that has labels.")
    target: TargetCorpus = Field(title="Target language", description="The language that needs a tagger.")
    parallel: tuple[ParallelText, ...] = Field(
        (), title="Parallel text", description="For word vectors and for pretraining an encoder; may be empty."
    )
    labels: LabelConfig = Field(LabelConfig(), title="Labels", description="Entity types, the same for all corpora.")
    encoder: EncoderChoice = Field(EncoderChoice(), title="Encoder", description="A pretrained one, or pretrain.")
    translation: TranslationChoice = Field(
        TranslationChoice(),
        title="Translation",
        description="How D_trans is made from the labelled corpus.",
    )
    windows: WindowConfig = Field(WindowConfig(), title="Windows", description="How long sentences are cut.")
