"""What `crosstag store show` answers about labels: least trusted, chosen, one sentence, differences, errors."""

import pandas as pd
from rich.console import Console
from rich.table import Table
from rich.text import Text

from artifacts.catalog import GOLD
from artifacts.errors import InputError
from artifacts.reference import Reference
from artifacts.store import Store
from flows.commands.words import (
    Labelled,
    by_type,
    chosen,
    compared,
    differences,
    ordered_sentences,
    read_words,
    sentence_text,
)
from flows.parts.console import text_console

_WIDTH = 140
_PAIRS_SHOWN = 12


def print_answer(
    store: Store,
    reference: Reference,
    rows: int,
    *,
    sort: str = "",
    where: str = "",
    sentence: int | None = None,
    diff: str = "",
    gold: str = "",
) -> None:
    """Prints sentences of a table of labels, chosen and ordered, beside another's labels if one is given.

    Args:
        store: that it lies in.
        reference: soft labels, reliability, votes, predictions or other labelled sentences.
        rows: how many sentences to print.
        sort: a number of the words (probability, agreement, weight); sentences come by their lowest one.
        where: a comparison that words must meet; sentences with such words are printed, these words marked.
        sentence: print this one alone.
        diff: another table of labels of the same sentences; sentences with different labels are printed.
        gold: gold labels of the same sentences; sentences with wrong labels are printed.

    Raises:
        InputError: if the table has no labels of words, or an option does not fit it.
    """
    if diff and gold:
        raise InputError("--diff and --gold: both compare; give one of them")
    found = read_words(store, reference)
    console = text_console(_WIDTH)
    words, against = found.words, diff or gold
    marked = pd.Series(False, index=words.index)
    if against:
        words = compared(found, read_words(store, _other(store, against, gold=bool(gold))))
        found = Labelled(words, found.title)
        marked = words["label"].astype(str) != words["other"].astype(str)
        if sentence is None:
            _print_comparison(console, words, "gold" if gold else "there", int(marked.sum()))
    if where:
        meets = chosen(found, where)
        marked = marked & meets if against else meets
        console.print(f"{int(marked.sum()):,} words {'differ and ' if against else ''}meet {where}\n")
    shown = words[marked] if where or against else words
    ids = ordered_sentences(found, sort, marked if where or against else None) if sort else _in_order(shown)
    if sentence is not None:
        ids = [int(sentence)] if sentence in set(words["sentence_id"]) else []
        if not ids:
            raise InputError(f"--sentence {sentence}: {found.title} has no such sentence; ids are those in brackets")
    wanted = ids[:rows]
    by_sentence = words[words["sentence_id"].isin(wanted)].groupby("sentence_id")
    for each in wanted:
        group = by_sentence.get_group(each)
        console.print(sentence_text(group, group.index[marked.loc[group.index]]))
        if sentence is not None and against and not where and not marked.loc[group.index].any():
            console.print(f"no word of it is labelled otherwise {'in gold' if gold else 'there'}")
    if len(ids) > len(wanted):
        console.print(f"... and {len(ids) - len(wanted):,} more sentences (--rows)")
    if not ids:
        console.print("no sentence")


def _in_order(words: pd.DataFrame) -> list[int]:
    return [int(key) for key in words["sentence_id"].unique()]


def _other(store: Store, text: str, *, gold: bool) -> Reference:
    reference = store.find(text)
    if gold and reference.kind not in (GOLD.name, "labelled"):
        raise InputError(
            f"--gold {text}: this is {reference.kind}; expected gold or labelled (`crosstag store ls gold`)"
        )
    return reference


def _print_comparison(console: Console, words: pd.DataFrame, there: str, differing: int) -> None:
    console.print(
        f"{differing:,} of {len(words):,} words are labelled otherwise {'in gold' if there == 'gold' else there}\n"
    )
    kinds = Table("type here", "words", "different", "share", box=None, pad_edge=False)
    for kind, total, different in by_type(words).to_numpy().tolist():
        kinds.add_row(Text(kind), f"{total:,}", f"{different:,}", f"{different / total:.1%}")
    console.print(kinds)
    pairs = differences(words)
    table = Table("here", there, "words", box=None, pad_edge=False)
    for label, other, count in pairs.head(_PAIRS_SHOWN).to_numpy().tolist():
        table.add_row(Text(label), Text(other), f"{count:,}")
    if len(pairs):
        console.print()
        console.print(table)
    if len(pairs) > _PAIRS_SHOWN:
        console.print(f"... and {len(pairs) - _PAIRS_SHOWN} more kinds of difference")
    console.print()
