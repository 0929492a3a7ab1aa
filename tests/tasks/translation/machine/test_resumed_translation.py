"""A translation that is killed goes on where it was."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from artifacts.catalog import SENTENCES, TRANSLATOR
from artifacts.kept_outputs import output_lines, read_outputs
from artifacts.reference import Reference
from artifacts.step import run_alone
from artifacts.store import Store
from tasks.translation.machine.engines import Generation
from tasks.translation.machine.translate_text import translate_text
from tests.tasks.translation.machine import translate_and_die

WORDS = [["sentence", str(number), "ü"] for number in range(10)]


class Counting(translate_and_die.Reversing):
    def __init__(self, asked: list[str]) -> None:
        super().__init__(batches=-1)
        self.asked = asked

    def translate(self, texts: Sequence[str]) -> Iterator[tuple[np.ndarray, list[str]]]:
        self.asked += texts
        yield from super().translate(texts)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that are translated in this process."""
    found: list[str] = []
    monkeypatch.setattr("tasks.translation.machine.translating.make_engine", lambda *a, **k: Counting(found))
    return found


def test_after_kill_9_only_the_rest_is_translated_and_the_result_is_the_same(
    store: Store,
    put_table: Callable[..., Reference],
    put_model: Callable[..., Reference],
    tiny_translator: Path,
    tmp_path: Path,
    asked: list[str],
) -> None:
    data = put_table(SENTENCES, {"sentence_id": list(range(10)), "words": WORDS}, {"language": "en"})
    translator = put_model(TRANSLATOR, tiny_translator)
    rest = (translator, "en", "de", None, Generation())
    untouched = Store(shutil.copytree(store.root, tmp_path / "untouched"))
    command = [sys.executable, translate_and_die.__file__, str(store), data.model_dump_json()]
    killed = subprocess.run([*command, translator.model_dump_json()], capture_output=True, text=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    (file,) = store.root.glob(".unfinished/*/outputs.jsonl")
    with file.open("a", encoding="utf-8") as torn:
        torn.write('["sentence 9 ü", "half of it')  # What a kill in the middle of a write leaves.

    resumed = run_alone(store, translate_text, data, *rest)
    assert asked == [" ".join(words) for words in WORDS[6:]]  # Two batches of three were kept.
    assert store.require(resumed).notes["resumed_texts"] == 6
    assert store.require(resumed).notes["new_texts"] == 10
    assert not file.parent.exists()
    cold = run_alone(untouched, translate_text, data, *rest)
    assert len(asked) == 4 + 10
    assert (cold.key, cold.digest) == (resumed.key, resumed.digest)
    assert store.table(resumed)["output"].to_pylist() == [" ".join(words)[::-1] for words in WORDS]


def test_what_was_kept_and_is_whole_needs_no_engine(
    store: Store, put_table: Callable[..., Reference], put_model: Callable[..., Reference], tiny_translator: Path,
    monkeypatch: pytest.MonkeyPatch, asked: list[str],
) -> None:  # fmt: skip
    data = put_table(SENTENCES, {"sentence_id": list(range(10)), "words": WORDS}, {"language": "en"})
    rest = (put_model(TRANSLATOR, tiny_translator), "en", "de", None, Generation())
    with monkeypatch.context() as patch:
        patch.setattr("tasks.translation.machine.translate_text.MACHINE_TRANSLATION", None)  # Fails at the end.
        with pytest.raises(AttributeError):
            run_alone(store, translate_text, data, *rest)
    assert len(asked) == 10
    run_alone(store, translate_text, data, *rest)
    assert len(asked) == 10


def test_outputs_that_were_cut_before_a_failure_count_too(
    store: Store, put_table: Callable[..., Reference], put_model: Callable[..., Reference], tiny_translator: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    class Cutting(translate_and_die.Reversing):
        def __init__(self, cut: Callable[[list[str]], None], ends: int) -> None:
            super().__init__(batches=-1)
            self.cut, self.ends = cut, ends

        def translate(self, texts: Sequence[str]) -> Iterator[tuple[np.ndarray, list[str]]]:
            for done, (rows, outputs) in enumerate(super().translate(texts)):
                if done == self.ends:
                    raise RuntimeError("no more")
                self.cut([texts[row] for row in rows[:1]])
                yield rows, outputs

    def make(ends: int) -> None:
        name = "tasks.translation.machine.translating.make_engine"
        monkeypatch.setattr(name, lambda *a, cut, **k: Cutting(cut, ends))

    data = put_table(SENTENCES, {"sentence_id": list(range(10)), "words": WORDS}, {"language": "en"})
    rest = (put_model(TRANSLATOR, tiny_translator), "en", "de", None, Generation())
    make(2)
    with pytest.raises(RuntimeError, match="no more"):
        run_alone(store, translate_text, data, *rest)
    make(-1)
    # Two batches of three before, then one of three and one of one: of each one output was cut.
    assert store.require(run_alone(store, translate_text, data, *rest)).notes["cut_outputs"] == 4


def test_outputs_that_are_taken_from_earlier_translations_count_if_they_were_cut_there(
    store: Store, put_table: Callable[..., Reference], put_model: Callable[..., Reference], tiny_translator: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    class Cutting(Counting):
        """Cuts the outputs of sentences 1 and 7."""

        def __init__(self, cut: Callable[[list[str]], None]) -> None:
            super().__init__([])
            self.cut = cut

        def translate(self, texts: Sequence[str]) -> Iterator[tuple[np.ndarray, list[str]]]:
            self.cut([text for text in texts if text.split()[1] in "17"])
            yield from super().translate(texts)

    monkeypatch.setattr("tasks.translation.machine.translating.make_engine", lambda *a, cut, **k: Cutting(cut))
    rest = (put_model(TRANSLATOR, tiny_translator), "en", "de", None, Generation())

    def notes_of(numbers: list[int]) -> tuple[int, int]:
        rows = {"sentence_id": numbers, "words": [WORDS[number] for number in numbers]}
        data = put_table(SENTENCES, rows, {"language": "en"})
        notes = store.require(run_alone(store, translate_text, data, *rest)).notes
        return notes["new_texts"], notes["cut_outputs"]

    assert notes_of([0, 1, 2]) == (3, 1)
    assert notes_of([1, 2, 7]) == (1, 2)  # One was cut before, one now.
    assert notes_of([2, 7]) == (0, 1)  # What was taken over is known there, too.
    assert notes_of([0, 2]) == (0, 0)


@pytest.mark.parametrize(
    ("content", "found", "whole_lines"),
    [
        (output_lines(["a", "b\n"], ["A", "B\n"]), {"a": "A", "b\n": "B\n"}, 2),
        (output_lines(["a", "unwanted"], ["A", "U"]), {"a": "A"}, 2),
        (output_lines(["a"], ["A"]) + '["c", "C"]', {"a": "A"}, 1),  # No end of line: it may go on.
        (output_lines(["a"], ["A"]) + "\0\0\0\n" + output_lines(["c"], ["C"]), {"a": "A"}, 1),
        (output_lines(["a"], ["A"]) + "5\n", {"a": "A"}, 1),
        ("", {}, 0),
    ],
)
def test_whole_lines_are_read_and_the_file_ends_behind_them(
    tmp_path: Path, content: str, found: dict[str, str], whole_lines: int
) -> None:
    file = tmp_path / "outputs.jsonl"
    file.write_text(content, encoding="utf-8")
    assert read_outputs(file, {"a", "b\n", "c"}) == found
    assert file.read_text(encoding="utf-8") == "".join(content.splitlines(keepends=True)[:whole_lines])
    assert read_outputs(tmp_path / "none.jsonl", {"a"}) == {}
