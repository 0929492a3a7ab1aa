"""Where a run's conjugate pairs come from: imported, or made by alignment-free translation (ConNER, 2.3)."""

from collections.abc import Sequence
from itertools import chain

from pydantic import Field

from artifacts.errors import InputError
from artifacts.reference import Reference
from artifacts.runs import Cell, Form
from artifacts.runtime import Runtime, stage
from artifacts.settings import Settings
from artifacts.store import Store
from flows.parts.corpora import ParallelText, input_file, read_pairs
from flows.parts.corpus_checks import note
from flows.parts.summary import Listing
from flows.parts.translator import TranslatorChoice, check_translator, ready, search_of, take_translator
from tasks.translation.conjugate.find_pairs import Incomplete, PairedSentence, find_pairs
from tasks.translation.conjugate.import_pairs import check_pair_files, import_pairs, load_pair_files
from tasks.translation.conjugate.placeholder_pairs import replace_marked
from tasks.translation.conjugate.translate_spans import SpanTranslating, translate_spans
from tasks.translation.machine.engines import Generation
from tasks.translation.marked.language import language_filter
from tasks.translation.marked.markers import MAX_MARKERS, PAPER_MARKERS
from tasks.translation.pairs.marking_pairs import PairMarking, mark_pairs

_COLUMNS: dict[str, Form] = {"sentences": "count", "with a pair": "count", "pairs": "count", "dropped": "count"}

_SENTENCES_LOOKED_AT, _LETTERS_TO_JUDGE = 2000, 400


class PairFiles(Settings):
    """Pairs that exist, as two column files: word, number of its span or 0, tag."""

    original: str = Field(title="Sentences", description="The file of the target language, such as es/unlabel.txt.")
    translated: str = Field(title="Translations", description="The file of the source language, such as es/trans.txt.")


class PairsChoice(Settings):
    """How sentences and their translations get spans that belong together."""

    imported: PairFiles | None = Field(
        None,
        title="Existing pairs",
        description="Published pairs of spans, such as ConNER's own: no translator is used. Empty: raw text is "
        "translated here.",
    )
    incomplete: Incomplete = Field(
        "pair",
        title="Incomplete sentences",
        description="What goes where a span has no translation. pair: its pair alone; sentence: all pairs of the "
        "sentence (the published code).",
    )
    translator: TranslatorChoice = Field(
        TranslatorChoice(),
        title="Translator",
        description="A pretrained one, or a small one trained here on the parallel text (Table 6: another system).",
    )
    marking: PairMarking = Field(
        PairMarking(),
        title="Training pairs",
        description="Of a translator that is trained here: which spans of the parallel text become placeholders.",
    )
    spans: SpanTranslating = Field(
        SpanTranslating(), title="Spans", description="How candidate spans and their sentences are translated (2.3)."
    )
    generation: Generation = Field(Generation(), title="Generation", description="How translations are searched.")

    @property
    def trains(self) -> bool:
        """Whether a translator is trained."""
        return self.imported is None and self.translator.trains

    @property
    def translating(self) -> SpanTranslating:
        """How spans are translated; a translator that is trained here knows slots."""
        if self.spans.placeholder is not None:
            return self.spans
        return self.spans.model_copy(update={"placeholder": "slot" if self.trains else "span"})


def take_pairs(choice: PairsChoice, languages: tuple[str, str], runtime: Runtime) -> Reference:
    """Pairs that exist: of the first language, and their translations into the second."""
    assert choice.imported is not None
    original, translated = choice.imported.original, choice.imported.translated
    first, second = (input_file(each, runtime) for each in (original, translated))
    return import_pairs(first, second, *languages, choice.incomplete)


