"""A note before the run where spans are short for a text whose words are characters."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from artifacts.runtime import Runtime
from flows.commands.methods import load
from flows.parts.corpora import TargetCorpus
from flows.parts.corpus_checks import note_short_spans
from tasks.corpus.corpus import Corpus, Part
from tasks.corpus.formats import CorpusFile
from tasks.corpus.once import reading_once

TARGET = TargetCorpus(language="zh", text=CorpusFile(path="zh.txt"))
IN_WORDS = ["习近平", "在", "北京", "。"]
GIVEN_CHARACTERS = ["习", "近", "平", "在", "北", "京", "iPhone", "。"]


def text(words: list[str], splitter: str = "") -> Corpus:
    return Corpus("zh", [words], parts=(Part("zh.txt", "text", "", None, 1, (), splitter),))


@pytest.mark.parametrize(
    ("most_words", "corpus", "told"),
    [
        (4, text(["a"], "characters"), True),
        (7, text(GIVEN_CHARACTERS), True),
        (8, text(GIVEN_CHARACTERS), False),
        (8, text(["a"], "characters"), False),
        (4, text(IN_WORDS, "jieba"), False),
        (4, text(["I", "a", "m", "北"]), False),
    ],
)
def test_spans_that_are_short_for_characters_are_told(
    capsys: pytest.CaptureFixture[str], most_words: int, corpus: Corpus, told: bool
) -> None:
    with reading_once():
        note_short_spans(most_words, TARGET, corpus)
        note_short_spans(most_words, TARGET, corpus)
    said = capsys.readouterr().err
    if not told:
        assert said == ""
        return
    assert said.count("note: ") == 1
    assert f"spans.most_words: {most_words}, and the words of target.text zh.txt are characters" in said
    assert f"names of more than {most_words} characters are no spans" in said and "raise it to 8 or more" in said


def test_in_a_run_they_are_told_in_its_log(monkeypatch: pytest.MonkeyPatch) -> None:
    from flows.parts import corpus_checks

    logged: list[str] = []
    monkeypatch.setattr(corpus_checks, "get_run_logger", lambda: SimpleNamespace(warning=logged.append))
    note_short_spans(4, TARGET, text(GIVEN_CHARACTERS))
    assert len(logged) == 1 and "spans.most_words" in logged[0]


@pytest.mark.parametrize(
    ("method", "settings", "told"),
    [
        ("glode", [], True),
        ("glode", ["spans.most_words=8"], False),
        ("panel", ["teachers=[{learns: source, head: spans}, {learns: source}]"], True),
        ("panel", ["teachers=[{learns: source, head: crf}, {learns: source}]"], False),
    ],
)
def test_methods_with_spans_tell_it_before_the_run(
    data: Path,
    tmp_path: Path,
    tiny_config: Callable[[str], Path],
    capsys: pytest.CaptureFixture[str],
    method: str,
    settings: list[str],
    told: bool,
) -> None:
    lines = (data / "de.txt").read_text(encoding="utf-8").splitlines()
    (tmp_path / "zh.txt").write_text("\n".join("北京大学在北京" for _ in lines) + "\n", encoding="utf-8")
    target = f"target={{language: zh, text: {{path: {tmp_path / 'zh.txt'}, format: text, segmenter: characters}}}}"
    described, config = load(tiny_config(method), [target, *settings])
    described.check(config, Runtime(store=str(tmp_path / "store"), data=str(data), device="cpu"))
    assert ("note: spans.most_words" in capsys.readouterr().err) == told
