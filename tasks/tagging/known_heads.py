"""All heads by name: how a step that labels or predicts finds the head of a tagger that it is given."""

from pathlib import Path

from artifacts.errors import InputError
from tasks.tagging.crf_head import CRF
from tasks.tagging.heads import CONFIG_KEY, LINEAR, Head, head_named_in
from tasks.tagging.span_head import SPANS

HEADS: dict[str, Head] = {head.name: head for head in (LINEAR, CRF, SPANS)}


def head_of(folder: Path) -> Head:
    """The head that a tagger's folder has.

    Raises:
        InputError: if its configuration cannot be read, or names a head that we do not know.
    """
    name = head_named_in(folder)
    if name not in HEADS:
        raise InputError(
            f"model folder {folder.name}: {CONFIG_KEY} in config.json is {name!r}, expected one of {', '.join(HEADS)}; "
            "it is of another version of Crosstag"
        )
    return HEADS[name]
