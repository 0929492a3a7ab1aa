"""Where a corpus file named in a configuration lies."""

from difflib import get_close_matches
from importlib import resources
from pathlib import Path

from artifacts.errors import InputError

_BUNDLED = "bundled:"
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
    if path.startswith(_BUNDLED):
        return _bundled(path.removeprefix(_BUNDLED))
    place = Path(data_folder or ".").expanduser() / Path(path).expanduser()
    if place.is_file():
        return place.absolute()
    if place.is_dir():
        raise InputError(f"corpus {path}: {place} is a folder; expected a file; name one of the files in it")
    near = _nearest(place.name, [each.name for each in place.parent.iterdir()]) if place.parent.is_dir() else ""
    hint = f"did you mean {near}?" if near else "check the path, or name the folder it starts from with --data"
    raise InputError(f"corpus {path}: there is no file {place}; {hint}")


def bundled_names() -> list[str]:
    """The files of the sample corpus, as they may follow `bundled:`."""
    folder = resources.files(_SAMPLE_PACKAGE)
    return sorted(each.name for each in folder.iterdir() if each.name.endswith(_CORPUS_SUFFIXES))


def _bundled(name: str) -> Path:
    names = bundled_names()
    if name not in names:
        near = _nearest(name, names)
        hint = f"did you mean {_BUNDLED}{near}?" if near else f"there are {', '.join(names)}"
        raise InputError(f"corpus {_BUNDLED}{name}: no such file comes with Crosstag; {hint}")
    return Path(str(resources.files(_SAMPLE_PACKAGE) / name))


def _nearest(name: str, names: list[str]) -> str:
    return next(iter(get_close_matches(name, names, n=1)), "")
