"""The labellers of docs/examples: of a chat server, here a stub; of GLiNER, here a stand-in; of a student."""

import json
import shlex
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from artifacts.errors import InputError
from tasks.labelling.answer import Answer
from tasks.labelling.external import ExternalLabeller, asking
from tasks.labelling.placed_words import placed_words
from tasks.labelling.reading import word_labels
from tasks.tagging.student import load_student
from tasks.tagging.tagger import new_tagger, save_tagger
from tasks.translation.marked.moses import detokenizer
from tasks.words.hard_labels import NO_LABEL

EXAMPLES = Path(__file__).parents[3] / "docs" / "examples"
TYPES = {"PER": "names of persons", "LOC": "places"}
EMOJI = "\U0001f600"
IDA = ["Ida", "Koch", "ruft", EMOJI, "Ida", "in", "Ulm", "."]  # "Ida Koch ruft 😀 Ida in Ulm."
Reply = Callable[[dict[str, Any], int], Any]


class Server:
    """As an OpenAI-compatible server; `reply` gives the content to a body and its number, or a status, or None: later.

    Attributes:
        asked: path, body and key of every request, in order.
    """

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any], str]] = []
        self.reply: Reply = lambda body, number: '{"entities": []}'
        self.finish = "stop"
        self.lock = threading.Lock()
        self.url = ""

    def texts(self) -> list[str]:
        return [body["messages"][-1]["content"] for _, body, _ in self.asked]


class Handler(BaseHTTPRequestHandler):
    stub: Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.stub.lock:
            self.stub.asked.append((self.path, body, self.headers.get("Authorization", "")))
            number = len(self.stub.asked)
        said = self.stub.reply(body, number)
        if said is None:
            time.sleep(4.5)
            said = "late"
        usage = {"prompt_tokens": 100, "completion_tokens": 10, "prompt_tokens_details": {"cached_tokens": 0}}
        choice = {"message": {"role": "assistant", "content": said}, "finish_reason": self.stub.finish}
        whole: Any = {"choices": [choice], "usage": usage}
        status = said if isinstance(said, int) else 200
        content = said if isinstance(said, bytes) else json.dumps(whole if status == 200 else {"error": "x"}).encode()
        try:
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
        except OSError:
            pass  # Whoever asked is gone.

    def log_message(self, *args: Any) -> None: ...


@pytest.fixture
def server() -> Iterator[Server]:
    stub = Server()
    http = ThreadingHTTPServer(("127.0.0.1", 0), type("Own", (Handler,), {"stub": stub}))
    threading.Thread(target=http.serve_forever, daemon=True).start()
    stub.url = f"http://127.0.0.1:{http.server_port}/v1"
    yield stub
    http.shutdown()
    http.server_close()


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("artifacts.asking._FIRST_PAUSE_SECONDS", 0.01)


def ask(command: str, sentences: list[list[str]], folder: Path, **settings: Any) -> list[Answer]:
    labeller = ExternalLabeller(**{"command": command, "version": "1", "types": TYPES, "tries": 1, **settings})
    questions = [(words, placed_words(words, detokenizer("de"))) for words in sentences]
    found = dict(asking(labeller, "de", folder).answers(questions))
    return [found[place] for place in range(len(sentences))]


def labels_of(answer: Answer, words: list[str]) -> tuple[list[str], list[str]]:
    labels = ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]
    text, places = placed_words(words, detokenizer("de"))
    found = word_labels(answer, words, text, places, {label: place for place, label in enumerate(labels)})
    return ["?" if each == NO_LABEL else labels[each] for each in found.ids], [reason for reason, _ in found.refused]


def chat(server: Server, *options: str) -> str:
    # One request after another, so that their numbers are those of the sentences.
    given = ["--parallel", "1", "--pause", "0.01", "--timeout", "30", *options]
    return shlex.join([sys.executable, str(EXAMPLES / "label_by_chat.py"), server.url, "some-model", *given])


def listed(*entities: tuple[str, str]) -> str:
    return json.dumps({"entities": [{"text": text, "type": type_} for text, type_ in entities]})


