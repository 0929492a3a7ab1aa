"""`crosstag corrections`: sentences out to annotation tools, and labels back from them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer

from artifacts.errors import InputError
from artifacts.runtime import Runtime
from flows.commands.configuration import checked_file, override
from flows.commands.convert import format_of, write_corpus
from flows.commands.store import existing
from flows.parts.corpora import corpus_input
from flows.parts.labelled_text import read_labelled_text
from tasks.corpus.annotated import corrections_of
from tasks.corpus.corpus import Corpus, load_corpus
from tasks.corpus.corrections import append_corrections, latest, load_corrections
from tasks.words.labels import LabelConfig, entity_types


def write_queue(root: str, reference: str, target: Path, to: str, rows: int, done: Path | None) -> None:
    """Writes the sentences that are trusted least, with their labels, for an annotation tool.

    Args:
        root: the store.
        reference: soft labels, reliability or predictions of a target text.
        target: the file to write.
        to: the format; empty: that of the target's ending.
        rows: how many sentences.
        done: a file of corrections, whose sentences are left out; None: none is.

    Raises:
        InputError: if the artifact has no labels of a target text, or nothing is left to look at.
    """
    to = format_of(target, to)
    store = existing(root)
    found = read_labelled_text(store, store.find(reference))
    looked_at: set[int] = set()
    if done is not None:
        said = found.rows_of(line.correction for line in latest(load_corrections(_file(done))))
        looked_at = {twin for row in said for twin in found.twins(row)}
    queue = [row for row in found.queue() if row not in looked_at][:rows]
    if not queue:
        raise InputError(f"corrections queue {reference}: no sentence is left; all of them are in {done}")
    words, tags = [found.words_of(row) for row in queue], [found.tags_of(row) for row in queue]
    write_corpus(Corpus("", words, tags, types=tuple(entity_types(found.labels))), target, to, "")


def export_corrections(file: Path, target: Path, to: str) -> None:
    """Writes corrected sentences, as they are now, for an annotation tool or any other program.

    Raises:
        InputError: if the file has none, or the format cannot hold them.
    """
    to = format_of(target, to)
    said = [line.correction for line in latest(load_corrections(_file(file)))]
    if not said:
        raise InputError(f"corrections export {file}: no correction is in it that was not withdrawn")
    tags = [list(each.tags or ()) for each in said]
    types = tuple(entity_types([tag for its_tags in tags for tag in its_tags]))
    write_corpus(Corpus("", [list(each.words) for each in said], tags, types=types), target, to, "")


def import_corrections(
    root: str, annotated: str, file: Path, of: str, author: str, settings: Sequence[str], data: str, *, reviewed: bool
) -> None:
    """Reads what came back from an annotation tool, and adds what people changed to a file of corrections.

    Args:
        root: the store.
        annotated: what came back, in any format of a corpus.
        file: of corrections; it is made if it is not there.
        of: the artifact whose sentences and labels went out.
        author: who annotated.
        settings: settings of the corpus reader, as KEY=VALUE.
        data: where a relative path of `annotated` starts.
        reviewed: sentences that came back unchanged count, too.

    Raises:
        InputError: if something of it cannot be used; then nothing is added.
    """
    store = existing(root)
    found = read_labelled_text(store, store.find(of))
    # Words went out with a space between two, so that is where they end.
    given: dict[str, Any] = override({"path": annotated, "tokenized": True}, settings)
    corpus_file = checked_file(given, "corrections import", {"path": "IN"})
    labels = LabelConfig(types=tuple(entity_types(found.labels)))
    came_back = load_corpus(corpus_input(corpus_file, Runtime(data=data)), corpus_file.without_path(), labels, "")
    before = found.rows_of(line.correction for line in latest(load_corrections(file)))
    earlier = {row: list(said.tags or ()) for row, said in before.items()}
    ids, words, tags = found.ids.tolist(), found.words.to_pylist(), found.tags.to_pylist()
    made, kept = corrections_of(came_back, ids, words, tags, earlier, found.text, author, reviewed=reviewed)
    append_corrections(file, made)
    changed, again = sum(each.changed for each in made), sum(found.row(each.sentence_id) in before for each in made)
    typer.echo(
        f"{file}: {len(made):,} corrections by {author}, {changed:,} words changed"
        + (f", {again:,} of them instead of earlier ones" if again else "")
        + f"; {len(came_back.words):,} sentences came back, of {found.text}"
    )
    if kept:
        typer.echo(
            f"{kept:,} came back as they went out and keep their earlier corrections (--reviewed: they are right as "
            "they came back)"
        )
    if made:
        typer.echo(f"learn from them with --set target.corrections={file.absolute()}")


def _file(path: Path) -> Path:
    """A file of corrections that is there.

    Raises:
        InputError: if it is not.
    """
    if not path.is_file():
        raise InputError(f"corrections {path}: there is no such file; name one that corrections were added to")
    return path
