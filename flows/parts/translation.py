"""How labelled source text becomes labelled target text: configuration and steps."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from pydantic import Field, model_validator

from artifacts.errors import InputError
from artifacts.inputs import InputFile
from artifacts.reference import Reference
from artifacts.runtime import Runtime, stage
from artifacts.settings import Settings
from flows.parts.aligned_labels import AlignedLabels, Ranker, Reader, placed_labels
from flows.parts.corpora import Corpora, corpus_input, input_file
from flows.parts.translator import AnyTranslator, Direction, TranslatorChoice, ready, search_of, take_translator
from tasks.corpus.formats import CorpusFile
from tasks.translation.alignment import AlignmentConfig, align_vectors
from tasks.translation.imported import import_translation
from tasks.translation.lexicon import LexiconConfig, induce_lexicon
from tasks.translation.machine.engines import Generation
from tasks.translation.machine.external import ExternalTranslator
from tasks.translation.machine.translate_text import translate_text
from tasks.translation.marked.entities import list_entities
from tasks.translation.marked.gather import gather_translations
from tasks.translation.marked.lost_markers import keep_lost
from tasks.translation.marked.markers import Marking
from tasks.translation.marked.read_markers import MarkerReading, read_markers
from tasks.translation.marked.read_plain import read_plain
from tasks.translation.pairs.marking_pairs import PairMarking, mark_pairs
from tasks.translation.pairs.plain_pairs import keep_pairs_plain
from tasks.translation.vector_files import VectorFile, load_vectors
from tasks.translation.vectors import VectorTraining, train_vectors
from tasks.translation.words import WordTranslation, translate_words
from tasks.words.labels import LabelConfig


class WordVectors(Settings):
    """Where word vectors come from."""

    source_file: str = Field(
        "", title="Source vectors", description="A .bin, .vec or .vec.gz file; empty: trained on the corpora's text."
    )
    target_file: str = Field(
        "", title="Target vectors", description="A .bin, .vec or .vec.gz file; empty: trained on the corpora's text."
    )
    loading: VectorFile = Field(VectorFile(), title="Loading", description="How files are read.")
    training: VectorTraining = Field(VectorTraining(), title="Training", description="How vectors are trained.")


class MarkedSentences(Settings):
    """How sentences are translated whole, with markers around their entities."""

    translator: TranslatorChoice = Field(
        TranslatorChoice(), title="Translator", description="A pretrained one, or a small M2M100 trained here."
    )
    use_lexicon: bool = Field(
        True,
        title="Use the lexicon",
        description="Mark spans of training pairs by the induced lexicon, beside words that often come together; off "
        "where the word vectors are too poor for a good one.",
    )
    pairs: PairMarking = Field(
        PairMarking(), title="Training pairs", description="How markers are put into parallel text to train on."
    )
    marking: Marking = Field(Marking(), title="Marking", description="How entities are marked.")
    generation: Generation = Field(Generation(), title="Generation", description="How translations are searched.")
    reading: MarkerReading = Field(
        MarkerReading(), title="Reading", description="Which translations are kept, and how they are read."
    )
    lost: Literal["dropped", "aligned"] = Field(
        "dropped",
        title="Lost markers",
        description="Sentences whose markers went wrong. dropped: they are left out; aligned: they are translated anew "
        "without markers, and labels placed by word alignment, as translation.aligned says.",
    )


class TranslationChoice(Settings):
    """How the labelled corpus is translated."""

    method: Literal["words", "marked", "words+marked", "aligned", "words+aligned", "import"] = Field(
        "words",
        title="Method",
        description="words: word by word, with a lexicon induced from word vectors; marked: whole sentences by a "
        "translator, entities between markers; aligned: whole sentences without markers, labels placed by word "
        "alignment; words+marked, words+aligned: both, one after the other; import: a translation that exists.",
    )
    imported: CorpusFile | None = Field(
        None, title="Existing translation", description="A labelled file in the target language, for method import."
    )
    vectors: WordVectors = Field(WordVectors(), title="Word vectors", description="Of both languages.")
    alignment: AlignmentConfig = Field(AlignmentConfig(), title="Alignment", description="How the spaces are aligned.")
    seed_lexicon: str = Field(
        "", title="Seed lexicon", description="Word pairs to align on; empty: words that both languages write alike."
    )
    supplied_lexicon: str = Field(
        "",
        title="Own lexicon",
        description="Word pairs that take precedence over induced ones, also where a sentence writes the word with a "
        "capital; empty: none.",
    )
    test_lexicon: str = Field(
        "", title="Test lexicon", description="Word pairs to measure the alignment with; never learnt from."
    )
    lexicon: LexiconConfig = Field(LexiconConfig(), title="Lexicon", description="How the lexicon is induced.")
    words: WordTranslation = Field(WordTranslation(), title="Words", description="How words are put in place.")
    marked: MarkedSentences = Field(
        MarkedSentences(),
        title="Marked sentences",
        description="For the methods with marked; translator, generation and reading for those with aligned, too.",
    )
    aligned: AlignedLabels = Field(
        AlignedLabels(),
        title="Aligned labels",
        description="For the methods with aligned, and for marked.lost: aligned.",
    )

    @property
    def by_words(self) -> bool:
        """Whether sentences are translated word by word."""
        return self.method in ("words", "words+marked", "words+aligned")

    @property
    def by_markers(self) -> bool:
        """Whether sentences are translated whole, with markers."""
        return self.method in ("marked", "words+marked")

    @property
    def by_alignment(self) -> bool:
        """Whether sentences are translated whole, without markers."""
        return self.method in ("aligned", "words+aligned")

    @property
    def by_translator(self) -> bool:
        """Whether sentences are translated whole."""
        return self.by_markers or self.by_alignment

    @property
    def places_labels(self) -> bool:
        """Whether labels are placed by word alignment, on all translations or on those that lost their markers."""
        return self.by_alignment or (self.by_markers and self.marked.lost == "aligned")

    @property
    def ranks_places(self) -> bool:
        """Whether the translator ranks candidates for places."""
        return self.places_labels and self.aligned.ranking != "off"

    @property
    def needs_lexicon(self) -> bool:
        """Whether a lexicon is induced: to translate by, or to mark parallel text by."""
        return self.by_words or (self.by_markers and self.marked.translator.trains and self.marked.use_lexicon)

    @model_validator(mode="after")
    def _import_names_a_file(self) -> "TranslationChoice":
        if self.method == "import" and self.imported is None:
            raise ValueError("method import needs `imported`, the labelled file to import")
        return self


@dataclass
class Translating:
    """How a run translates: what D_trans and the baseline translate-test are made with.

    Attributes:
        corpora: of the run.
        choice: how.
        languages: the source's, the target's.
        seed: of the run.
        runtime: where files are looked for.
        back: whether texts of the target language are translated into the source's, too.
    """

    corpora: Corpora
    choice: TranslationChoice
    languages: Direction
    seed: int
    runtime: Runtime
    back: bool = False
    _ready: dict[Direction | None, AnyTranslator] = field(default_factory=dict)

    @cached_property
    def lexicon(self) -> Reference | None:
        """The induced lexicon; None where nothing needs one."""
        return _lexicon(self.corpora, self.choice, self.languages, self.runtime) if self.choice.needs_lexicon else None

    def translator(self, direction: Direction) -> AnyTranslator:
        """The translator of a direction, as its engine loads it.

        One that is trained here serves both directions if texts are translated back, and so does a checkpoint, unless
        each direction has its own.
        """
        choice = self.choice.marked.translator
        which = direction if choice.by_direction else None
        if which not in self._ready:
            name = "translator" if self.choice.by_translator else "translate-test's translator"
            taken = take_translator(
                choice.both_ways if self.back else choice, (direction,), self._pairs(), self.seed, self.runtime, name
            )
            self._ready[which] = ready(taken, self.choice.marked.generation, name)
        return self._ready[which]

    @property
    def ranker(self) -> Ranker | None:
        """Who ranks candidates for places, if they are ranked: the translator, in the directions that it has.

        Raises:
            InputError: if it is a command.
        """
        if self.choice.aligned.ranking == "off":
            return None
        check_ranking(self.choice)
        whole, there = self.choice.marked, self.translator(self.languages)
        choice = whole.translator.both_ways if self.back else whole.translator
        both = bool(choice.checkpoint) or choice.training.both_directions
        back = self.translator(self.languages[::-1]) if both else None
        assert isinstance(there, Reference) and not isinstance(back, ExternalTranslator)
        return Ranker(there, back, whole.generation)

    def _pairs(self) -> tuple[Reference, ...]:
        """What a translator is trained on, if it is; pairs with markers only if it will see some."""
        whole = self.choice.marked
        if not whole.translator.trains:
            return ()
        marking = whole.pairs.model_copy(update={"seed": whole.pairs.seed + self.seed})
        by = self.lexicon if self.choice.by_markers and whole.use_lexicon else None
        with stage("training pairs"):
            return tuple(
                mark_pairs(each, by, marking, self.corpora.train)
                if self.choice.by_markers
                else keep_pairs_plain(each, 1)
                for each in self.corpora.parallel
            )


def check_ranking(choice: TranslationChoice) -> None:
    """What is to rank candidates tells probabilities.

    Raises:
        InputError: if it is a command, which does not.
    """
    external = choice.marked.translator.external
    if external is not None:
        raise InputError(
            f"translation.aligned.ranking {choice.aligned.ranking}: candidates are ranked by the translator's "
            f"probabilities, and the command `{external.command}` gives none; set translation.aligned.ranking to off, "
            "or name a checkpoint under translation.marked.translator"
        )


def translate(translating: Translating, labels: LabelConfig, reader: Reader) -> Reference:
    """D_trans: the labelled source corpus in the target language."""
    corpora, choice, language = translating.corpora, translating.choice, translating.languages[1]
    if choice.imported is not None and choice.method == "import":
        file = choice.imported
        return import_translation(corpus_input(file, translating.runtime), file.without_path(), labels, language)
    parts: list[Reference] = []
    lexicon = translating.lexicon
    if choice.by_words and lexicon is not None:
        words = choice.words.model_copy(update={"seed": choice.words.seed + translating.seed})
        cased = corpora.parallel if words.casing == "truecase" else ()
        parts.append(translate_words(corpora.train, lexicon, corpora.target, cased, words, language))
    if choice.by_translator:
        parts += _whole_sentences(translating, reader)
    return parts[0] if choice.method == "words" else gather_translations(tuple(parts))


def _whole_sentences(translating: Translating, reader: Reader) -> list[Reference]:
    """Sentences translated whole: entities between markers (CROP, 3.3; CoLaDa's WikiAnn, 4.1), or labels placed after.

    Of sentences that lost their markers a plain translation is labelled, too, if that is wanted.
    """
    corpora, choice, languages = translating.corpora, translating.choice, translating.languages
    translator = translating.translator(languages)
    whole, parts, plain = choice.marked, list[Reference](), corpora.train
    search = search_of(translator, whole.generation)
    if choice.by_markers:
        output = translate_text(corpora.train, translator, *languages, whole.marking, search)
        entities = None
        if whole.marking.form == "brackets":
            with stage("entities alone"):
                listed = list_entities(corpora.train, whole.marking.max_entities)
                entities = translate_text(listed, translator, *languages, None, search)
        parts.append(read_markers(corpora.train, output, whole.reading, entities))
        plain = keep_lost(corpora.train, parts[0]) if choice.places_labels else plain
    if choice.places_labels:
        with stage("labels placed after"):
            output = translate_text(plain, translator, *languages, None, search)
            translated = read_plain(output, whole.reading)
            how = (corpora.parallel, choice.aligned, reader, translating.ranker)
            parts.append(placed_labels(plain, translated, *how))
    return parts


def _lexicon(corpora: Corpora, choice: TranslationChoice, languages: tuple[str, str], runtime: Runtime) -> Reference:
    """The lexicon induced from aligned word vectors (UniTrans, section 3.1)."""
    source, target = languages
    with stage(source):
        source_vectors = _vectors(
            choice.vectors, choice.vectors.source_file, (corpora.train, *corpora.parallel), source, runtime
        )
    with stage(target):
        target_vectors = _vectors(
            choice.vectors, choice.vectors.target_file, (corpora.target, *corpora.parallel), target, runtime
        )
    alignment = align_vectors(
        source_vectors,
        target_vectors,
        _optional(choice.seed_lexicon, runtime),
        _optional(choice.test_lexicon, runtime),
        choice.alignment,
    )
    return induce_lexicon(
        source_vectors, target_vectors, alignment, choice.lexicon, _optional(choice.supplied_lexicon, runtime)
    )


def _vectors(
    choice: WordVectors, path: str, texts: tuple[Reference, ...], language: str, runtime: Runtime
) -> Reference:
    if path:
        return load_vectors(input_file(path, runtime), language, choice.loading)
    return train_vectors(texts, choice.training, language)


def _optional(path: str, runtime: Runtime) -> InputFile | None:
    return input_file(path, runtime) if path else None
