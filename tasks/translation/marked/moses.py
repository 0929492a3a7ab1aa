"""Join words into text as a person writes it; the inverse of `tasks.corpus.text.word_splitter`."""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import pairwise

from tasks.corpus.segmenters import UNSPACED, language_code

# A letter or digit that needs a space before another one even where words have none between them.
_RUN = r"0-9A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\uff10-\uff19\uff21-\uff3a\uff41-\uff5a"
_STARTS_RUN = re.compile(f"[{_RUN}]")
_ENDS_RUN = re.compile(f"[{_RUN}][\u0300-\u036f]*$")


@lru_cache(maxsize=64)
def detokenizer(language: str) -> Callable[[Sequence[str]], str]:
    """The function that joins a sentence's words.

    Languages that Moses has no rules for are joined with its general ones. zh, ja and th are written without spaces,
    except between two runs of Latin letters or digits (`join_characters`).

    Args:
        language: code such as de or zh-cn; what is behind the hyphen is not looked at.
    """
    code = language_code(language)
    if code in UNSPACED:
        return join_characters
    # Here, because importing sacremoses takes a fifth of a second that `crosstag --help` does not have.
    from sacremoses import MosesDetokenizer

    moses = MosesDetokenizer(code)

    def join_as_moses(words: Sequence[str]) -> str:
        text: str = moses.detokenize(words, unescape=False)
        return text

    return join_as_moses


def join_characters(words: Sequence[str]) -> str:
    """Joins words of a language without spaces; runs of Latin letters and digits stay apart.

    Not if both have one character, since corpora by single characters spell what is Latin out, too.

    Examples: 苹果, iPhone, 15, 发, 布 -> 苹果iPhone 15发布; N, B, A, 2, 0, 1, 9, 年 -> NBA2019年.
    """
    parts = list(words[:1])
    for before, word in pairwise(words):
        single = _ENDS_RUN.fullmatch(before) and _ENDS_RUN.fullmatch(word)
        if _STARTS_RUN.match(word) and _ENDS_RUN.search(before) and not single:
            parts.append(" ")
        parts.append(word)
    return "".join(parts)
