"""What the methods with one target language are told alike."""

from pydantic import Field, model_validator

from artifacts.runtime import Runtime
from flows.parts.corpora import Corpora, ParallelText, SourceCorpus, TargetCorpus
from flows.parts.encoder import EncoderChoice
from flows.parts.presets import WithPreset
from flows.parts.translation import Translating, TranslationChoice
from tasks.tagging.fitting import TaggerTrainingConfig
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

    @property
    def trainings(self) -> dict[str, TaggerTrainingConfig]:
        """Settings of the trainings that begin from the encoder, by their places in a configuration."""
        return {name: value for name, value in self if isinstance(value, TaggerTrainingConfig)}


class TranslatedTarget(OneTarget):
    """The same for methods that learn from a translation of the labelled corpus."""

    translation: TranslationChoice = Field(
        TranslationChoice(),
        title="Translation",
        description="How D_trans is made from the labelled corpus.",
    )
    score_translate_test: bool = Field(
        False,
        title="Translate-test",
        description="Also score this baseline: test sentences are translated into the source language by "
        "translation.marked's translator, tagged there by the source-only tagger, and labels carried back as "
        "translation.aligned says. A translator that is trained here learns both directions then.",
    )

    @model_validator(mode="after")
    def _has_what_is_translated(self) -> "TranslatedTarget":
        if self.score_translate_test and not self.target.tests:
            raise ValueError(
                "score_translate_test: test sentences are to be translated, and target.tests names none; add a test "
                "set there, or leave score_translate_test out"
            )
        return self

    def translating(self, corpora: Corpora, runtime: Runtime) -> Translating:
        """How corpora of such a run are translated."""
        languages = (self.source.language, self.target.language)
        return Translating(corpora, self.translation, languages, self.seed, runtime, self.score_translate_test)
