from concurrent.futures import ThreadPoolExecutor

import pytest
from langid.langid import LanguageIdentifier, model

from artifacts.errors import InputError
from tasks.translation.marked.language import language_filter

GERMAN = "Die Katze schläft heute den ganzen Tag auf dem Sofa im Wohnzimmer."
ENGLISH = "The cat sleeps on the sofa in the living room for the whole day."
DUTCH = "De kat slaapt vandaag de hele dag op de bank in de woonkamer."
SPANISH = "El gato duerme todo el día en el sofá de la sala de estar."
NORWEGIAN = "Jeg vet ikke hvorfor katten sover på sofaen i stua hele dagen."


@pytest.fixture(scope="module")
def langid_itself() -> LanguageIdentifier:
    return LanguageIdentifier.from_modelstring(model, norm_probs=True)


def test_all_accepts_the_target_language_alone() -> None:
    accepts = language_filter("en", "de", "all", 0)
    assert [accepts(text) for text in (GERMAN, ENGLISH, DUTCH)] == [True, False, False]


def test_pair_compares_source_and_target_alone(langid_itself: LanguageIdentifier) -> None:
    texts = [GERMAN, ENGLISH, DUTCH, SPANISH, NORWEGIAN, "Ulm", "IBM", ""]
    accepts = language_filter("en", "de", "pair", 0)
    langid_itself.set_languages(["de", "en"])
    assert [accepts(text) for text in texts] == [langid_itself.classify(text)[0] == "de" for text in texts]
    assert accepts(GERMAN)
    assert not accepts(ENGLISH)


def test_pair_lets_a_third_language_pass_that_all_drops() -> None:
    assert language_filter("zh", "de", "pair", 0)(DUTCH)
    assert not language_filter("zh", "de", "all", 0)(DUTCH)


def test_off_accepts_everything_and_asks_for_no_known_code() -> None:
    assert language_filter("xx", "yy", "off", 0)(ENGLISH)


def test_texts_of_few_letters_are_not_judged() -> None:
    text = "The cat 1234567890!"  # 6 letters
    assert language_filter("en", "de", "all", 7)(text)
    assert not language_filter("en", "de", "all", 6)(text)


def test_all_decides_as_langid_itself(langid_itself: LanguageIdentifier) -> None:
    langid_itself.set_languages(None)
    texts = [GERMAN, ENGLISH, DUTCH, NORWEGIAN, "Москва", "北京市", "القاهرة", "Ulm", "1.", ""]
    for code in ("de", "en", "nl", "ru", "zh", "ar"):
        accepts = language_filter("xx" if code == "en" else "en", code, "all", 0)
        assert [accepts(text) for text in texts] == [langid_itself.classify(text)[0] == code for text in texts]


def test_regions_do_not_matter() -> None:
    assert language_filter("en_GB", "de-AT", "all", 0)(GERMAN)
    assert not language_filter("en_GB", "de-AT", "pair", 0)(ENGLISH)


def test_members_of_one_macrolanguage_count_as_one() -> None:
    accepted = [language_filter("en", code, "all", 0)(NORWEGIAN) for code in ("no", "nb", "nn")]
    assert accepted == [True, True, True]


def test_a_source_of_the_same_macrolanguage_is_told_apart() -> None:
    # Were nb accepted for nn, no text could be found to be left untranslated.
    accepts = [language_filter("nb", code, "pair", 0)(NORWEGIAN) for code in ("nn", "no")]
    assert not all(accepts)


def test_an_unknown_language_names_near_codes() -> None:
    with pytest.raises(InputError, match=r"'deu'.* de.*language_filter: off"):
        language_filter("en", "deu", "all", 0)
    with pytest.raises(InputError, match="'eng'"):
        language_filter("eng", "de", "pair", 0)


def test_threads_share_one_identifier() -> None:
    accepts = language_filter("en", "de", "all", 0)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(accepts, [GERMAN, ENGLISH] * 50)) == [True, False] * 50
