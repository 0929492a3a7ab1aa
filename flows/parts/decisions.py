"""What a run decided on its way, from its record and from what its artifacts' manifests say; nothing is computed.

Guesses that were made about a file, what was dropped and why, which epoch or map was kept, when iterations ended,
labels that people or adopted code stand behind: one line each, in the order of the steps.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from artifacts.manifest import Manifest
from artifacts.reference import Reference
from artifacts.runs import RunRecord
from flows.parts.manifest_facts import KEPT
from tasks.corpus.corrections import by_whom

_CORPORA = ("source", "target", "targets", "parallel")
_MOST_SETTINGS = 40
_TEACHERS_TO_TELL = 3  # Of two, Dawid and Skene's model has more unknowns than there are answers.
_ITERATION = re.compile(r"iteration (\d+),")


@dataclass(frozen=True)
class Decision:
    """One of them.

    Attributes:
        step: that took it; empty: the run as a whole.
        stage: for what.
        reference: the artifact in which it shows; None: of the run as a whole.
        told: what was decided, and by what.
        warns: whether a person should look before trusting the result.
    """

    step: str
    stage: str
    reference: Reference | None
    told: str
    warns: bool = False


def decisions(
    record: RunRecord, changed: Mapping[str, Any] | None, manifest_of: Callable[[Reference], Manifest | None]
) -> list[Decision]:
    """The decisions of a run; of an artifact that is gone, none.

    Args:
        record: the run.
        changed: its settings that are not the method's defaults; None if these are not known.
        manifest_of: what is written beside an artifact; None if it is gone.
    """
    found = [] if changed is None else [Decision("", "settings", None, _settings(record.method, changed))]
    for step in record.steps:
        manifest = manifest_of(step.reference)
        if manifest is not None:
            found += [
                Decision(step.step, step.stage, step.reference, told, warns)
                for told, warns in _told(step.step, manifest)
            ]
    for table in record.measurements:
        if table.remark:
            found.append(
                Decision("", table.title, table.lines[0].reference if table.lines else None, table.remark, True)
            )
    found += [Decision("", "iterations", None, told) for told in _iterations(record)]
    if record.student is not None and record.models:
        told, by_gold = f"the student is {record.models[-1].name}, which the method ends with", _chosen_by_gold(record)
        told += (
            "; its epochs were chosen by gold labels of the target language, so this is not zero-resource"
            if by_gold
            else "; no test set has chosen it"
        )
        found.append(Decision("", "student", record.student, told, by_gold))
    return list(dict.fromkeys(found))


Told = tuple[str, bool]
"""What was decided, and whether it warns."""


def _told(step: str, manifest: Manifest) -> Iterator[Told]:
    facts = {**manifest.notes, **manifest.metadata}
    for part in (_read, _words, _kept, _placed, _carried_back, _trained, _labelled, _estimated):
        yield from part(step, manifest.kind, facts)
    if manifest.adopted_from:
        yield f"made by code that has changed since, and kept: {manifest.adopted_why}", True


def _settings(method: str, changed: Mapping[str, Any]) -> str:
    """Which settings are not the method's defaults, which are the paper's; corpora have none."""
    own = [f"{path} = {value}" for path, value in _flat(changed) if path.split(".")[0] not in _CORPORA]
    shown = "; ".join(own[:_MOST_SETTINGS]) + ("; ..." if len(own) > _MOST_SETTINGS else "")
    return f"corpora aside, the defaults of {method}" + (f", but for: {shown}" if own else "")


def _chosen_by_gold(record: RunRecord) -> bool:
    """Whether gold labels of the target language chose epochs (CoLaDa's published code)."""
    return record.configuration.get("checkpoint") == "target_dev"


def _flat(settings: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in settings.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{path}{name}.")
        else:
            yield f"{path}{name}", value


def _iterations(record: RunRecord) -> Iterator[str]:
    """Whether iterations ended before their number was reached."""
    asked = record.configuration.get("iterations")
    made = max((int(hit[1]) for step in record.steps if (hit := _ITERATION.match(step.stage))), default=0)
    if made and asked and record.state == "done":
        stop, ablation = record.configuration.get("stop", {}).get("on"), record.configuration.get("ablation")
        why = f"; stop.on is {stop}, ablation is {ablation}" if made < asked else ""
        yield f"{made} of {asked} iterations were made{why}"


def _read(step: str, kind: str, facts: Mapping[str, Any]) -> Iterator[Told]:
    """How a file was understood."""
    for part in facts.get("understood", ()):
        ways = [part["layout"], f"scheme {part['scheme'].upper()}" if part["scheme"] else ""]
        ways.append(f"split into words by {part['splitter']}" if part["splitter"] else "")
        told = ", ".join(filter(None, ways))
        yield f"{part['file']} read as {part['format']}" + (f": {told}" if told else ""), False
        yield from ((f"{part['file']}: {remark}", True) for remark in part["remarks"])
    yield from ((remark, True) for remark in facts.get("more_remarks", ()))
    if facts.get("duplicates"):
        yield f"{facts['duplicates']:,} sentences left out, whose words came before", False
    if facts.get("skipped_pairs"):
        yield f"{facts['skipped_pairs']:,} pairs of lines left out, of which a side is blank", False
    if kind == "corrections":
        yield f"people's labels are learnt: {by_whom(facts['authors'])}", True


def _words(step: str, kind: str, facts: Mapping[str, Any]) -> Iterator[Told]:
    """How words found their translation."""
    if kind == "alignment":
        maps = facts["maps"]
        cosines = ", ".join(f"{each['mean_cosine']:.3f}" for each in maps)
        yield f"map {facts['kept'] + 1} of {len(maps)} is kept, by mean cosine ({cosines})", False
    if origins := facts.get("words_by_origin"):
        counts = ", ".join(f"{count:,} {name}" for name, count in origins.items())
        yield f"words by what translated them: {counts}", False


def _kept(step: str, kind: str, facts: Mapping[str, Any]) -> Iterator[Told]:
    """What was dropped on the way through translation, by reason."""
    if kind in KEPT and "dropped" in facts:
        kept, dropped = facts[KEPT[kind]], facts["dropped"]
        what = "pairs of spans" if kind == "conjugate_pairs" else "sentences"
        reasons = _by_reason(dropped)
        yield f"{kept:,} {what} kept" + (f", {sum(dropped.values()):,} dropped: {reasons}" if reasons else ""), False
    if cut := facts.get("cut_outputs"):
        yield f"{cut:,} translations were cut at their longest length (generation.max_length_factor)", False
    if kind == "training_set" and "sentences" in facts:
        for language, origins in facts["sentences"].items():
            counts = ", ".join(f"{count:,} {origin}" for origin, count in origins.items())
            yield f"sentences of {language} by whose labels they have: {counts}", False
    if lost := facts.get("settled_left_out"):
        yield f"{sum(lost.values()):,} raw sentences have no settled labels: {_by_reason(lost)}", False
    if facts.get("pairs_too_long"):
        yield f"{facts['pairs_too_long']:,} pairs were too long to be learnt", False
    if facts.get("plain_for_words_not_found"):
        yield f"{facts['plain_for_words_not_found']:,} pairs have fewer markers than drawn: words were not found", False


def _placed(step: str, kind: str, facts: Mapping[str, Any]) -> Iterator[Told]:
    """Which entities found a place by word alignment, and by the translator's ranking."""
    if kind != "aligned_translation":
        return
    if step == "place_labels" and (untranslated := facts["untranslated"]):
        without = f"{sum(untranslated.values()):,} sentences have no translation that could be read"
        yield f"{without}: {_by_reason(untranslated)}", False
    if "ranking" in facts:
        yield _ranked(facts["ranking"]), False
    lost, outside = facts["lost"], not facts["dropped"].keys() - {"untranslated"}
    others = f"; the others{' are O' if outside else ''}: {_by_reason(lost)}" if lost else ""
    yield f"{facts['placed']:,} of {facts['entities']:,} entities have a place{others}", bool(lost) and outside


def _carried_back(step: str, kind: str, facts: Mapping[str, Any]) -> Iterator[Told]:
    """Which sentences got no label, for want of a translation (translate-test)."""
    if step == "carry_back" and (untranslated := facts["untranslated"]):
        without = f"{sum(untranslated.values()):,} sentences are O, as no translation of them could be read"
        yield f"{without}: {_by_reason(untranslated)}", True


def _ranked(facts: Mapping[str, Any]) -> str:
    """What the translator's ranking of candidates did."""
    placed = {"placed by alignment" if said == "placed" else said: count for said, count in facts["placed"].items()}
    asked = f"the translator ranked {'all' if facts['which'] == 'all' else 'unplaced'} entities, {facts['asked']:,}"
    found = f"{sum(placed.values()):,} have a place" + (f" ({_by_reason(placed)})" if placed else "")
    agreed = f"; {facts['agreed']:,} stand where alignment had placed them" if facts["which"] == "all" else ""
    directions = "in both directions" if facts["both_directions"] else "in one direction, as it has no other"
    cost = f"{facts['candidates']:,} candidates, {facts['pairs']:,} pairs of texts {directions}"
    left_out = f"; {facts['left_out']:,} candidates of {facts['entities_cut']:,} entities were too many"
    too_long = f"; {facts['unscored']:,} were too long" if facts["unscored"] else ""
    return f"{asked}: {found}{agreed}; {cost}{left_out if facts['left_out'] else ''}{too_long}"


def _by_reason(counts: Mapping[str, int]) -> str:
    """Numbers by reason, in words."""
    return ", ".join(f"{count:,} {reason.replace('_', ' ')}" for reason, count in counts.items())


def _trained(step: str, kind: str, facts: Mapping[str, Any]) -> Iterator[Told]:
    """Which epoch of a training goes on, and what it did not learn from."""
    if "epoch" in facts and "f1" in facts:
        f1 = facts["f1"]
        best, last = 100 * f1[facts["epoch"] - 1], 100 * f1[-1]
        chosen = f"epoch {facts['epoch']} of {len(f1)} goes on"
        yield f"{chosen}: its F1 on the dev set is {best:.1f} %, the last one's {last:.1f} %", False
    if facts.get("resumed_at"):
        yield f"went on from a checkpoint, at update {facts['resumed_at']:,}", False
    if why := facts.get("ignored_checkpoint"):
        yield f"a checkpoint that was there was not used: {why}", True
    for name, why in (
        ("entities_too_long", "have more words than a span may have"),
        ("entities_across_windows", "lie across two windows"),
    ):
        if facts.get(name):
            yield f"{facts[name]:,} of {facts['entities']:,} entities are not learnt: they {why}", True
    if (origin := facts.get("masked_language_head", "pretrained")) != "pretrained":
        yield f"the encoder's masked-language head is {origin}, not pretrained", True
    if kind == "tagger" and "pairs" in facts:
        yield f"{facts['pairs']:,} conjugate pairs in {facts['sentences_with_pairs']:,} sentences are learnt", False


def _estimated(step: str, kind: str, facts: Mapping[str, Any]) -> Iterator[Told]:
    """Whether a panel's teachers could be weighed by how far they agree."""
    if kind != "teachers" or facts.get("joining", "mean") == "mean":
        return
    speak = sum(2 * words >= facts["words"] for words in facts["labelled"].values())
    if speak < _TEACHERS_TO_TELL:
        yield (
            f"{speak} of the panel speak of most words; which of fewer than three errs cannot be told from how far "
            f"they agree, and joining.method {facts['joining']} may trust the worse one: take mean, or add a teacher",
            True,
        )
    if not facts["settled"]:
        yield (
            f"the estimate of teachers had not come to rest after {facts['iterations']} iterations; raise "
            "joining.iterations",
            True,
        )


def _labelled(step: str, kind: str, facts: Mapping[str, Any]) -> Iterator[Told]:
    """Which labels are learnt."""
    if kind == "votes" and "corrected" not in facts:  # There people's labels are counted, too.
        agreed = sum(facts["agreed"].values())
        yield f"all vote for the same label of {agreed:,} of {facts['words']:,} words; the others have none", False
    if kind == "partial_soft_labels":
        certain = f", {facts['without_probability']:,} of them without a probability"
        yield f"{facts['labelled']:,} of {facts['words']:,} words have a label{certain}", False
        if refused := facts["refused"]:
            yield f"{sum(refused.values()):,} labels were not taken: {_by_reason(refused)}", True
        if left := facts["unlabelled"]:
            yield f"{sum(left.values()):,} sentences were left without labels: {_by_reason(left)}", False
    if kind == "labeller_answers" and facts["usage"]:
        took = ", ".join(f"{number:,g} {name}" for name, number in facts["usage"].items())
        yield f"{facts['new_texts']:,} of {facts['texts']:,} sentences were asked, which took {took}", False
    for teacher, spoke in facts.get("spoke", {}).items():
        outside, entities = (heard / max(words, 1) for heard, words in zip(spoke, facts["words"], strict=True))
        if outside < entities / 2:
            yield (
                f"{teacher} said something of {outside:.0%} of the words whose joint label is O, and of {entities:.0%} "
                "of the others: its estimate takes silence for chance, so let it say O where it means O",
                True,
            )
    if step.startswith(("correct_", "trust_")) and "corrected" in facts:
        corrected = facts["corrected"]
        count = len(corrected) if isinstance(corrected, list) else corrected
        yield f"{count:,} sentences have people's labels in place of the models'", False
    for name, bounds in facts.get("thresholds", {}).items():
        told = ", ".join(f"{label} {bound:.2f}" for label, bound in bounds.items() if bound is not None)
        yield f"{name} thresholds: {told}", False
