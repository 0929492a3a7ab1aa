"""The encoder of a run is looked at before it starts, and what trains it; see `checks`."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from artifacts.errors import InputError
from artifacts.inputs import HubModel
from artifacts.runtime import Runtime
from flows.parts.checkpoints import checkpoint_folder
from flows.parts.corpora import SourceCorpus, TargetCorpus
from flows.parts.encoder import BUNDLED_ENCODER, EncoderChoice
from tasks.corpus.once import once
from tasks.corpus.paths import BUNDLED, bundled_folder
from tasks.denoising.reliability import Reliability
from tasks.encoding.bundled import LANGUAGES
from tasks.encoding.load import check_encoder_folder
from tasks.tagging.fitting import TaggerTrainingConfig
from tasks.tagging.tagger import usable_positions
from tasks.tagging.windows import WindowConfig


def check_bundled_encoder(choice: EncoderChoice, source: SourceCorpus, targets: Mapping[str, TargetCorpus]) -> None:
    """The bundled encoder is used on what it has read: the bundled English and German, alone or with more text.

    Args:
        choice: the encoder.
        source: the source language.
        targets: the target languages, by their keys in the configuration.

    Raises:
        InputError: if a language is another one, or a corpus has nothing of the bundled ones.
    """
    if choice.checkpoint != BUNDLED_ENCODER:
        return
    advice = (
        "set encoder.checkpoint to pretrain, which makes a small one from the run's own text, or to a folder or a name "
        f"on the hub; to use the bundled one all the same, name its folder: {bundled_folder(BUNDLED_ENCODER)}"
    )
    corpora = {"source": (source.language, "train", source.train)}
    corpora |= {key: (target.language, "text", target.text) for key, target in targets.items()}
    for key, (language, name, file) in corpora.items():
        if language not in LANGUAGES:
            raise InputError(
                f"encoder.checkpoint: {BUNDLED_ENCODER} knows {' and '.join(LANGUAGES)} alone, and {key}.language is "
                f"{language}; {advice}"
            )
        if not any(path.startswith(BUNDLED) for path in file.paths):
            raise InputError(
                f"encoder.checkpoint: {BUNDLED_ENCODER} has read the few sentences of the bundled corpora and nothing "
                f"else, and {key}.{name} is {file.shown}; {advice}"
            )


@dataclass(frozen=True)
class EncoderShape:
    """What is known of an encoder before a run.

    positions  sub-words that it takes; None: any number
    layers     its depth; None: its configuration does not say
    hides      whether it has a head for hidden text
    """

    positions: int | None
    layers: int | None
    hides: bool

    def cut(self, layers: int) -> "EncoderShape":
        """Of its bottom layers alone; 0: all."""
        known = [depth for depth in (self.layers, layers or None) if depth is not None]
        return replace(self, layers=min(known, default=None))


def encoder_shape(choice: EncoderChoice, runtime: Runtime) -> EncoderShape:
    """The shape of an encoder, whose checkpoint is looked at; of a name on the hub all but the weights is fetched.

    Raises:
        InputError: if there is no checkpoint.
    """
    if choice.pretrains:
        return EncoderShape(choice.pretraining.max_length_subwords, choice.pretraining.layers, True)
    folder = checkpoint_folder(choice.checkpoint, runtime)
    if folder is None:
        return _shape_on_the_hub(choice)
    from transformers import AutoConfig

    check_encoder_folder(folder)
    return _shape_of(AutoConfig.from_pretrained(folder))


def check_encoder(choice: EncoderChoice, windows: WindowConfig, runtime: Runtime) -> None:
    """What is named as the encoder holds a checkpoint, and a window is not longer than it takes."""
    positions = encoder_shape(choice, runtime).positions
    if positions is not None and windows.max_length_subwords > positions:
        raise InputError(
            f"windows.max_length_subwords: {windows.max_length_subwords} sub-words are asked for, the encoder "
            f"{'to be pretrained' if choice.pretrains else choice.checkpoint} takes {positions}; lower it to at most "
            "that, or raise encoder.pretraining.max_length_subwords"
        )


def check_trainings(trainings: Mapping[str, TaggerTrainingConfig], shape: EncoderShape) -> None:
    """Each training, by its place, changes a layer of its encoder, which has the head that it asks for."""
    for place, training in trainings.items():
        if shape.layers is not None and training.frozen_layers >= shape.layers:
            raise InputError(
                f"{place}.frozen_layers: {training.frozen_layers} layers are to stay as they are, and the encoder has "
                f"{shape.layers}, so that the classifier alone would be trained; expected fewer; lower it (0 trains "
                "everything), or choose a deeper encoder"
            )
        if getattr(training, "mlm_weight", 0) > 0 and not shape.hides:
            raise InputError(
                f"{place}.mlm_weight: hidden text is to be learnt, and the encoder is of a kind without a "
                "masked-language head; set it to 0, or choose another encoder"
            )


def check_compared_layers(settings: Mapping[str, Reliability], shape: EncoderShape) -> None:
    """The encoder has the layer whose vectors say which words are near; settings by their places."""
    for place, reliability in settings.items():
        layer, depth = reliability.layers, shape.layers
        if depth is not None and isinstance(layer, int) and not -depth - 1 <= layer <= depth:
            raise InputError(
                f"{place}.layers: layer {layer} is asked for, and the encoder has {depth}; expected 0 (embeddings) to "
                f"{depth}, a negative number from the top, last or last3"
            )


def _shape_of(config: Any) -> EncoderShape:
    from transformers import MODEL_FOR_MASKED_LM_MAPPING

    depth = getattr(config, "num_hidden_layers", None)
    return EncoderShape(usable_positions(config), depth, type(config) in MODEL_FOR_MASKED_LM_MAPPING)


def _shape_on_the_hub(choice: EncoderChoice) -> EncoderShape:
    from transformers import AutoConfig

    model = HubModel.resolve(choice.checkpoint, choice.revision)

    def read() -> EncoderShape:
        names = model.names()
        if names is not None and not any(name.endswith(".safetensors") for name in names):
            raise InputError(
                f"encoder {choice.checkpoint} at {model.commit[:12]}: the repository has no safetensors weights, but "
                f"{', '.join(names[:8])}; name another, or a folder that holds it, saved by "
                "`model.save_pretrained(folder)`"
            )
        try:
            return _shape_of(AutoConfig.from_pretrained(model.local(weights=False)))
        except (OSError, ValueError) as error:
            raise InputError(
                f"encoder {choice.checkpoint} at {model.commit[:12]}: transformers cannot read its configuration: "
                f"{error}; name another"
            ) from error

    return once(("encoder", model.name, model.commit), read)
