"""How labelled source text becomes labelled target text: configuration and steps."""

from typing import Literal

from pydantic import Field, model_validator

from artifacts.inputs import InputFile
from artifacts.reference import Reference
from artifacts.runtime import Runtime, stage
from artifacts.settings import Settings
from flows.corpora import Corpora, input_file
from tasks.corpus.formats import CorpusFile
from tasks.corpus.labels import LabelConfig
from tasks.translation.alignment import AlignmentConfig, align_vectors
from tasks.translation.imported import import_translation
from tasks.translation.lexicon import LexiconConfig, induce_lexicon
from tasks.translation.vector_files import VectorFile, load_vectors
from tasks.translation.vectors import VectorTraining, train_vectors
from tasks.translation.words import WordTranslation, translate_words


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


class TranslationChoice(Settings):
    """How the labelled corpus is translated."""

    method: Literal["words", "import"] = Field(
        "words",
        title="Method",
        description="words: word by word, with a lexicon induced from word vectors; import: a translation that exists.",
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
        "", title="Own lexicon", description="Word pairs that take precedence over induced ones; empty: none."
    )
    test_lexicon: str = Field(
        "", title="Test lexicon", description="Word pairs to measure the alignment with; never learnt from."
    )
    lexicon: LexiconConfig = Field(LexiconConfig(), title="Lexicon", description="How the lexicon is induced.")
    words: WordTranslation = Field(WordTranslation(), title="Words", description="How words are put in place.")

    @model_validator(mode="after")
    def _import_names_a_file(self) -> "TranslationChoice":
        if self.method == "import" and self.imported is None:
            raise ValueError("method import needs `imported`, the labelled file to import")
        return self


def translate(
    corpora: Corpora,
    choice: TranslationChoice,
    languages: tuple[str, str],
    labels: LabelConfig,
    seed: int,
    runtime: Runtime,
) -> Reference:
    """D_trans: the labelled source corpus in the target language (UniTrans, section 3.1)."""
    source, target = languages
    if choice.imported is not None and choice.method == "import":
        file = choice.imported
        return import_translation(input_file(file.path, runtime), file.without_path(), labels, target)
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
    lexicon = induce_lexicon(
        source_vectors, target_vectors, alignment, choice.lexicon, _optional(choice.supplied_lexicon, runtime)
    )
    words = choice.words.model_copy(update={"seed": choice.words.seed + seed})
    return translate_words(corpora.train, lexicon, corpora.target, words, target)


def _vectors(
    choice: WordVectors, path: str, texts: tuple[Reference, ...], language: str, runtime: Runtime
) -> Reference:
    if path:
        return load_vectors(input_file(path, runtime), language, choice.loading)
    return train_vectors(texts, choice.training, language)


def _optional(path: str, runtime: Runtime) -> InputFile | None:
    return input_file(path, runtime) if path else None
