"""A labeller of the user's: checks before a run, and the steps that ask it and read what it says."""

from collections.abc import Sequence
from pathlib import Path

from artifacts.errors import InputError
from artifacts.reference import Reference
from artifacts.runtime import Runtime
from tasks.labelling.ask_labeller import ask_labeller
from tasks.labelling.external import SETTING, ExternalLabeller
from tasks.labelling.read_answers import read_labeller_answers


def check_labeller(labeller: ExternalLabeller, types: Sequence[str], runtime: Runtime) -> None:
    """The program is there, and the labeller is told of the label set's types, of no others.

    Args:
        labeller: who labels.
        types: of the label set.
        runtime: where the program is looked for.

    Raises:
        InputError: if it is not so.
    """
    labeller.check_program(Path(runtime.data).expanduser(), SETTING)
    if set(labeller.types) != set(types):
        raise InputError(
            f"{SETTING}.types: found {', '.join(sorted(labeller.types))}, and the types of the labels are "
            f"{', '.join(sorted(types))}; say of each of these what it stands for, and of no other"
        )


def label_by_command(labeller: ExternalLabeller, sentences: Reference) -> Reference:
    """Soft labels of words by a labeller; words that it left unlabelled have none.

    Returns:
        `partial_soft_labels` of the sentences, labels in the order of a tagger's.
    """
    return read_labeller_answers(ask_labeller(sentences, labeller))
