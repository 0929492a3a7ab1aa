"""Where a corpus file named in a configuration lies, and what comes with Crosstag."""

from dataclasses import dataclass, replace
from difflib import get_close_matches
from importlib import resources
from pathlib import Path

from artifacts.asked import called
from artifacts.errors import InputError

BUNDLED = "bundled:"
_HUB = "hf:"
_SAMPLE_PACKAGE = "tasks.corpus.sample"
_CORPUS_SUFFIXES = (".conll", ".txt")


def resolve(path: str, data_folder: str | Path | None = None) -> Path:
    """Finds a corpus file.

    Args:
        path: absolute, or relative to `data_folder`, or `bundled:NAME` for a file of the sample corpus.
        data_folder: where relative paths start; None is the current folder.

    Returns:
        The absolute path of a file that exists.

    Raises:
        InputError: if there is no such file; the message names those with a similar name.
    """
    if path.startswith(BUNDLED):
        return _bundled(path.removeprefix(BUNDLED))
    place = Path(data_folder or ".").expanduser() / Path(path).expanduser()
    if place.is_file():
        return place.absolute()
    if place.is_dir():
        raise InputError(
            f"corpus {path}: {place} is a folder, without brat's .ann files; expected a file; name one of "
            "the files in it"
        )
    near = _nearest(place.name, [each.name for each in place.parent.iterdir()]) if place.parent.is_dir() else ""
    where = called("--data", "Data folder")
    hint = f"did you mean {near}?" if near else f"check the path, or the folder it starts from ({where})"
    raise InputError(f"corpus {path}: there is no file {place.absolute()}; {hint}")


@dataclass(frozen=True)
class HubName:
    """A dataset of the Hugging Face library, as a path names it.

    Attributes:
        name: a repository on the hub, or the path of a folder.
        split: such as train.
        config: such as de; empty for the only one.
        revision: branch, tag or commit of a repository; None for its newest.
    """

    name: str
    split: str
    config: str = ""
    revision: str | None = None

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder: as in a shell, what begins with a dot, a slash or ~."""
        return self.name.startswith((".", "/", "~"))


def parse_hub_name(path: str) -> HubName | None:
    """Reads `hf:NAME:SPLIT` or `hf:NAME:CONFIG:SPLIT`; NAME may be NAME@REVISION. None for any other path.

    Raises:
        InputError: if the path begins with hf: and is not of that form.
    """
    if not path.startswith(_HUB):
        return None
    parts = path.removeprefix(_HUB).split(":")
    if len(parts) not in (2, 3) or not all(parts) or "[" in path:
        raise InputError(
            f"corpus {path}: expected hf:NAME:SPLIT or hf:NAME:CONFIG:SPLIT, such as hf:wikiann:de:train; name the "
            "split (a part of one is taken with max_sentences)"
        )
    found = HubName(parts[0], parts[-1], parts[1] if len(parts) == 3 else "")
    if found.is_folder or "@" not in parts[0]:
        return found
    name, _, revision = parts[0].partition("@")
    return replace(found, name=name, revision=revision or None)


def bundled_names() -> list[str]:
    """The files of the sample corpus, as they may follow `bundled:`."""
    folder = resources.files(_SAMPLE_PACKAGE)
    return sorted(each.name for each in folder.iterdir() if each.name.endswith(_CORPUS_SUFFIXES))


def bundled_folder(checkpoint: str) -> Path:
    """The folder of a model that comes with Crosstag, named as `bundled:NAME`.

    Raises:
        InputError: if there is no such model; the message names those that there are.
    """
    name = checkpoint.removeprefix(BUNDLED)
    package = resources.files(_SAMPLE_PACKAGE)
    names = sorted(each.name for each in package.iterdir() if (each / "config.json").is_file())
    if name not in names:
        known = ", ".join(f"{BUNDLED}{each}" for each in names)
        raise InputError(f"checkpoint {checkpoint}: no such model comes with Crosstag; there is {known}")
    return Path(str(package / name))


def _bundled(name: str) -> Path:
    names = bundled_names()
    if name not in names:
        near = _nearest(name, names)
        hint = f"did you mean {BUNDLED}{near}?" if near else f"there are {', '.join(names)}"
        raise InputError(f"corpus {BUNDLED}{name}: no such file comes with Crosstag; {hint}")
    return Path(str(resources.files(_SAMPLE_PACKAGE) / name))


def _nearest(name: str, names: list[str]) -> str:
    return next(iter(get_close_matches(name, names, n=1)), "")