# --- A chat server.


def test_a_chat_is_asked_with_types_examples_and_key_and_its_entities_are_found_in_the_text(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    (tmp_path / "shots.jsonl").write_text('{"text": "Uwe\\u2028ruft", "entities": [{"text": "Uwe", "type": "PER"}]}\n')
    (tmp_path / "more.txt").write_text("Nicknames are names, too.\n")
    server.reply = lambda body, number: listed(("Ida Koch", "PER"), ("Ida", "PER"), ("Ulm", "LOC"))
    options = ("--examples", "shots.jsonl", "--instructions", "more.txt", "--prices", "1", "10")
    (answer,) = ask(chat(server, *options), [IDA], tmp_path)
    path, body, key = server.asked[0]
    assert (path, key, body["model"], body["temperature"]) == ("/v1/chat/completions", "Bearer secret", "some-model", 0)
    assert body["response_format"] == {"type": "json_object"}
    system, *turns = body["messages"]
    assert "- PER: names of persons\n" in system["content"] and "one of LOC, PER." in system["content"]
    assert "in the language de" in system["content"] and system["content"].endswith("\nNicknames are names, too.")
    assert [(turn["role"], turn["content"]) for turn in turns] == [
        ("user", "Uwe\u2028ruft"),
        ("assistant", '{"entities": [{"text": "Uwe", "type": "PER"}]}'),
        ("user", f"Ida Koch ruft {EMOJI} Ida in Ulm."),
    ]
    assert labels_of(answer, IDA) == (["B-PER", "I-PER", "O", "O", "B-PER", "O", "B-LOC", "O"], [])
    assert answer.entities is not None
    assert [(each.start, each.end, each.text) for each in answer.entities[1:]] == [(16, 19, "Ida"), (23, 26, "Ulm")]
    # 100 tokens of a dollar, 10 of ten dollars a million.
    assert answer.usage == pytest.approx({"prompt_tokens": 100, "completion_tokens": 10, "requests": 1, "cost": 0.0002})


def test_a_mention_that_is_not_listed_is_unknown_and_an_unknown_type_is_told(server: Server, tmp_path: Path) -> None:
    words = ["Ulm", ",", "Ulm", "und", "Ulmer"]
    server.reply = lambda body, number: listed(("Ulm", "GPE"))
    (answer,) = ask(chat(server), [words], tmp_path)
    assert labels_of(answer, words) == (["?", "O", "?", "O", "O"], ["unknown_type"])
    server.reply = lambda body, number: listed(("mer", "LOC"))
    (answer,) = ask(chat(server), [words], tmp_path)
    assert labels_of(answer, words) == (["O", "O", "O", "O", "?"], ["inside_word"])


def test_names_of_several_types_have_no_label_where_the_list_is_not_in_the_order_of_the_text(
    server: Server, tmp_path: Path
) -> None:
    words = ["Washington", "traf", "Ida", "in", "Washington"]
    server.reply = lambda body, number: listed(("Washington", "PER"), ("Ida", "PER"), ("Washington", "LOC"))
    (answer,) = ask(chat(server), [words], tmp_path)
    assert labels_of(answer, words) == (["B-PER", "O", "B-PER", "O", "B-LOC"], [])
    server.reply = lambda body, number: listed(("Ida", "PER"), ("Washington", "PER"), ("Washington", "LOC"))
    (answer,) = ask(chat(server), [words], tmp_path)
    assert labels_of(answer, words) == (["?", "O", "B-PER", "O", "?"], [])


def test_hostile_texts_go_to_the_server_and_come_back_whole(server: Server, tmp_path: Path) -> None:
    words = ['"', "Ida", '"', "a\nb", "\u202e", "\\u0041", EMOJI, "Ulm", "\x00"]
    server.reply = lambda body, number: listed(('"', "PER"), ("a\nb", "PER"), ("\u202e", "LOC"), ("\\u0041", "LOC"))
    (answer,) = ask(chat(server), [words], tmp_path)
    assert server.texts() == [placed_words(words, detokenizer("de")).text]
    # The second quotation mark is not listed.
    assert labels_of(answer, words) == (["B-PER", "O", "?", "B-PER", "B-LOC", "B-LOC", "O", "O", "O"], [])


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("Sure! Here you are: Ida.", "no_json"),
        ("```json\n[]\n```", "no_json"),
        ("[]", "no_json"),
        ('{"entities": null}', "no_json"),
        ('{"entities": [{"text": "Ida"}]}', "no_json"),
        ('{"entities": [{"text": "", "type": "PER"}]}', "no_json"),
        ('{"entities": [{"text": "Ida", "type": ["PER"]}]}', "no_json"),
        ('{"entities": [{"text": "Ida", "type": "\\ud800"}]}', "no_json"),
        ("[" * 5000, "no_json"),
        (listed(("ida", "PER")), "not_in_text"),
        (listed(*[("Koch", "PER")] * 2), "not_in_text"),
    ],
)
def test_garbage_is_asked_for_once_more_and_then_leaves_the_sentence_without_labels(
    server: Server, tmp_path: Path, said: str, reason: str
) -> None:
    server.reply = lambda body, number: said
    (answer,) = ask(chat(server), [IDA], tmp_path)
    assert (answer.unlabelled, answer.usage["requests"], answer.usage["prompt_tokens"]) == (reason, 2, 200)
    assert [turn["role"] for turn in server.asked[1][1]["messages"]] == ["system", "user", "assistant", "user"]
    assert server.texts()[1].startswith("That cannot be used: ")
    server.reply = lambda body, number: listed(("Ida", "PER")) if len(body["messages"]) == 4 else said
    (answer,) = ask(chat(server), [IDA], tmp_path)
    assert answer.entities is not None and answer.usage["requests"] == 2


