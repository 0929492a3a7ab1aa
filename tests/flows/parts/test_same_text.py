"""Of which sentences a table is, by the recipes that lead to it."""

from artifacts.manifest import Manifest, Recipe
from artifacts.store import STORE_FORMAT
from flows.parts.same_text import text_of


def made(kind: str, digest: str, **inputs: str) -> Manifest:
    recipe = Recipe(step="s", parameters={}, inputs=inputs, code="", schemas={}, store_format=STORE_FORMAT)
    return Manifest(
        kind=kind, key="", digest=digest, recipe=recipe, files={}, metadata={}, seconds=0, made="", environment={}
    )


# A translation is made with the target's sentences, for their casing; its labels are none of theirs.
TRANSLATION = made("translation", "t", data="labelled:l", target_sentences="sentences:s")
ON_TRANSLATION = made("soft_labels", "a", tagger="tagger:m", sentences="translation:t")
ON_TEXT = made("soft_labels", "b", tagger="tagger:n", sentences="sentences:s")
WEIGHED = made("reliability", "w", tagger="tagger:m", soft_labels="soft_labels:a")
CORRECTED = made("soft_labels", "c", soft_labels="soft_labels:b", corrections="corrections:p")
TAGGER = made("tagger", "n", data="translation:t")
MAKERS = {f"{each.kind}:{each.digest}": each for each in (TRANSLATION, ON_TRANSLATION, ON_TEXT, WEIGHED, TAGGER)}


def test_labels_of_a_translation_are_not_of_the_text_that_it_was_made_with() -> None:
    assert text_of(ON_TRANSLATION, MAKERS) == text_of(WEIGHED, MAKERS) == "translation:t"


def test_labels_of_a_text_are_of_it_whatever_their_tagger_learnt() -> None:
    assert text_of(ON_TEXT, MAKERS) == text_of(CORRECTED, MAKERS) == "sentences:s"


def test_a_text_is_its_own_and_one_that_is_gone_is_known_by_name() -> None:
    assert text_of(TRANSLATION, MAKERS) == "translation:t"
    assert text_of(ON_TEXT, {}) == "sentences:s"


def test_what_leads_to_no_text_is_of_none() -> None:
    assert text_of(made("lexicon", "x", alignment="alignment:y"), {}) == ""
