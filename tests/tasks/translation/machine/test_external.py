"""A command of the user's as translator: right answers, and all that may go wrong with it."""

import json
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from artifacts.catalog import SENTENCES
from artifacts.command import CommandFailed
from artifacts.errors import InputError
from artifacts.inputs import Input
from artifacts.reference import Reference
from artifacts.runtime import Runtime
from artifacts.step import run_alone
from artifacts.store import Store
from flows.parts.translator import TranslatorChoice, check_translator, ready, take_translator
from tasks.translation.machine.engines import Generation
from tasks.translation.machine.external import ExternalEngine, ExternalTranslator
from tasks.translation.machine.languages import UnknownLanguage
from tasks.translation.machine.translate_text import translate_text

EXAMPLES = Path(__file__).parents[4] / "docs" / "examples"
TEXTS = ["eins", "zwei ü", "drei", "vier", "fünf"]
UPPER = """
for line in sys.stdin:
    asked = json.loads(line)
    print(json.dumps({"id": asked["id"], "translation": asked["text"].upper()}), flush=True)
"""


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("artifacts.asking._FIRST_PAUSE_SECONDS", 0.01)


@pytest.fixture
def command(tmp_path: Path) -> Callable[[str], str]:
    """A program of these lines, as a command. `calls` in it is the number of this call, from 1."""

    def make(program: str) -> str:
        counted = f"open('calls', 'a').write('x')\ncalls = len(open('calls').read())\n{program}"
        (tmp_path / "program.py").write_text(f"import json, sys, time\n{counted}", encoding="utf-8")
        return f"{sys.executable} {tmp_path / 'program.py'}"

    return make


def engine(command: str, folder: Path, **settings: Any) -> ExternalEngine:
    made = ExternalTranslator(command=command, version="1", **settings)
    return ExternalEngine.of(made, ("de", "en"), folder)


def answers(engine: ExternalEngine, texts: list[str] = TEXTS) -> list[str]:
    found = {int(rows[0]): outputs[0] for rows, outputs in engine.translate(texts)}
    assert len(found) == len(texts)
    return [found[row] for row in range(len(texts))]


def calls(folder: Path) -> int:
    return len((folder / "calls").read_text())


def test_texts_go_in_and_translations_come_out_some_at_a_time(command: Callable[[str], str], tmp_path: Path) -> None:
    assert answers(engine(command(UPPER), tmp_path, texts_per_call=2)) == [text.upper() for text in TEXTS]
    assert calls(tmp_path) == 3


def test_the_command_hears_id_text_and_languages_as_it_calls_them(
    command: Callable[[str], str], tmp_path: Path
) -> None:
    say_all = (
        "for line in sys.stdin:\n  a = json.loads(line)\n  print(json.dumps({'id': a['id'], 'translation': line}))"
    )
    heard = [
        json.loads(line) for line in answers(engine(command(say_all), tmp_path, languages=("eng_Latn", "deu_Latn")))
    ]
    assert heard[1] == {"id": 1, "text": "zwei ü", "source": "deu_Latn", "target": "eng_Latn"}


def test_answers_may_come_in_any_order_after_all_was_read(command: Callable[[str], str], tmp_path: Path) -> None:
    reverse = "sys.stdin = reversed(sys.stdin.readlines())" + UPPER
    assert answers(engine(command(reverse), tmp_path)) == [text.upper() for text in TEXTS]


