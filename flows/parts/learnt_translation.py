"""How a run gets the translator Theta_mt, and measures it (CROP, 3.3; Tables 5 and 6)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from artifacts.reference import Reference
from artifacts.runs import Cell, Form
from artifacts.runtime import Runtime, stage
from artifacts.store import Store
from flows.parts.labelled_translation import LabelledTranslation
from flows.parts.summary import Listing
from flows.parts.translator import AnyTranslator, TranslatorChoice, ready, search_of, take_translator
from flows.parts.translator import Direction as Languages
from tasks.evaluation.averages import average_bleu
from tasks.evaluation.bleu import score_bleu
from tasks.translation.machine.engines import Generation
from tasks.translation.machine.translate_parallel import Direction, translate_parallel
from tasks.translation.pairs.aligned_pairs import AlignedMarking, mark_aligned_pairs
from tasks.translation.pairs.judged_sentences import draw_with_entities
from tasks.translation.pairs.marker_quality import measure_markers
from tasks.translation.pairs.marking_pairs import PairMarking, mark_pairs
from tasks.translation.pairs.plain_pairs import keep_pairs_plain
from tasks.translation.pairs.word_alignment import Alignment, align_words

MarkerQuality = Literal["off", "own", "both"]
TranslationTests = Mapping[str, tuple[Reference, Direction]]
"""Parallel text and direction, by the name of the line."""
_BLEU: dict[str, Form] = {"BLEU": "one decimal", "brevity": "two decimals", "sentences": "count"}
_MARKERS: dict[str, Form] = {"exact": "percent", "overlap F1": "percent", "missing": "percent", "spans": "count"}


_PAIRS: dict[str, Form] = {
    "plain": "count",
    "marked": "count",
    "plain, too long": "count",
    "marked, too long": "count",
}


@dataclass(frozen=True)
class PairMaking:
    """How parallel text becomes marked pairs.

    swaps is what else pairs are marked by, names of the labelled corpus being put into them; None: nothing else.
    """

    alignment: Alignment
    pairs: AlignedMarking
    swaps: PairMarking | None
    labelled: Reference

    def marked(self, text: Reference) -> tuple[Reference, ...]:
        """A parallel text, plain and with aligned spans marked (Eq. 5)."""
        aligned = mark_aligned_pairs(text, align_words(text, self.alignment), self.pairs)
        return (aligned,) if self.swaps is None else (aligned, mark_pairs(text, None, self.swaps, self.labelled))

    def seeded(self, seed: int) -> "PairMaking":
        """The same with the seed of a run added to their own."""
        pairs = self.pairs.model_copy(update={"seed": self.pairs.seed + seed})
        swaps = self.swaps and self.swaps.model_copy(update={"seed": self.swaps.seed + seed})
        return PairMaking(self.alignment, pairs, swaps, self.labelled)


@dataclass(frozen=True)
class Learning:
    """What a translator is trained on, and how."""

    choice: TranslatorChoice
    directions: tuple[Languages, ...]
    parallel: Mapping[str, tuple[Reference, ...]]
    making: PairMaking
    seed: int
    runtime: Runtime

    def translator(self, guided: bool) -> AnyTranslator:
        """Theta_mt, from plain and marked pairs (Eq. 4-6); from plain ones alone, each twice, if it is not guided."""
        pairs: list[Reference] = []
        for language, texts in self.parallel.items() if self.choice.trains else ():
            with stage(f"{language} training pairs"):
                for text in texts:
                    pairs += self.making.marked(text) if guided else (keep_pairs_plain(text, 2),)
        name = "Theta_mt" if guided else "Theta_mt without markers"
        return take_translator(self.choice, self.directions, tuple(pairs), self.seed, self.runtime, name)


@dataclass(frozen=True)
class Learnt:
    """Theta_mt, and whether marked pairs guided it."""

    learning: Learning
    theta_mt: AnyTranslator
    guided: bool

    def training_pairs(self) -> tuple[Listing, ...]:
        """What Theta_mt learnt from, and what it did not because a side is too long; if it is trained here."""
        if not self.learning.choice.trains or not isinstance(self.theta_mt, Reference):
            return ()
        title = "what the translator learnt from, and pairs that were left out"
        return (Listing(title, "translator", _PAIRS, {"Theta_mt": self.theta_mt}, _pair_cells),)

    def translation_quality(
        self, tests: TranslationTests, source_language: str, generation: Generation
    ) -> tuple[Listing, ...]:
        """Table 5: BLEU on held-out parallel text, and its means where there are several texts in a direction."""
        rows = {}
        theta_mt = ready(self.theta_mt, generation, "Theta_mt") if tests else self.theta_mt
        by_direction: dict[str, list[Reference]] = {}
        for name, (parallel, direction) in tests.items():
            with stage(name):
                translated = translate_parallel(parallel, theta_mt, direction, search_of(theta_mt, generation))
                rows[name] = score_bleu(translated, parallel)
                by_direction.setdefault(direction, []).append(rows[name])
        if len(tests) > len(by_direction):
            means = {
                f"average, X to {source_language}": by_direction["backward"],
                f"average, {source_language} to X": by_direction["forward"],
                "average": [*by_direction["backward"], *by_direction["forward"]],
            }
            for name, scores in means.items():
                with stage(name):
                    rows[name] = average_bleu(tuple(scores))
        title = "translation of held-out text, BLEU (sacrebleu's 13a, zh or char; not the paper's spBLEU)"
        return (Listing(title, "text", _BLEU, rows, _bleu_cells),) if rows else ()

    def marker_quality(
        self, wanted: MarkerQuality, labelled: Reference, sentences: int, translation: LabelledTranslation
    ) -> tuple[Listing, ...]:
        """Table 6: whether markers of held-out labelled sentences enclose what word alignment says.

        Args:
            wanted: whose markers.
            labelled: the sentences.
            sentences: how many of them are judged at most, the same for all languages and translators.
            translation: how they are translated.
        """
        if wanted == "off":
            return ()
        with stage("marked sentences to judge"):
            judged = draw_with_entities(labelled, sentences, self.learning.seed)
        translators = {self.guided: self.theta_mt}
        if wanted == "both" and self.learning.choice.trains:
            translators[not self.guided] = self.learning.translator(not self.guided)
        names = {True: "with alignment pairs", False: "without"} if self.learning.choice.trains else {self.guided: ""}
        rows = {}
        for guided, theta_mt in sorted(translators.items(), reverse=True):
            for language, texts in self.learning.parallel.items():
                name = f"{translation.source_language} to {language} {names[guided]}".strip()
                with stage(f"markers {name}"):
                    by = LabelledTranslation(
                        translation.source_language,
                        ready(theta_mt, translation.generation, name),
                        translation.marking,
                        translation.generation,
                    )
                    settings = self.learning.making.alignment
                    alignment = align_words(texts[0], settings)
                    rows[name] = measure_markers(by.back(judged, language), alignment, settings)
        title = "markers of the source development sentences after translation, judged by word alignment, in %"
        return (Listing(title, "translator", _MARKERS, rows, _marker_cells),)


def learn_translation(
    choice: TranslatorChoice,
    directions: tuple[Languages, ...],
    parallel: Mapping[str, tuple[Reference, ...]],
    making: PairMaking,
    guided: bool,
    seed: int,
    runtime: Runtime,
) -> Learnt:
    """One translator for all languages.

    Args:
        choice: which; it always learns both directions, because raw text is translated there and back.
        directions: in which it will translate.
        parallel: parallel texts, by the language that they have beside the source language.
        making: how pairs are marked.
        guided: whether marked pairs are learnt.
        seed: of the run.
        runtime: where folders are looked for.
    """
    learning = Learning(choice.both_ways, directions, parallel, making.seeded(seed), seed, runtime)
    return Learnt(learning, learning.translator(guided), guided)


def _pair_cells(store: Store, reference: Reference) -> list[Cell]:
    about = store.metadata(reference)
    kept, left_out = about["pairs"], about["left_out"]
    return [kept["plain"], kept["marked"], left_out["plain_too_long"], left_out["marked_too_long"]]


def _bleu_cells(store: Store, reference: Reference) -> list[Cell]:
    row = store.table(reference).to_pylist()[0]
    return [row["bleu"], row["brevity_penalty"], row["sentences"]]


def _marker_cells(store: Store, reference: Reference) -> list[Cell]:
    total = store.metadata(reference)["total"]
    missing = total["missing"] / total["spans"] if total["spans"] else None
    return [total["exact_match"], total["overlap_f1"], missing, total["spans"]]