def make_pairs(
    choice: PairsChoice,
    tagged: Reference,
    languages: tuple[str, str],
    parallel: tuple[ParallelText, ...],
    names: Reference,
    seed: int,
    runtime: Runtime,
) -> Reference:
    """Pairs by alignment-free translation (2.3).

    Args:
        choice: how.
        tagged: sentences whose entities are the candidate spans.
        languages: theirs, and the one that they are translated into.
        parallel: parallel texts, their sources in the first language.
        names: the labelled source corpus, whose names are put into training pairs.
        seed: of the run.
        runtime: where folders are looked for.
    """
    pairs: tuple[Reference, ...] = ()
    if choice.trains:
        marking = choice.marking.model_copy(update={"seed": choice.marking.seed + seed})
        keep = choice.spans.spans == "inside"
        with stage("training pairs"):
            texts = read_pairs(parallel, languages, runtime)
            pairs = tuple(replace_marked(mark_pairs(each, None, marking, names), keep) for each in texts)
    translator = take_translator(choice.translator, (languages,), pairs, seed, runtime)
    translator = ready(translator, choice.generation)
    translation = translate_spans(
        tagged, translator, *languages, choice.translating, search_of(translator, choice.generation)
    )
    return find_pairs(tagged, translation, choice.incomplete)


def check_pairs(
    choice: PairsChoice, parallel: tuple[ParallelText, ...], languages: tuple[str, str], runtime: Runtime
) -> None:
    """Imported pairs can be read, belong together, and one is kept; a translator can be loaded, or trained.

    Raises:
        InputError: at the first that is not so.
    """
    if choice.imported is not None:
        original, translated = choice.imported.original, choice.imported.translated
        files = input_file(original, runtime), input_file(translated, runtime)
        check_pair_files(*files, choice.incomplete)
        _check_languages(choice.imported, load_pair_files(*files), languages)
        return
    check_translator(choice.translator, (languages,), choice.generation, runtime, "pairs.")
    if choice.trains and not parallel:
        raise InputError(
            "pairs.translator: it is trained on parallel text, and `parallel` names none; add two files there, name a "
            "trained one under pairs.translator.checkpoint, or existing pairs under pairs.imported"
        )
    most, known = choice.spans.max_spans, max(choice.marking.max_spans, PAPER_MARKERS)
    if choice.trains and choice.translating.placeholder == "slot" and most > known:
        raise InputError(
            f"pairs.spans.max_spans: {most}, but the translator that is trained here has symbols for {known}; "
            f"lower it to {known}, or raise pairs.marking.max_spans (to {MAX_MARKERS} at most)"
        )


def _check_languages(files: PairFiles, rows: Sequence[PairedSentence], languages: tuple[str, str]) -> None:
    """The two sides are not the wrong way round; says so where one reads as another language than its own.

    Short texts are not judged, nor are languages that langid does not know.

    Raises:
        InputError: if each side reads as the language of the other.
    """
    some = rows[:_SENTENCES_LOOKED_AT]
    sides = {"original": [row.words for row in some], "translated": [row.translation for row in some]}
    turned, told = 0, []
    for (side, sentences), own, other in zip(sides.items(), languages, languages[::-1], strict=True):
        text = " ".join(chain.from_iterable(sentences))
        try:
            nearer, likeliest = (language_filter(other, own, mode, _LETTERS_TO_JUDGE) for mode in ("pair", "all"))
        except InputError:
            return
        turned += not nearer(text)
        if not likeliest(text):
            told.append(
                f"pairs.imported.{side}: langid takes the first {len(some):,} sentences of {getattr(files, side)} for "
                f"another language than {own}; look whether they belong to this run, whose languages are "
                f"{languages[0]} and {languages[1]}"
            )
    if turned == len(sides):
        raise InputError(
            f"pairs.imported: {files.original} reads as {languages[1]}, {files.translated} as {languages[0]}; expected "
            f"sentences in {languages[0]} under pairs.imported.original, and in {languages[1]} under "
            "pairs.imported.translated; swap them"
        )
    for each in told:
        note(each)


def pairs_listing(name: str, pairs: Reference) -> Listing:
    """How many sentences have a pair, and how many pairs were dropped; their metadata counts them by reason."""
    return Listing("conjugate pairs of spans", "of", _COLUMNS, {name: pairs}, _cells)


def _cells(store: Store, reference: Reference) -> list[Cell]:
    about = store.metadata(reference)
    return [store.require(reference).rows, about["sentences"], about["pairs"], sum(about["dropped"].values())]
