"""Rows of tables as a person reads them, and as other programs read them; the kinds of the catalogue name theirs."""

import math
from typing import Any

from artifacts.errors import InputError

Row = dict[str, Any]

_VALUES_SHOWN = 6
_PLAIN = 0.9  # words that are O with at least this probability stand alone


# --- For a person


def plain(row: Row, labels: list[str]) -> str:
    """`word/LABEL` for tagged words, `word/LABEL(0.93)` for probabilities, `name=value` for the rest."""
    parts = []
    if "sentence_id" in row:
        parts.append(f"[{row['sentence_id']}]")
    if "probabilities" in row:
        parts += [_soft(w, p, labels) for w, p in zip(row["words"], row["probabilities"], strict=True)]
    elif "words" in row and "tags" in row:
        parts.append(_tagged(row["words"], row["tags"]))
    elif "votes" in row:
        parts.append(_tagged(row["words"], [label or "?" for label in row["votes"]]))
    elif "words" in row and isinstance(row["words"], list):
        parts += row["words"]
    elif "tags" in row:
        parts += row["tags"]
    shown = {"sentence_id", "probabilities", "tags", "votes"} | (
        {"words"} if isinstance(row.get("words"), list) else set()
    )
    parts += [f"{name}={_short(value)}" for name, value in row.items() if name not in shown]
    return " ".join(parts)


def weighed(row: Row, labels: list[str]) -> str:
    """Agreement and weight of each word beside the soft label they judge, where that is known."""
    if "probabilities" not in row:
        return plain(row, labels)
    words = zip(row["words"], row["probabilities"], row["agreement"], row["weight"], strict=True)
    return f"[{row['sentence_id']}] " + " ".join(_soft(w, p, labels, f"; λ {a:.2f}, w {v:.2f}") for w, p, a, v in words)


def opinions(row: Row, labels: list[str]) -> str:
    """Joint labels with their probabilities; behind words of which teachers say different things, what each says."""
    parts = [f"[{row['sentence_id']}]"]
    for word, said, tag, probability in zip(row["words"], row["said"], row["tags"], row["probability"], strict=True):
        joint = word if tag == "O" and probability >= _PLAIN else f"{word}/{tag}({probability:.2f})"
        parts.append(joint if set(said) <= {tag} else f"{joint}<{' '.join(each or '-' for each in said)}>")
    return " ".join(parts)


def partly_labelled(row: Row, labels: list[str]) -> str:
    """As `plain`, and a word without a label is `word/?`."""
    words = zip(row["words"], row["probabilities"], row["labelled"], strict=True)
    return f"[{row['sentence_id']}] " + " ".join(_soft(w, p, labels) if known else f"{w}/?" for w, p, known in words)


def labeller_answer(row: Row, labels: list[str]) -> str:
    """The text that a labeller was given, and what came."""
    return f"[{row['sentence_id']}] {_on_one_line(row['text'])}\n    answer   {_on_one_line(row['answer'])}".rstrip()


def marked_translation(row: Row, labels: list[str]) -> str:
    """Every station of a marked sentence: source, marked source, raw output, and the result."""
    result = f"dropped  {row['reason']}" if row["reason"] else f"result   {_tagged(row['words'], row['tags'])}"
    shown = (
        f"[{row['sentence_id']}] {_tagged(row['source_words'], row['source_tags'])}",
        f"marked   {_on_one_line(row['marked_source'])}",
        f"output   {_on_one_line(row['output'])}",
        result,
    )
    return "\n    ".join(line.rstrip() for line in shown)


