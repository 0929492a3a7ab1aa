"""Which words of parallel sentences translate each other, found by eflomal (CROP, 3.3)."""

from collections.abc import Iterable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import numpy as np
import pyarrow as pa
from pydantic import Field

from artifacts.catalog import WORD_ALIGNMENT, Parallel
from artifacts.errors import InputError
from artifacts.settings import Settings
from artifacts.step import Job, step
from tasks.corpus.text import translation_splitter
from tasks.words.columns import list_column, list_lengths

Links = set[tuple[int, int]]
Symmetrisation = Literal["grow-diag-final-and", "intersection", "union"]

_NEIGHBOURS = ((-1, 0), (0, -1), (1, 0), (0, 1), (-1, -1), (-1, 1), (1, -1), (1, 1))


class Alignment(Settings):
    """How to align words."""

    symmetrisation: Symmetrisation = Field(
        "grow-diag-final-and",
        title="Symmetrisation",
        description="How the links of both directions become one set: those of both (intersection), of either (union), "
        "or those of both, grown by neighbours (grow-diag-final-and).",
    )
    relative_iterations: float = Field(
        1.0, gt=0, title="Relative iterations", description="Of eflomal's sampler, relative to its own choice."
    )
    samplers: int = Field(3, ge=1, title="Samplers", description="Independent samplers that eflomal takes the mean of.")
    max_length_words: int = Field(
        256, ge=1, title="Maximum length", description="Words; a pair with a longer side stays without links."
    )


def check_aligner(wanted_by: str = "word alignment", instead: str = "") -> None:
    """Makes sure that eflomal can be called.

    Args:
        wanted_by: the setting that asks for it.
        instead: what else could be set.

    Raises:
        InputError: if it is not installed.
    """
    if find_spec("eflomal") is None:
        raise InputError(
            f"{wanted_by}: the package eflomal is not installed; install it with `pip install .[align]`"
            f"{f', or {instead}' if instead else ''}"
        )


def align(
    source: Sequence[Sequence[str]], target: Sequence[Sequence[str]], config: Alignment, priors: Iterable[str] | None
) -> Iterator[Links]:
    """Links of each pair, as (source position, target position), by eflomal in both directions.

    eflomal compares words in lower case. It takes its seed from the system, so that no two calls give quite the same
    links, and runs on as many threads as OMP_NUM_THREADS says.

    Args:
        source: words of each source sentence.
        target: words of each target sentence.
        config: how to.
        priors: lines of eflomal's prior file, from `eflomal.write_priors`; none to learn from these sentences alone.

    Raises:
        InputError: if eflomal is not installed, or gives up.
    """
    check_aligner()
    from eflomal import Aligner

    limit = config.max_length_words
    short = [0 < len(one) <= limit and 0 < len(other) <= limit for one, other in zip(source, target, strict=True)]
    if not any(short):
        yield from (set() for _ in short)
        return
    sides = [
        [as_line(words) if kept else "" for words, kept in zip(side, short, strict=True)] for side in (source, target)
    ]
    with TemporaryDirectory(prefix="crosstag-align-") as folder:
        forward, backward = Path(folder, "forward"), Path(folder, "backward")
        aligner = Aligner(rel_iterations=config.relative_iterations, n_samplers=config.samplers)
        aligner.align(*sides, str(forward), str(backward), priors_input=priors)
        if not forward.exists() or not backward.exists():
            raise InputError(f"word alignment: eflomal gave no links for {len(source)} sentence pairs; see its message")
        with forward.open(encoding="ascii") as one, backward.open(encoding="ascii") as other:
            for there, back in zip(one, other, strict=True):
                yield symmetrised(read_links(there), read_links(back), config.symmetrisation)


def as_line(words: Sequence[str]) -> str:
    """Words as eflomal reads them: other spaces inside a word (a no-break space) would split it."""
    line = " ".join(words)
    return line if line.split() == list(words) else " ".join("_".join(word.split()) or "_" for word in words)


def read_links(line: str) -> Links:
    """The links of a line such as `0-0 2-1`."""
    numbers = [int(number) for number in line.replace("-", " ").split()]
    return set(zip(numbers[::2], numbers[1::2], strict=True))


def symmetrised(forward: Links, backward: Links, method: Symmetrisation) -> Links:
    """One set of links from those of both directions.

    grow-diag-final-and (Koehn et al., 2005) starts with the links of both. It grows: around each link, in order, the
    eight neighbours that one direction has are added if their source or their target word has no link yet, until
    nothing is added. At the end it adds links of one direction, `forward` first, both of whose words have none.
    """
    if method == "union":
        return forward | backward
    links = forward & backward
    candidates = (forward | backward) - links
    if method == "intersection" or not candidates:
        return links
    sources, targets = {source for source, _ in links}, {target for _, target in links}

    def add(link: tuple[int, int]) -> None:
        links.add(link)
        candidates.discard(link)
        sources.add(link[0])
        targets.add(link[1])

    fresh = sorted(links)
    while fresh and candidates:
        added = []
        for row, column in fresh:
            for down, right in _NEIGHBOURS:
                near = (row + down, column + right)
                if near in candidates and (near[0] not in sources or near[1] not in targets):
                    add(near)
                    added.append(near)
        # Words only ever gain links, so a neighbour refused once is refused for ever: only new links are looked at.
        fresh = sorted(added)
    for direction in (forward, backward):
        for link in sorted(direction & candidates):
            if link[0] not in sources and link[1] not in targets:
                add(link)
    return links


def as_lists(links: Iterable[Links]) -> tuple[pa.Array, pa.Array]:
    """Links of each pair as two lists of int32, source positions and target positions, sorted."""
    offsets, flat = [0], []
    for one in links:
        flat += sorted(one)
        offsets.append(len(flat))
    columns = np.array(flat, dtype=np.int32).reshape(-1, 2).T
    source, target = (pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pa.array(side)) for side in columns)
    return source, target


def alignment_rows(ids: pa.ChunkedArray, words: Sequence[Sequence[Sequence[str]]], found: Iterable[Links]) -> pa.Table:
    """A table of `WORD_ALIGNMENT`, from links that have no similarity.

    Args:
        ids: of the pairs.
        words: of the source sentences, and of the target sentences.
        found: links of each pair.
    """
    links = as_lists(found)
    unknown = list_column(list_lengths(links[0]), pa.nulls(len(links[0].values), pa.float32()))
    sides = (pa.array(side, pa.list_(pa.string())) for side in words)
    return pa.Table.from_arrays([ids.combine_chunks(), *sides, *links, unknown], schema=WORD_ALIGNMENT.schema)


@step(WORD_ALIGNMENT)
def align_words(job: Job, parallel: Parallel, config: Alignment) -> None:
    """Split parallel sentences into words and align them."""
    said = job.metadata(parallel)
    table = job.table(parallel)
    languages = {side: said[f"{side}_language"] for side in ("source", "target")}
    words = {
        side: [split(text) for text in table[side].to_pylist()]
        for side, split in ((side, translation_splitter(code)) for side, code in languages.items())
    }
    found = align(words["source"], words["target"], config, None)
    rows = alignment_rows(table["pair_id"], list(words.values()), found)
    limit = config.max_length_words
    too_long = sum(len(a) > limit or len(b) > limit for a, b in zip(words["source"], words["target"], strict=True))
    job.write(
        rows,
        metadata={
            "source_language": languages["source"],
            "target_language": languages["target"],
            "aligner": "eflomal",
            "symmetrisation": config.symmetrisation,
            "links": int(list_lengths(rows["source_links"]).sum()),
            "unaligned_pairs": too_long,
        },
    )
