"""What has the form of a language's code, in a setting and on its own."""

import pytest
from pydantic import TypeAdapter, ValidationError

from tasks.corpus.language_codes import LanguageCode, is_language_code

SETTING: TypeAdapter[str] = TypeAdapter(LanguageCode)


@pytest.mark.parametrize(
    "code", ["de", "DE", "yue", "zh-cn", "zh_TW", "zh_Hant", "sr-Latn", "fra_Latn", "en_XX", "zh-Hant-TW", "es-419"]
)
def test_codes_are_taken_as_they_are(code: str) -> None:
    assert is_language_code(code) and SETTING.validate_python(code) == code


@pytest.mark.parametrize(
    "text", ["deutsch", "German", "klingon", "", "d", "de ", "de\n", "de-", "de,en", "дe", "zh Hant"]
)
def test_names_of_languages_and_other_text_are_none(text: str) -> None:
    assert not is_language_code(text)
    with pytest.raises(ValidationError, match="expected a code such as de"):
        SETTING.validate_python(text)