def test_an_answer_that_is_cut_off_or_refused_is_no_answer(server: Server, tmp_path: Path) -> None:
    server.finish = "length"
    (answer,) = ask(chat(server), [IDA], tmp_path)
    assert answer.unlabelled == "cut_off"
    assert [turn["role"] for turn in server.asked[-1][1]["messages"]] == ["system", "user", "assistant", "user"]
    server.finish, server.reply = "content_filter", lambda body, number: {"no": "text"}
    (answer,) = ask(chat(server, "--body", '{"response_format": null, "seed": 1}'), [IDA], tmp_path)
    assert answer.unlabelled == "refused"
    assert "response_format" not in server.asked[-1][1] and server.asked[-1][1]["seed"] == 1


@pytest.mark.parametrize("said", [None, "", " \n", {"no": "text"}])
def test_a_server_is_never_given_an_empty_turn(server: Server, tmp_path: Path, said: Any) -> None:
    # Strict ones answer 400 to it.
    empty = json.dumps({"choices": [{"message": {"content": said}, "finish_reason": "length"}]}).encode()
    server.reply = lambda body, number: empty if number == 1 else listed(("Ulm", "LOC"))
    (answer,) = ask(chat(server), [IDA], tmp_path)
    assert answer.entities is not None and answer.entities[0].text == "Ulm"
    assert server.asked[0][1]["messages"] == server.asked[1][1]["messages"]


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_text_that_a_server_rejects_is_left_without_labels_and_the_others_are_asked(
    server: Server, tmp_path: Path, status: int
) -> None:
    server.reply = lambda body, number: status if body["messages"][-1]["content"] == "a" else '{"entities": []}'
    first, other = ask(chat(server), [["a"], ["b"]], tmp_path)
    assert (first.unlabelled, other.entities) == ("rejected", [])
    assert server.texts() == ["a", ".", "b"], "whether it takes another text is asked, too"
    assert first.usage == {"prompt_tokens": 100, "completion_tokens": 10, "requests": 1}


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_server_that_rejects_every_text_ends_the_call(server: Server, tmp_path: Path, status: int) -> None:
    server.reply = lambda body, number: status if number > 1 else '{"entities": []}'
    with pytest.raises(InputError, match=rf"exit code 1 after 1 of 2 answers; it wrote '.*HTTP Error {status}.*'"):
        ask(chat(server), [["a"], ["b"]], tmp_path)
    assert server.texts() == ["a", "b", "."]


