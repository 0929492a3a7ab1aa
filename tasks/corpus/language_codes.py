"""Codes of languages, as configurations and options name them."""

import re
from typing import Annotated

from pydantic import AfterValidator

EXPECTED = "expected a code such as de or zh-Hant"
# BCP 47: a language of ISO 639, then script and region; with _ as Flores-200 (fra_Latn) and mBART (en_XX) have it.
_CODE = re.compile(r"[a-z]{2,3}([-_][a-z0-9]{1,8})*", re.IGNORECASE)


def is_language_code(text: str) -> bool:
    """Whether a text has the form of a code; `deutsch` and `German` have not."""
    return _CODE.fullmatch(text) is not None


def _checked(text: str) -> str:
    if not is_language_code(text):
        raise ValueError(EXPECTED)
    return text


LanguageCode = Annotated[str, AfterValidator(_checked)]
"""A setting of a configuration that names a language."""
