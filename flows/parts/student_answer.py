"""What a student says of one sentence, asked in a process of its own, and remembered."""

import hashlib
import json
from collections.abc import Sequence
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path

from artifacts.code.fingerprint import fingerprint
from artifacts.reference import Reference
from artifacts.store import Store

_ANSWERS = "answers"
_FILE = "answer.json"


def answer_of(store: Store, student: Reference, words: Sequence[str]) -> list[tuple[str, float]] | None:
    """Tag and probability of each word, if the student was asked before."""
    folder = store.derived(_ANSWERS, _key(student, words))
    if folder is None:
        return None
    return [(tag, probability) for tag, probability in json.loads((folder / _FILE).read_text(encoding="utf-8"))]


def ask_student_alone(done: "Synchronized[int]", root: str, student: Reference, words: list[str]) -> None:
    """Asks it, as a process that does only this; `done` counts the sentence.

    Raises:
        InputError: if it cannot be loaded.
        StoreError: if its files are gone.
    """
    from tasks.tagging.student import load_student  # A page never loads torch.

    store = Store(root)

    def write(folder: Path) -> None:
        (tagged,) = load_student(store.folder(student), tokenized=True).tag_words([words])
        answer = list(zip(tagged.tags, map(float, tagged.probabilities), strict=True))
        (folder / _FILE).write_text(json.dumps(answer), encoding="utf-8")

    store.derive(_ANSWERS, _key(student, words), write)
    done.value = 1


def _key(student: Reference, words: Sequence[str]) -> str:
    code = fingerprint(__name__, ask_student_alone.__name__).code  # Windows and decoding are code, too.
    return hashlib.sha256(json.dumps([student.digest, code, *words]).encode()).hexdigest()[:20]