@pytest.mark.parametrize("key", ["sk-secret\r\n", " sk-secret\n"])
def test_blanks_around_a_key_do_not_count(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", key)
    ask(chat(server), [["a"]], tmp_path)
    assert [sent for _, _, sent in server.asked] == ["Bearer sk-secret"]


@pytest.mark.parametrize("key", ["\u201csk-secret\u201d", "sk-\nsecret", "sk-secret\udcff"])
def test_a_key_that_no_header_holds_is_told_and_not_shown(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", key)
    with pytest.raises(InputError, match=r"\$OPENAI_API_KEY has signs that no header holds") as told:
        ask(chat(server), [["a"]], tmp_path)
    assert "secret" not in str(told.value) and server.asked == []


@pytest.mark.parametrize("trouble", [500, 429, None, b"<html>", b"{"])
def test_a_server_that_is_late_busy_or_broken_is_asked_again(server: Server, tmp_path: Path, trouble: Any) -> None:
    server.reply = lambda body, number: trouble if number == 1 else listed(("Ulm", "LOC"))
    (answer,) = ask(chat(server, "--timeout", "30" if trouble is not None else "3"), [IDA], tmp_path)
    assert answer.entities is not None and answer.entities[0].text == "Ulm"
    assert len(server.asked) == 2


def test_what_a_server_refuses_ends_the_call_and_what_came_is_kept(server: Server, tmp_path: Path) -> None:
    server.reply = lambda body, number: 401 if number > 2 else '{"entities": []}'
    message = r"exit code 1 after 2 of 3 answers; it wrote '.*HTTP Error 401.*'; 1 of 3 texts have no answer"
    with pytest.raises(InputError, match=message):
        ask(chat(server), [["a"], ["b"], ["c"]], tmp_path)
    assert len(server.asked) == 3
    server.reply = lambda body, number: b'{"object": "error"}'
    with pytest.raises(InputError, match="which is no chat completion"):
        ask(chat(server), [["a"]], tmp_path)


def test_a_server_that_answers_in_part_is_asked_for_the_rest_alone(server: Server, tmp_path: Path) -> None:
    # The third request fails for good; the second call begins there.
    server.reply = lambda body, number: 500 if number in (3, 4) else '{"entities": []}'
    answers = ask(chat(server, "--tries", "2"), [["a"], ["b"], ["c"], ["d"]], tmp_path, tries=2)
    assert [answer.entities for answer in answers] == [[]] * 4
    assert server.texts() == ["a", "b", "c", "c", "c", "d"]


def test_several_requests_are_under_way_at_once(server: Server, tmp_path: Path) -> None:
    meeting = threading.Barrier(3, timeout=30)

    def reply(body: dict[str, Any], number: int) -> str:
        meeting.wait()
        return '{"entities": []}'

    server.reply = reply
    ask(chat(server, "--parallel", "3", "--timeout", "30"), [[letter] for letter in "abc"], tmp_path)
    assert sorted(server.texts()) == ["a", "b", "c"]


def test_wrong_examples_are_named(server: Server, tmp_path: Path) -> None:
    (tmp_path / "shots.jsonl").write_text('\n{"text": "Uwe"}\n')
    with pytest.raises(InputError, match=r"--examples shots.jsonl, line 2: KeyError\('entities'\)"):
        ask(chat(server, "--examples", "shots.jsonl"), [["a"]], tmp_path)


# --- GLiNER.

GLINER = '''
import json, pathlib, re

class GLiNER:
    """Finds each word of a label's name that begins with a capital letter; remembers how it was asked."""

    @classmethod
    def from_pretrained(cls, model, **options):
        self = cls()
        self.config = type("Config", (), {"max_len": 6})()
        self.data_processor = type("Processor", (), {"words_splitter": lambda self, text: iter(text.split())})()
        self.log({"model": model, **options})
        return self

    def log(self, what):
        with open("asked", "a") as file:
            file.write(json.dumps(what) + "\\n")

    def inference(self, texts, labels, threshold, batch_size):
        self.log({"texts": texts, "labels": labels, "threshold": threshold, "batch_size": batch_size})
        return [
            [
                {"start": hit.start(), "end": hit.end(), "text": hit.group(), "label": labels[0], "score": 0.75}
                for hit in re.finditer("[A-Z][a-z]+", text)
            ]
            for text in texts
        ]
'''


@pytest.fixture
def gliner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    (tmp_path / "modules" / "gliner").mkdir(parents=True)
    (tmp_path / "modules" / "gliner" / "__init__.py").write_text(GLINER)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "modules"))
    return lambda *options: shlex.join([sys.executable, str(EXAMPLES / "label_by_gliner.py"), "some/model", *options])


