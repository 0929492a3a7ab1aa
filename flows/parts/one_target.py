"""What the methods with one target language are told alike."""

from pydantic import Field

from flows.parts.corpora import ParallelText, SourceCorpus, TargetCorpus
from flows.parts.encoder import EncoderChoice
from flows.parts.presets import WithPreset
from flows.parts.translation import TranslationChoice
from tasks.tagging.inference import Inference
from tasks.tagging.windows import WindowConfig
from tasks.words.labels import LabelConfig


class OneTarget(WithPreset):
    """Corpora, labels and encoder of a run from one language to another."""

    seed: int = Field(1, ge=0, lt=2**31, title="Seed", description="Of every training, split and draw.")
    source: SourceCorpus = Field(title="Source language", description="The language that has labels.")
    target: TargetCorpus = Field(title="Target language", description="The language that needs a tagger.")
    parallel: tuple[ParallelText, ...] = Field(
        (), title="Parallel text", description="For word vectors and for pretraining an encoder; may be empty."
    )
    labels: LabelConfig = Field(LabelConfig(), title="Labels", description="Entity types, the same for all corpora.")
    encoder: EncoderChoice = Field(EncoderChoice(), title="Encoder", description="A pretrained one, or pretrain.")
    windows: WindowConfig = Field(WindowConfig(), title="Windows", description="How long sentences are cut.")
    inference: Inference = Field(Inference(), title="Inference", description="How taggers are run to label text.")

    @property
    def direction(self) -> str:
        """From which language to which, for people."""
        return f"{self.source.language} -> {self.target.language}"


class TranslatedTarget(OneTarget):
    """The same for methods that learn from a translation of the labelled corpus."""

    translation: TranslationChoice = Field(
        TranslationChoice(),
        title="Translation",
        description="How D_trans is made from the labelled corpus.",
    )
