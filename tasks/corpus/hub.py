"""Read datasets of the Hugging Face library: from the hub, or a folder that it saved."""

import tempfile
from typing import Any

import pyarrow as pa

from artifacts.errors import InputError
from artifacts.inputs import DatasetFolder, HubDataset

# Formats that hold data alone. Scripts are refused by the library, pickles by us.
_DATA_FORMATS = ("parquet", "arrow", "json")


def dataset_name(source: HubDataset | DatasetFolder) -> str:
    """What to call a dataset in a message."""
    place = source.name if isinstance(source, HubDataset) else source.path
    return ":".join(["hf", place, *([source.config] if source.config else []), source.split])


def read_dataset(source: HubDataset | DatasetFolder) -> pa.Table:
    """One split as a table, whose schema keeps the features (names of tags) in its metadata.

    Raises:
        InputError: if it cannot be loaded, or has no such configuration or split.
    """
    from datasets.exceptions import DatasetsError
    from huggingface_hub.errors import HTTPError

    try:
        return _loaded(source)
    except InputError:
        raise
    except (DatasetsError, HTTPError, OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise InputError(
            f"corpus {dataset_name(source)}: library datasets cannot load it ({_reason(error)}); expected a dataset of "
            f"{', '.join(_DATA_FORMATS)} files with that configuration and split; check name, configuration and split"
        ) from None


def _reason(error: Exception) -> str:
    return str(error).strip().partition("\n")[0][:200] or type(error).__name__


def _loaded(source: HubDataset | DatasetFolder) -> pa.Table:
    if isinstance(source, HubDataset):
        return _built(source, source.name, {"revision": source.commit})
    folder = source.local()
    if any((folder / name).is_file() for name in ("dataset_dict.json", "state.json")):
        return _saved(source)
    with tempfile.TemporaryDirectory(prefix="crosstag-dataset-") as cache:
        return _built(source, str(folder), {"cache_dir": cache})


def _built(source: HubDataset | DatasetFolder, place: str, options: dict[str, Any]) -> pa.Table:
    """A split of data files, which the library turns into Arrow in its cache."""
    from datasets import load_dataset_builder

    builder = load_dataset_builder(place, source.config or None, **options)
    kind = type(builder).__module__.rpartition(".")[2]
    if kind not in _DATA_FORMATS:
        raise InputError(
            f"corpus {dataset_name(source)}: its files are of kind {kind}; expected {', '.join(_DATA_FORMATS)}; "
            "convert them, or download the file and name its path"
        )
    builder.download_and_prepare()
    return _table(builder.as_dataset(split=source.split, in_memory="cache_dir" in options))


def _saved(source: DatasetFolder) -> pa.Table:
    """A split of what `save_to_disk` wrote."""
    from datasets import DatasetDict, load_from_disk

    loaded = load_from_disk(str(source.local()), keep_in_memory=True)
    if isinstance(loaded, DatasetDict):
        if source.split not in loaded:
            raise InputError(
                f"corpus {dataset_name(source)}: its splits are {', '.join(map(str, loaded))}; name one of them"
            )
        loaded = loaded[source.split]
    elif loaded.split is not None and str(loaded.split) != source.split:
        raise InputError(f"corpus {dataset_name(source)}: the folder holds split {loaded.split}; name that one")
    return _table(loaded)


def _table(loaded: Any) -> pa.Table:
    table: pa.Table = loaded.with_format("arrow")[:]
    return table.replace_schema_metadata(loaded.features.arrow_schema.metadata)
