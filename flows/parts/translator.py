"""Which translator a run uses: configuration, checks and steps."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from artifacts.errors import InputError
from artifacts.inputs import HubModel, InputFolder
from artifacts.reference import Reference
from artifacts.runtime import Runtime, current_run, stage
from artifacts.settings import Settings
from flows.parts.checkpoints import checkpoint_folder
from tasks.translation.machine.card import CARD_FILE, Family, read_card
from tasks.translation.machine.coding import check_direction
from tasks.translation.machine.converting import convert_translator
from tasks.translation.machine.engines import Generation, uses_ctranslate2
from tasks.translation.machine.external import SETTING, ExternalEngine, ExternalTranslator
from tasks.translation.machine.languages import known_language
from tasks.translation.machine.train_translator import TranslatorTraining, train_translator
from tasks.translation.machine.translator import check_translator_folder, has_weights, import_translator, languages_of
from tasks.translation.marked.markers import Marking

_KEYS = re.compile(r"(?<![\w.])(translator\.(family|external|checkpoint|fine_tune)|generation\.engine)\b")
"""How errors of steps name settings, whatever stands before these in a configuration."""

Direction = tuple[str, str]
"""Language of the texts, and the one to translate into."""
AnyTranslator = Reference | ExternalTranslator
"""One that lies in the store, or a command."""


class TranslatorChoice(Settings):
    """A pretrained translator, or how to train a small one; with both, the pretrained one is trained further."""

    checkpoint: str = Field(
        "",
        title="Checkpoint",
        description="A folder, or a name on the hub such as facebook/m2m100_418M, of M2M100, SMaLL-100, NLLB-200, "
        "MADLAD-400 or, one for each direction, Marian: Helsinki-NLP/opus-mt-{from}-{to}. Empty: train a small "
        "M2M100 on the parallel text.",
    )
    external: ExternalTranslator | None = Field(
        None,
        title="External",
        description="A command that translates, instead of a checkpoint: docs/translators.md.",
    )
    revision: str = Field("main", title="Revision", description="Branch, tag or commit of a hub name.")
    family: Literal["auto"] | Family = Field(
        "auto", title="Family", description="Of the checkpoint; auto: as its files tell."
    )
    fine_tune: bool = Field(
        False,
        title="Fine-tune",
        description="Train the checkpoint, an M2M100, further on the parallel text, with markers.",
    )
    training: TranslatorTraining = Field(
        TranslatorTraining(), title="Training", description="Of a small translator, or of the checkpoint."
    )

    @model_validator(mode="after")
    def _external_is_taken_as_it_is(self) -> "TranslatorChoice":
        if self.external is not None and (self.checkpoint or self.fine_tune):
            other = "checkpoint" if self.checkpoint else "fine_tune"
            raise ValueError(f"external is given, and {other} as well; leave one of both out")
        return self

    @property
    def trains(self) -> bool:
        """Whether parallel text is needed."""
        return self.fine_tune or not self.is_given

    @property
    def both_ways(self) -> "TranslatorChoice":
        """The same; if it is trained, in both directions."""
        training = self.training.model_copy(update={"both_directions": True})
        return self.model_copy(update={"training": training})

    @property
    def is_given(self) -> bool:
        """Whether there is a translator to begin with, a checkpoint or a command."""
        return bool(self.checkpoint) or self.external is not None

    @property
    def name(self) -> str:
        """What a person calls the one that is given."""
        return self.checkpoint or (f"`{self.external.command}`" if self.external else "")

    @property
    def by_direction(self) -> bool:
        """Whether there is a checkpoint for each direction."""
        return "{from}" in self.checkpoint or "{to}" in self.checkpoint

    @property
    def named_family(self) -> Family | None:
        """The family, unless the files are to tell."""
        return None if self.family == "auto" else self.family

    def names(self, directions: Sequence[Direction]) -> dict[Direction | None, str]:
        """The name of the checkpoint of each of these directions; under None that of one for all."""
        if not self.by_direction:
            return {None: self.checkpoint}
        return {
            (source, target): self.checkpoint.replace("{from}", source).replace("{to}", target)
            for source, target in directions
        }


def take_translator(
    choice: TranslatorChoice,
    directions: Sequence[Direction],
    pairs: tuple[Reference, ...],
    seed: int,
    runtime: Runtime,
    name: str = "translator",
) -> AnyTranslator:
    """The translator of a run.

    Args:
        choice: which.
        directions: in which it will translate.
        pairs: marked pairs to train on; not looked at if nothing is trained.
        seed: of the run.
        runtime: where folders are looked for.
        name: of the one that is trained, in tables.
    """
    if choice.external is not None:
        return choice.external
    start = None
    if choice.checkpoint:
        names = choice.names(directions)
        with stage(Path(choice.checkpoint).name):
            start = import_translator(
                tuple(_source(each, choice.revision, runtime) for each in names.values()),
                tuple(" ".join(direction) for direction in names if direction is not None),
                choice.named_family,
            )
        if not choice.fine_tune:
            return start
    with stage(name):
        return train_translator(pairs, start, choice.training.seeded(seed))


def search_of(translator: AnyTranslator, generation: Generation) -> Generation:
    """The settings of the search that a translation is keyed by: a command never hears of them."""
    return Generation() if isinstance(translator, ExternalTranslator) else generation


def ready(translator: AnyTranslator, generation: Generation, name: str = "translator") -> AnyTranslator:
    """The translator in the form in which the engine of the settings loads it; converted once for all who use it."""
    run = current_run()
    device = run.runtime.resolved_device() if run else "cpu"
    if isinstance(translator, ExternalTranslator) or not uses_ctranslate2(generation, device):
        return translator
    with stage(f"{name}, for ctranslate2"):
        return convert_translator(translator)


def check_translator(
    choice: TranslatorChoice, directions: Sequence[Direction], generation: Generation, runtime: Runtime, under: str = ""
) -> Family | Literal["external"]:
    """The checkpoint that is named as the translator is there, is one, and knows the languages.

    Of a Marian the direction is the one that it is of. Its engine has what it needs on the device. Of an external one
    the program is there, and the languages are among those that are listed.

    Of a name on the hub all but the weights is fetched.

    Args:
        choice: the settings of `translator`.
        directions: in which it will translate.
        generation: the settings of `generation`.
        runtime: where folders are looked for.
        under: what stands before both keys in a configuration, such as `pairs.`; errors name them so.

    Returns:
        The family of the translator.

    Raises:
        UnknownLanguage: if the translator does not know one.
        InputError: at the first other thing that is wrong.
    """
    try:
        return _family(choice, directions, generation, runtime, under)
    except InputError as error:
        raise type(error)(_KEYS.sub(lambda key: under + key[0], str(error))) from error


def _family(
    choice: TranslatorChoice, directions: Sequence[Direction], generation: Generation, runtime: Runtime, under: str
) -> Family | Literal["external"]:
    if choice.external is not None:
        data = Path(runtime.data).expanduser()
        for each in directions:
            ExternalEngine.of(choice.external, each, data)
        choice.external.check_program(data, under + SETTING)
        return "external"
    uses_ctranslate2(generation, runtime.resolved_device())
    if not choice.checkpoint:
        for language in {language: None for direction in directions for language in direction}:
            known_language(language)
        return "m2m100"
    for direction, name in choice.names(directions).items():
        folder, family = _checked(name, choice, runtime)
        if choice.fine_tune and family != "m2m100":
            raise InputError(
                f"translator.fine_tune: {name} is of the family {family}, and an M2M100 alone can be trained further; "
                "leave fine_tune out, or name an M2M100"
            )
        if direction is not None and family != "marian":
            raise InputError(
                f"translator.checkpoint {choice.checkpoint}: {name} is of the family {family}, which has one "
                "checkpoint for all languages; name it without {from} and {to}"
            )
        if direction is None and family == "marian" and len(set(directions)) > 1:
            raise InputError(
                f"translator.checkpoint {name}: a Marian has one direction, and {len(set(directions))} are needed "
                f"({', '.join(' to '.join(each) for each in dict.fromkeys(directions))}); write {{from}} and "
                "{to} in the name, such as Helsinki-NLP/opus-mt-{from}-{to}"
            )
        codes = languages_of(folder, family)
        for source, target in directions if direction is None else (direction,):
            if family == "marian":
                check_direction(folder, source, target)
            if codes:
                known_language(target, codes)
                if family != "marian":  # Its codes are those of its targets.
                    known_language(source, codes)
    return family


def check_marking(choice: TranslatorChoice, marking: Marking, runtime: Runtime) -> None:
    """Markers have the form that the translator learns here, or has learnt here.

    Raises:
        InputError: if they have not.
    """
    if choice.trains and marking.form != "slot":
        raise InputError(
            f"marking.form {marking.form}: a translator that is trained here learns slots; set marking.form to slot, "
            "or name one that is taken as it is, without fine_tune"
        )
    folder = checkpoint_folder(choice.checkpoint, runtime) if choice.checkpoint and not choice.by_direction else None
    if choice.fine_tune or folder is None or not (folder / CARD_FILE).is_file():
        return
    known = read_card(folder).markers
    if known is not None and marking.form not in known:
        raise InputError(
            f"marking.form {marking.form}: the translator {choice.checkpoint} was trained on "
            f"{f'markers of the form {known[0]} alone' if known else 'sentences without markers'}; "
            f"{f'set marking.form to {known[0]}' if known else 'train it with markers'}, place labels without markers "
            "(translation.method aligned), or name another"
        )


def _checked(name: str, choice: TranslatorChoice, runtime: Runtime) -> tuple[Path, Family]:
    """The folder of a checkpoint, without weights if it is on the hub, and its family."""
    folder = checkpoint_folder(name, runtime)
    if folder is not None:
        return folder, check_translator_folder(folder, choice.named_family)
    model = HubModel.resolve(name, choice.revision)
    names = model.names()
    if names is not None and not has_weights(names):
        raise InputError(
            f"translator {name} at {model.commit[:12]}: the repository has neither safetensors weights nor a "
            f"pytorch_model.bin, but {', '.join(names[:8])}; name another"
        )
    folder = model.local(weights=False)
    return folder, check_translator_folder(folder, choice.named_family, name, weights=False)


def _source(name: str, revision: str, runtime: Runtime) -> InputFolder | HubModel:
    folder = checkpoint_folder(name, runtime)
    return HubModel.resolve(name, revision) if folder is None else InputFolder(path=str(folder))