def aligned_translation(row: Row, labels: list[str]) -> str:
    """A labelled sentence, its translation, and per entity where it stands, how well linked or ranked, or why not."""
    spans = _spans_of(row["source_tags"])
    columns = (row[name] for name in ("starts", "ends", "shares", "similarities", "reasons"))
    placed = []
    for (first, last), (start, end, share, similarity, reason) in zip(spans, zip(*columns, strict=True), strict=True):
        known = "" if similarity is None else f", similarity {similarity:.2f}"
        by = "ranked" if share is None else f"{share:.0%}"
        found = " ".join(row["words"][start:end]) if start >= 0 else reason
        placed.append(f"{' '.join(row['source_words'][first:last])} -> {found} ({by}{known})")
    shown = (
        f"[{row['sentence_id']}] {_tagged(row['source_words'], row['source_tags'])}",
        f"translation {_tagged(row['words'], row['tags']) if row['tags'] else ' '.join(row['words'])}",
        f"entities    {', '.join(placed)}",
        f"dropped     {row['reason']}" if row["reason"] else "kept",
    )
    return "\n    ".join(line.rstrip() for line in shown)


def candidate_scores(row: Row, labels: list[str]) -> str:
    """An entity, a span of the translation, and how probable each is given the other and given itself."""
    names = {"forward": "p(c|e)", "forward_self": "p(c|c)", "backward": "p(e|c)", "backward_self": "p(e|e)"}
    known = [f"{shown} {math.exp(row[name]):.2f}" for name, shown in names.items() if row[name] is not None]
    return f"[{row['sentence_id']}] {row['source']} -> {row['target']}  {', '.join(known) or 'too long'}"


def projection(row: Row, labels: list[str]) -> str:
    """Every station of a raw sentence: its translation, the tags there, the back-translation, what was found again."""
    entities = zip(row["entities"], row["entity_types"], row["matches"], strict=True)
    found = [f"{text}/{kind} -> {f'word {at}' if at >= 0 else 'not found'}" for text, kind, at in entities]
    raw = " ".join(row["words"]) if row["reason"] else _tagged(row["words"], row["tags"])
    shown = (
        f"[{row['sentence_id']}] {raw}",
        f"forward  {_on_one_line(row['forward'])}",
        f"tagged   {_tagged(row['source_words'], row['source_tags'])}",
        f"back     {_on_one_line(row['output'])}",
        f"entities {', '.join(found)}",
        f"dropped  {row['reason']}" if row["reason"] else "kept",
    )
    return "\n    ".join(line.rstrip() for line in shown)


def conjugate_pairs(row: Row, labels: list[str]) -> str:
    """A sentence and its translation with numbered brackets around the spans of pairs; why others were dropped."""
    places = (row[name] for name in ("starts", "ends", "translated_starts", "translated_ends", "reasons"))
    kept, dropped = [], []
    for start, end, translated_start, translated_end, reason in zip(*places, strict=True):
        if reason:
            span = row["words"][start:end] if start >= 0 else ["?"]
            dropped.append(f"{' '.join(span)} ({reason})")
        else:
            kept.append(((start, end), (translated_start, translated_end)))
    shown = [
        f"[{row['sentence_id']}] {_bracketed(row['words'], [one for one, _ in kept])}",
        f"translation  {_bracketed(row['translation'], [other for _, other in kept])}",
    ]
    if dropped:
        shown.append(f"dropped      {', '.join(dropped)}")
    return "\n    ".join(line.rstrip() for line in shown)


def pair_agreement(row: Row, labels: list[str]) -> str:
    """A span and its translation, each with its most probable class and how probable `illegal` is; the divergence."""
    sides = [
        f"{row[f'{side}text']}/{row[f'{side}label']} ({row[f'{side}illegal']:.2f})" for side in ("", "translated_")
    ]
    return f"[{row['sentence_id']}] {' = '.join(sides)}  {row['divergence']:.3f}"


def outcome(row: Row, labels: list[str]) -> str:
    """The gold entity, what was predicted for it, and how often the training set has its name."""
    gold = "nothing" if row["type"] is None else f"{row['text']}/{row['type']}"
    found = "nothing" if row["predicted_type"] is None else f"{row['predicted_text']}/{row['predicted_type']}"
    seen = f"in training: {row['as_same_type']} as this type, {row['as_other_type']} as others"
    return f"[{row['sentence_id']}] {row['category']:<8}  {gold} -> {found}  ({seen})"