def test_gliner_is_asked_for_names_of_types_and_says_probabilities(gliner: Callable[..., str], tmp_path: Path) -> None:
    words = [EMOJI, "Ulm", "und", "Rom"]
    long = ["eins", "zwei", "drei", "vier", "sechs", "sieben", "Ulm"]
    command = gliner("--name", "LOC=city", "--name", "LOC=country", "--batch", "2", "--threshold", "0.3")
    first, left_out, last = ask(command, [words, long, ["Ulm"]], tmp_path)
    assert labels_of(first, words) == (["O", "B-LOC", "O", "B-LOC"], [])
    assert first.entities is not None and first.entities[0].probability == 0.75
    assert left_out.unlabelled == "too_long"
    assert labels_of(last, ["Ulm"]) == (["B-LOC"], [])
    loaded, *asked = [json.loads(line) for line in (tmp_path / "asked").read_text().splitlines()]
    assert loaded == {"model": "some/model", "map_location": "cpu"}
    assert [each["texts"] for each in asked] == [[f"{EMOJI} Ulm und Rom"], ["Ulm"]]
    assert asked[0]["labels"] == ["city", "country", "names of persons"]
    assert (asked[0]["threshold"], asked[0]["batch_size"]) == (0.3, 2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--name", "GPE=country"], "--name GPE=country: expected TYPE=WORDS with a type of LOC, PER"),
        (["--name", "LOC"], "--name LOC: expected"),
        (["--name", "LOC=names of persons"], "expected each once"),
    ],
)
def test_wrong_names_of_types_are_told(
    gliner: Callable[..., str], tmp_path: Path, options: list[str], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        ask(gliner(*options), [["Ulm"]], tmp_path)


def test_without_gliner_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gliner.py").write_text("raise ImportError('No module named gliner')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    command = [sys.executable, str(EXAMPLES / "label_by_gliner.py"), "some/model"]
    ended = subprocess.run(command, input=b'{"id": 0, "text": "a", "types": {}}\n', capture_output=True)
    assert ended.returncode == 1
    assert b"No module named gliner; run `" in ended.stderr and b"-m pip install gliner`" in ended.stderr


def test_a_student_says_its_tags_and_what_it_gives_them(sharp_encoder: Path, tmp_path: Path) -> None:
    labels = ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]
    model, tokenizer = new_tagger(sharp_encoder, labels, dropout=0.0, seed=3)
    save_tagger(model, tokenizer, tmp_path / "student")
    command = shlex.join([sys.executable, str(EXAMPLES / "label_by_student.py"), str(tmp_path / "student")])
    sentences = [["Anna", "lives", "in", "Ulm", "."], ["Ulm"]]
    answers = ask(command, sentences, tmp_path)
    tagged = list(load_student(tmp_path / "student", language="de", tokenized=True).tag_words(sentences))
    assert [answer.tags for answer in answers] == [each.tags for each in tagged]
    assert len(set(tagged[0].probabilities)) == 5, "words differ"
    for answer, each in zip(answers, tagged, strict=True):
        assert answer.probabilities == pytest.approx(each.probabilities)
    with pytest.raises(InputError, match=r"label_by_student\.py: "):
        ask(command.replace("student", "nobody").replace("label_by_nobody", "label_by_student"), [["Ulm"]], tmp_path)
