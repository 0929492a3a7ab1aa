"""What a student said of a sentence is remembered for as long as the same code would say it."""

import json
from pathlib import Path

import pytest

from artifacts.code.fingerprint import Fingerprint, fingerprint
from artifacts.reference import Reference
from artifacts.store import Store
from flows.parts.student_answer import _key, answer_of

STUDENT = Reference(kind="student", key="ab", digest="cd" * 32)
WORDS = ["Ada", "lebt"]


def test_an_answer_of_other_code_is_none(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def write(folder: Path) -> None:
        (folder / "answer.json").write_text(json.dumps([["B-PER", 0.5], ["O", 1.0]]), encoding="utf-8")

    store.derive("answers", _key(STUDENT, WORDS), write)
    assert answer_of(store, STUDENT, WORDS) == [("B-PER", 0.5), ("O", 1.0)]
    assert answer_of(store, STUDENT, ["Ada"]) is None
    assert answer_of(store, STUDENT.model_copy(update={"digest": "ef" * 32}), WORDS) is None
    monkeypatch.setattr("flows.parts.student_answer.fingerprint", lambda *_: Fingerprint("other code", {}))
    assert answer_of(store, STUDENT, WORDS) is None


def test_the_code_of_an_answer_is_what_cuts_decodes_and_loads() -> None:
    reached = fingerprint("flows.parts.student_answer", "ask_student_alone").definitions
    for name in ("student:load_student", "windows:make_windows", "decoding:viterbi", "inference:word_probabilities"):
        assert f"tasks.tagging.{name}" in reached