def test_a_call_that_fails_once_is_tried_again_with_what_is_left(command: Callable[[str], str], tmp_path: Path) -> None:
    half = "if calls == 1:\n  sys.stdin = [sys.stdin.readline() for _ in range(3)]" + UPPER + "sys.exit(calls == 1)"
    asked = "open('asked', 'a').write(json.loads(line)['text'] + ' ')"
    program = half.replace("asked = json", f"{asked}\n    asked = json")
    assert answers(engine(command(program), tmp_path)) == [text.upper() for text in TEXTS]
    assert calls(tmp_path) == 2
    assert (tmp_path / "asked").read_text().split() == ["eins", "zwei", "ü", "drei", "vier", "fünf"]


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("sys.exit('no key')", r"exit code 1 after 0 of 5 answers; it wrote 'no key'; 5 of 5 texts .* tried 2"),
        ("sys.stdin = [sys.stdin.readline()]\nif calls > 1: sys.exit()" + UPPER, "0 of 4 answers; .*4 of 5 texts"),
        ("print('{\"id\": 0, \"trans')", r'answer 1 cannot be read: \{"id": 0, "trans; expected an object of'),
        ("print('Hello, I am a translator.')", "answer 1 cannot be read: Hello, I am a translator."),
        ("print(json.dumps({'id': 0, 'text': 'x'}))", "answer 1, .*: it has no text as translation"),
        ("print(json.dumps({'id': 0, 'translation': None}))", "answer 1, .*: it has no text as translation; exp"),
        ("print('[]')", r"answer 1 has no number as id: \[\]"),
        ("print(json.dumps({'id': True, 'translation': 'x'}))", "answer 1 has no number as id"),
        ("print('{\"id\": 0, \"translation\": NaN}')", "answer 1 cannot be read"),
        ("print('[' * 100_000)", "answer 1 cannot be read"),
        ("print(json.dumps({'id': 0, 'translation': chr(0xD800)}))", "answer 1 cannot be read"),
        ("print(json.dumps({'id': 7, 'translation': 'x'}))", "answer 1 has the id 7, and asked were 0 to 4"),
    ],
)  # fmt: skip
def test_what_goes_wrong_is_named_when_the_tries_are_used_up(
    command: Callable[[str], str], tmp_path: Path, program: str, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        answers(engine(command(program), tmp_path, tries=2))


def test_a_call_that_brings_answers_before_it_fails_begins_a_row(command: Callable[[str], str], tmp_path: Path) -> None:
    one_by_one = "sys.stdin = [sys.stdin.readline()]" + UPPER
    assert answers(engine(command(one_by_one), tmp_path, tries=2)) == [text.upper() for text in TEXTS]
    assert calls(tmp_path) == 5


def test_pauses_between_tries_double_up_to_a_minute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    monkeypatch.setattr("artifacts.asking._FIRST_PAUSE_SECONDS", 1.0)
    with pytest.raises(InputError, match="tried 10 times in a row"):
        answers(engine("there-is-no-such-program", tmp_path, tries=10))
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_a_text_that_is_answered_twice_is_a_wrong_answer(command: Callable[[str], str], tmp_path: Path) -> None:
    twice = engine(command("print(json.dumps({'id': 0, 'translation': 'x'}))\n" * 2), tmp_path)
    with pytest.raises(CommandFailed, match="answer 2 has the id 0, and it was answered before"):
        list(twice.asking._call(dict(enumerate(TEXTS))))


def test_a_command_that_hangs_is_ended_with_all_that_it_started(command: Callable[[str], str], tmp_path: Path) -> None:
    hangs = """
import subprocess
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open("child", "w").write(str(child.pid))
time.sleep(600)
"""
    with pytest.raises(InputError, match=r"no answer for 2 s; .*5 of 5 texts"):
        answers(engine(command(hangs), tmp_path, tries=1, timeout_seconds=2))
    process = Path(f"/proc/{(tmp_path / 'child').read_text()}/stat")
    for _ in range(100):
        if not process.exists() or process.read_text().split()[2] == "Z":
            return
        time.sleep(0.05)
    pytest.fail("the child of the command lives on")


def test_a_command_that_closes_its_output_and_lives_on_is_ended(
    command: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("artifacts.command._TO_END_SECONDS", 0.2)
    closes = "import os\nsys.stdout.close()\nos.close(1)\ntime.sleep(600)"
    with pytest.raises(InputError, match=r"it closed its output after 0 of 5 answers; .*5 of 5 texts"):
        answers(engine(command(closes), tmp_path, tries=1))


def test_a_program_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="it cannot be started"):
        answers(engine("there-is-no-such-program", tmp_path, tries=1))


def test_no_more_than_so_many_texts_are_given_in_a_minute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = engine("any", tmp_path, per_minute=4)
    clock = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    first = [when for when, _ in made.asking._lines(dict(enumerate(TEXTS[:3])))]
    second = [when for when, _ in made.asking._lines({3: "vier"})]
    clock[0] = 500.0  # Nothing is saved up while the command takes its time.
    third = [when for when, _ in made.asking._lines(dict(enumerate(TEXTS[:2])))]
    assert (first, second, third) == ([100, 115, 130], [145], [500, 515])


# --- As a step.


@pytest.fixture
def sentences(put_table: Callable[..., Reference]) -> Reference:
    return put_table(
        SENTENCES, {"sentence_id": list(range(5)), "words": [text.split() for text in TEXTS]}, {"language": "de"}
    )


def test_version_and_languages_are_in_the_key_and_how_it_is_asked_is_not(store: Store, sentences: Reference) -> None:
    def key(**changes: Any) -> str:
        made = ExternalTranslator(**{"command": "a", "version": "1", **changes})
        assert isinstance(made, Input)
        return translate_text.key_of(translate_text.bound(sentences, made, "de", "en", None, Generation()))[1]

    assert key() == key(command="b --key secret", tries=9, timeout_seconds=5, per_minute=3, texts_per_call=1)
    assert len({key(), key(version="2"), key(languages=("de", "en"))}) == 3


def test_answers_are_kept_when_the_step_fails_and_a_rerun_asks_for_the_rest(
    store: Store, sentences: Reference, command: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    twice = "if calls == 1:\n  sys.stdin = [sys.stdin.readline() for _ in range(2)]" + UPPER
    made = ExternalTranslator(command=command(twice), version="1", tries=1)
    with pytest.raises(InputError, match=r"after 2 of 5 answers; .*3 of 5 texts have no answer"):
        run_alone(store, translate_text, sentences, made, "de", "en", None, Generation())
    done = run_alone(store, translate_text, sentences, made, "de", "en", None, Generation())
    assert store.table(done)["output"].to_pylist() == [text.upper() for text in TEXTS]
    notes = store.require(done).notes
    assert (notes["resumed_texts"], notes["engine"]) == (2, "external")
    assert "program.py" not in store.require(done).recipe.model_dump_json()


# --- As configured.


def test_blank_lines_are_no_answers_however_many_come(command: Callable[[str], str], tmp_path: Path) -> None:
    floods = """
import sys, time
while True:
    sys.stdout.write(chr(10) * 1000)
    sys.stdout.flush()
    time.sleep(0.01)
"""
    began = time.monotonic()
    with pytest.raises(InputError, match="no answer for 1 s"):
        answers(engine(command(floods), tmp_path, tries=1, timeout_seconds=1))
    assert time.monotonic() - began < 20


def test_a_command_takes_the_place_of_a_checkpoint(tmp_path: Path) -> None:
    made = ExternalTranslator(command=sys.executable, version="1", languages=("de", "en"))
    choice, runtime = TranslatorChoice(external=made), Runtime(data=str(tmp_path))
    assert not choice.trains and choice.is_given
    assert ready(take_translator(choice, (("de", "en"),), (), 1, runtime), Generation()) is made
    assert check_translator(choice, (("de", "en"),), Generation(), runtime) == "external"
    with pytest.raises(UnknownLanguage, match="language 'es'"):
        check_translator(choice, (("de", "es"),), Generation(), runtime)
    missing = choice.model_copy(update={"external": made.model_copy(update={"command": "./no-such-thing x"})})
    with pytest.raises(InputError, match=r"there is no program .*/no-such-thing"):
        check_translator(missing, (("de", "en"),), Generation(), runtime)
    with pytest.raises(ValueError, match="external is given, and checkpoint as well"):
        TranslatorChoice(external=made, checkpoint="facebook/m2m100_418M")


def test_files_of_a_command_lie_where_it_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here, data = tmp_path / "here", tmp_path / "data"
    here.mkdir()
    data.mkdir()
    monkeypatch.chdir(here)
    for name in ("ask.sh", "ask.py"):
        (here / name).write_text("#!/bin/sh\n")
        (here / name).chmod(0o755)

    def check(command: str) -> None:
        ExternalTranslator(command=command, version="1").check_program(data, "translator.external")

    with pytest.raises(InputError, match=rf"there is no program {data}/\./ask.sh|there is no program {data}/ask.sh"):
        check("./ask.sh")
    with pytest.raises(InputError, match=rf"ask.py is a file in the current folder, .*; write {here}/ask.py"):
        check(f"{sys.executable} ask.py --fast")
    check(f"{here}/ask.sh")
    check(f"{sys.executable} {here}/ask.py")
    (data / "ask.py").touch()
    check(f"{sys.executable} ask.py --fast")


def test_translations_are_in_nfc_as_corpora_are(command: Callable[[str], str], tmp_path: Path) -> None:
    nfd = "import unicodedata\nfor line in sys.stdin:\n    asked = json.loads(line)\n    " + (
        "print(json.dumps({'id': asked['id'], 'translation': unicodedata.normalize('NFD', asked['text'])}), flush=True)"
    )
    assert answers(engine(command(nfd), tmp_path), ["Z\u00fcrich"]) == ["Z\u00fcrich"]


# --- The three examples.


class Service(BaseHTTPRequestHandler):
    """Says every text backwards, as LibreTranslate and as a chat do; remembers what it was asked.

    It rejects texts that have one of `rejected`.
    """

    asked: list[tuple[str, dict[str, Any], str]]
    choice: dict[str, Any] | None
    rejected: str

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append((self.path, body, self.headers.get("Authorization", "")))
        if self.path == "/translate":
            answer: dict[str, Any] = {"translatedText": body["q"][::-1]}
        else:
            said = {"message": {"content": f" {body['messages'][1]['content'][::-1]}\n"}}
            answer = {"choices": [self.choice or said]}
        content = json.dumps(answer).encode()
        text = body["q"] if "q" in body else body["messages"][1]["content"]
        self.send_response(400 if set(text) & set(self.rejected) else 200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: Any) -> None: ...


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    Service.asked, Service.choice, Service.rejected = [], None, ""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_the_example_for_libretranslate_translates(
    service: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIBRETRANSLATE_API_KEY", "secret")
    command = f"{sys.executable} {EXAMPLES / 'translate_by_libretranslate.py'} {service}"
    assert answers(engine(command, tmp_path)) == [text[::-1] for text in TEXTS]
    path, body, _ = Service.asked[1]
    assert path == "/translate"
    assert body == {"q": "zwei ü", "source": "de", "target": "en", "format": "text", "api_key": "secret"}


def test_the_example_for_a_chat_translates(service: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    command = f"{sys.executable} {EXAMPLES / 'translate_by_chat.py'} {service}/v1 some-model"
    assert answers(engine(command, tmp_path)) == [text[::-1] for text in TEXTS]
    path, body, key = Service.asked[0]
    assert (path, key, body["model"], body["temperature"]) == ("/v1/chat/completions", "Bearer secret", "some-model", 0)
    assert "from de to en" in body["messages"][0]["content"]


@pytest.mark.parametrize(
    "choice",
    [
        {"message": {"content": "Ada wohnt in"}, "finish_reason": "length"},
        {"message": {"content": "Ada wohnt in"}, "finish_reason": "content_filter"},
        {"message": {"content": None}, "finish_reason": "stop"},
    ],
)
def test_what_a_chat_cuts_off_or_refuses_is_no_translation(
    service: str, tmp_path: Path, choice: dict[str, Any]
) -> None:
    Service.choice = choice
    command = f"{sys.executable} {EXAMPLES / 'translate_by_chat.py'} {service}/v1 some-model"
    assert answers(engine(command, tmp_path), ["Ada lives in Ulm."]) == [""]


def test_what_a_chat_rejects_is_no_translation_unless_it_rejects_all(service: str, tmp_path: Path) -> None:
    command = f"{sys.executable} {EXAMPLES / 'translate_by_chat.py'} {service}/v1 some-model"
    Service.rejected = "z"
    assert answers(engine(command, tmp_path), ["zwei", "drei"]) == ["", "ierd"]
    Service.rejected = "z."
    with pytest.raises(InputError, match="HTTP Error 400"):
        answers(engine(command, tmp_path, tries=1), ["drei", "zwei"])


@pytest.mark.parametrize("key", ["\u201csk-secret\u201d", "sk-\nsecret", "sk-secret\udcff"])
def test_a_key_that_no_header_holds_is_told_and_not_shown(
    service: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", key)
    command = f"{sys.executable} {EXAMPLES / 'translate_by_chat.py'} {service}/v1 some-model"
    with pytest.raises(InputError, match=r"\$OPENAI_API_KEY has signs that no header holds") as told:
        answers(engine(command, tmp_path, tries=1))
    assert "secret" not in str(told.value) and Service.asked == []
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret\r\n")
    assert answers(engine(command, tmp_path), ["eins"]) == ["snie"]
    assert [sent for _, _, sent in Service.asked] == ["Bearer sk-secret"]


@pytest.mark.parametrize("name", ["translate_by_chat.py", "translate_by_libretranslate.py"])
def test_the_examples_read_utf_8_whatever_the_environment_says(
    service: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "latin-1")
    command = f"{sys.executable} {EXAMPLES / name} {service} some-model"
    assert answers(engine(command, tmp_path), ["Zürich"]) == ["hcirüZ"]


APERTIUM = """#!{python}
import sys
from pathlib import Path

Path("told").open("a").write(" ".join(sys.argv[1:]) + "\\n")
texts = sys.stdin.buffer.read().decode()
sys.stdout.buffer.write(({answer}).encode())
"""


@pytest.fixture
def apertium(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """A program in the path that answers as an expression of `texts` says; gives the example's command."""

    def make(answer: str) -> str:
        program = tmp_path / "bin" / "apertium"
        program.parent.mkdir()
        program.write_text(APERTIUM.format(python=sys.executable, answer=answer), encoding="utf-8")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(program.parent), prepend=":")
        return f"{sys.executable} {EXAMPLES / 'translate_by_apertium.py'}"

    return make


def test_the_example_for_apertium_asks_once_for_many_texts(
    apertium: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "latin-1")
    asked = engine(apertium("texts.upper().replace('VIER', 'VIER  ') + chr(10)"), tmp_path, languages=("deu", "eng"))
    told = [*TEXTS, "zwei\n\nZeilen"]
    assert answers(asked, told) == [*(text.upper() for text in TEXTS), "ZWEI ZEILEN"]
    assert (tmp_path / "told").read_text() == "-u deu-eng\n"


def test_what_apertium_leaves_out_ends_the_call(apertium: Callable[[str], str], tmp_path: Path) -> None:
    asked = engine(apertium("texts[texts.index('zwei'):]"), tmp_path, languages=("deu", "eng"), tries=1)
    with pytest.raises(InputError, match=r"apertium deu-eng gave 4 translations of 5 texts"):
        answers(asked)


@pytest.mark.skipif(shutil.which("apertium") is None, reason="Debian's apertium and apertium-eng-spa are not here")
def test_the_example_translates_by_apertium_itself(tmp_path: Path) -> None:
    made = ExternalTranslator(
        command=f"{sys.executable} {EXAMPLES / 'translate_by_apertium.py'}", version="1", languages=("eng", "spa")
    )
    told = [
        "Ada bought a big house .",
        "[Ada] travelled to __SLOT0__ New Zealand __SLOT0__ on Monday .",
        "* / ^ $ < > { } \\ @",
    ]
    found = answers(ExternalEngine.of(made, ("en", "es"), tmp_path), told)
    assert found[0] == "Ada compró una casa grande ." and found[2] == told[2]
    assert found[1].startswith("[Ada]") and "__SLOT0__ Nueva Zelanda __SLOT0__" in found[1]