def case(row: Row, labels: list[str]) -> str:
    """A sentence of a translation with three labellings; the source above, where it is known."""
    shown = [
        f"[{row['sentence_id']}] {' '.join(row['source_words'])}",
        f"translation      {_tagged(row['words'], row['translation'])}",
        f"translate-train  {_tagged(row['words'], row['translate_train'])}",
        f"method           {_tagged(row['words'], row['method'])}",
    ]
    return "\n    ".join(line.rstrip() for line in shown)


def span(row: Row, labels: list[str]) -> str:
    """A span with its most probable class, the probabilities of all, and towards which it was moved."""
    said = " ".join(f"{value:.2f}" for value in row["probabilities"])
    moved = "" if row["decision"] is None else f"  moved by [{' '.join(f'{value:.2f}' for value in row['decision'])}]"
    where = f"[{row['sentence_id']}] {row['start']}-{row['end']}"
    return f"{where} {row['text']}/{row['label']}({row['probability']:.2f})  [{said}]{moved}"


# --- For other programs


def column_file(row: Row, labels: list[str]) -> str:
    """A sentence of a column file (CoNLL): a line of word, tab and tag per word, then a blank line.

    Returns:
        "" for a sentence that was dropped, and so has no tags.

    Raises:
        InputError: if a word cannot stand in such a file.
    """
    return _columns(row, row["tags"]) if row["tags"] else ""


def most_probable_labels(row: Row, labels: list[str]) -> str:
    """The same, each word with its most probable label; these are not decoded, so an I- may continue nothing."""
    best = [max(range(len(labels)), key=probabilities.__getitem__) for probabilities in row["probabilities"]]
    return _columns(row, [labels[place] for place in best])


def dictionary_line(row: Row, labels: list[str]) -> str:
    """A pair of a lexicon as MUSE writes it: source word, space, target word."""
    return f"{row['source']} {row['target']}\n"


def _columns(row: Row, tags: list[str]) -> str:
    for word in row["words"]:
        if not word or any(sign in word for sign in "\t\n\r"):
            raise InputError(
                f"store export: sentence {row['sentence_id']} has the word {word!r}, which a column file cannot hold; "
                "export to a path that ends with .jsonl"
            )
    return "".join(f"{word}\t{tag}\n" for word, tag in zip(row["words"], tags, strict=True)) + "\n"


def _spans_of(tags: list[str]) -> list[tuple[int, int]]:
    """First word and end of each entity of valid IOB2 tags; `tasks.words.spans` reads others, too."""
    starts = [place for place, tag in enumerate(tags) if tag.startswith("B-")]
    ends = [next((at for at in range(start + 1, len(tags)) if tags[at][:2] != "I-"), len(tags)) for start in starts]
    return list(zip(starts, ends, strict=True))


def _on_one_line(text: str) -> str:
    return " ".join(text.split())


def _bracketed(words: list[str], spans: list[tuple[int, int]]) -> str:
    shown = list(words)
    for number, (start, end) in enumerate(spans, start=1):
        shown[start] = f"[{number} {shown[start]}"
        shown[end - 1] += "]"
    return " ".join(shown)


def _tagged(words: list[str], tags: list[str]) -> str:
    return " ".join(w if t == "O" else f"{w}/{t}" for w, t in zip(words, tags, strict=True))


def _soft(word: str, probabilities: list[float], labels: list[str], more: str = "") -> str:
    best = max(range(len(probabilities)), key=probabilities.__getitem__)
    label = labels[best] if best < len(labels) else str(best)
    if label == "O" and probabilities[best] >= _PLAIN:
        return word
    return f"{word}/{label}({probabilities[best]:.2f}{more})"


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list) and any(isinstance(v, float) for v in value):
        shown = value if len(value) <= 40 else value[:_VALUES_SHOWN]
        more = "" if len(shown) == len(value) else " ..."
        return "[" + " ".join("None" if v is None else f"{v:.2f}" for v in shown) + more + "]"
    if isinstance(value, list):
        return "[" + " ".join(str(v) for v in value) + "]"
    return str(value)
