"""A configuration carried to a target language: how `crosstag many` makes a run of each language of one file."""

from collections.abc import Mapping
from typing import Any

from artifacts.errors import InputError
from flows.commands.configuration import PLACEHOLDER, filled
from flows.commands.files_named import files_named, source_files
from flows.commands.methods import load_values

_NO_LANGUAGE = "zxx"  # ISO 639's code of no language
_HOW = (
    f'write "{PLACEHOLDER}", in quotes, wherever the file says a language or a path of it, or give a file per language'
)


def carried(values: Mapping[str, Any], target: str, origin: str) -> dict[str, Any]:
    """The values of a configuration for one target language; nothing is guessed.

    A file with `{target}` in it has that word replaced wherever it stands; one with a list `targets` (CROP) keeps the
    entry of that language alone; one of a fixed language is as it is.

    Args:
        values: of the configuration.
        target: code of a language, such as de.
        origin: the file, for messages.

    Raises:
        InputError: if the file has no such language, names a language beside `{target}`, or a file of the target's that
            would be the same for every language.
    """
    made: dict[str, Any] = filled(values, target)
    named = languages(made)
    if made != values:
        if named != [target]:
            raise InputError(
                f"configuration {origin}: it has {PLACEHOLDER} in it, and its target language is {', '.join(named)}; "
                f'expected language: "{PLACEHOLDER}", so that text and language cannot part'
            )
        _refuse_shared(values, made, origin)
        return made
    if target not in named:
        raise InputError(
            f"--targets {target}: configuration {origin} has the target {', '.join(named)} and no {PLACEHOLDER}; {_HOW}"
        )
    if "targets" in made:
        made["targets"] = [each for each in made["targets"] if each.get("language") == target]
    return made


def languages(values: Mapping[str, Any]) -> list[str]:
    """The target languages that a configuration names."""
    entries = values["targets"] if isinstance(values.get("targets"), list) else [values.get("target")]
    return [str(each.get("language", "de")) for each in entries if isinstance(each, Mapping)]


def _refuse_shared(values: Mapping[str, Any], made: Mapping[str, Any], origin: str) -> None:
    """Lets no language have the text, the test set or the dictionary of another."""
    method, config = load_values(dict(made), (), origin)
    other = load_values(filled(values, _NO_LANGUAGE), (), origin)[1]
    shared = (set(files_named(config)) & set(files_named(other))) - set(source_files(config))
    if shared:
        raise InputError(
            f"configuration {origin}: {min(shared)} would be of every target language; expected {PLACEHOLDER} in the "
            f"path of each file that {method.name} reads of the target's; take it out, or give a file per language"
        )
