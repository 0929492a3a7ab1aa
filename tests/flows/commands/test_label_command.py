"""crosstag label: a chat server, here a stub, labels the target text of a configuration; what it said is kept."""

import json
import re
import shlex
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

import artifacts.garbage
from artifacts.errors import InputError
from artifacts.reference import Reference
from artifacts.runs import all_runs
from artifacts.runtime import Runtime
from artifacts.store import Store
from flows.commands.label import labelling

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("server")]
Crosstag = Callable[..., tuple[int, str]]
CHAT = Path(__file__).parents[3] / "docs" / "examples" / "label_by_chat.py"
QUICKSTART = Path(__file__).parents[3] / "configs" / "quickstart.yaml"
TYPES = {"LOC": "places", "MISC": "others", "ORG": "organisations", "PER": "persons"}


class Chat(BaseHTTPRequestHandler):
    """Takes the first word of a text for a place; after `most` texts it knows nobody."""

    asked: list[str]
    most: int

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        text = body["messages"][-1]["content"]
        self.asked.append(text)
        said = json.dumps({"entities": [{"text": text.split()[0].strip(".,:"), "type": "LOC"}]})
        choice = {"message": {"content": said}, "finish_reason": "stop"}
        content = json.dumps({"choices": [choice], "usage": {"prompt_tokens": 100, "completion_tokens": 7}}).encode()
        self.send_response(200 if len(self.asked) <= self.most else 401)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: Any) -> None: ...


@pytest.fixture
def chat() -> Iterator[type[Chat]]:
    Chat.asked, Chat.most = [], 10**6
    server = ThreadingHTTPServer(("127.0.0.1", 0), Chat)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    Chat.url = f"http://127.0.0.1:{server.server_port}/v1"  # type: ignore[attr-defined]
    yield Chat
    server.shutdown()
    server.server_close()


@pytest.fixture
def label(crosstag: Crosstag, chat: Any, data: Path, tmp_path: Path) -> Callable[..., tuple[int, str]]:
    """`crosstag label` of the tiny configuration's first six sentences, or what `settings` say."""
    command = shlex.join([sys.executable, str(CHAT), chat.url, "some-model", "--parallel", "1", "--prices", "1", "2"])
    config = yaml.safe_load((data / "tiny.yaml").read_text(encoding="utf-8"))
    config["target"]["text"]["max_sentences"] = config["target"]["text_gold"]["max_sentences"] = 6
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")

    def run(*settings: str, **changes: Any) -> tuple[int, str]:
        labeller = {"command": command, "version": "some-model", "types": TYPES, "tries": 1, **changes}
        (tmp_path / "labeller.yaml").write_text(yaml.safe_dump(labeller), encoding="utf-8")
        more = [part for setting in settings for part in ("--set", setting)]
        places = [
            "--data",
            str(data),
            "--store",
            str(tmp_path / "store"),
            "--labeller",
            str(tmp_path / "labeller.yaml"),
        ]
        return crosstag("label", str(tmp_path / "config.yaml"), *places, *more)

    return run


def test_a_rerun_asks_only_for_what_is_missing(label: Any, chat: Any, crosstag: Crosstag, tmp_path: Path) -> None:
    chat.most = 4
    code, told = label()
    assert code == 2 and "after 4 of 6 answers; it wrote" in told and "HTTP Error 401" in told
    asked, chat.asked, chat.most = chat.asked[:4], [], 10**6
    code, printed = label()
    assert code == 0 and len(chat.asked) == 2 and not set(asked) & set(chat.asked)
    assert "text      de, 6 different sentences, 6 of them asked" in printed
    # Six times 100 tokens of a dollar, 7 of two dollars a million: .000684, in four digits .0007.
    assert "600 prompt_tokens" in printed and "0.0007 cost" in printed and "6 requests" in printed
    code, again = label()
    assert code == 0 and len(chat.asked) == 2
    assert again[: again.index("steps ")] == printed[: printed.index("steps ")]
    assert "steps     4 cached, 0 ran" in again

    code, longer = label("target.text.max_sentences=8", "target.text_gold.max_sentences=8")
    assert code == 0 and len(chat.asked) == 4
    assert "8 different sentences, 2 of them asked" in longer

    labels, gold = (re.search(rf"{kind}/\w+", printed) for kind in ("partial_soft_labels", "gold"))
    assert labels is not None and gold is not None
    store = ["--store", str(tmp_path / "store")]
    code, shown = crosstag("store", "show", labels[0], "--gold", gold[0], *store)
    assert code == 0 and "B-LOC" in shown
    facts = Store(tmp_path / "store").metadata(Store(tmp_path / "store").find(labels[0]))
    words = f"{facts['words']:,}"
    row = f"target text {words} {facts['labelled']:,} {facts['without_probability']:,}"
    assert facts["labelled"] == facts["words"] and row in [" ".join(line.split()) for line in printed.splitlines()]


def test_a_labeller_that_is_not_there_or_wrong_is_told_as_one(tmp_path: Path) -> None:
    def told(content: str | None) -> str:
        file = tmp_path / "who.yaml"
        if content is not None:
            file.write_text(content, encoding="utf-8")
        with pytest.raises(InputError) as error:
            labelling(QUICKSTART, file, (), Runtime(store=str(tmp_path / "store")))
        return str(error.value).replace(f"{tmp_path}/", "")

    assert told(None) == "labeller who.yaml: no such file; docs/labellers.md has examples of such a file"
    assert told("").startswith("labeller who.yaml: the file is empty; ")
    assert "labeller who.yaml: " in (message := told("version: a")) and "configuration" not in message


def test_what_was_asked_is_a_run_that_the_store_keeps(
    label: Any, chat: Any, crosstag: Crosstag, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat.most = 4
    assert label()[0] == 2
    chat.most = 10**6
    assert label()[0] == 0
    store = Store(tmp_path / "store")
    failed, done = all_runs(store)
    assert failed.state == "failed" and "after 4 of 6 answers" in failed.error.message  # type: ignore[union-attr]
    assert (done.method, done.name, done.state) == ("label", "config", "done")
    assert [(step.step, step.stage) for step in done.steps] == [
        ("read_sentences", "target text"),
        ("read_gold", "target text"),
        ("ask_labeller", "labeller some-model"),
        ("read_labeller_answers", "labeller some-model"),
    ]
    (table,) = done.measurements
    facts = store.metadata(table.lines[0].reference)
    assert table.title == "labelled by some-model"
    assert table.lines[0].cells == (facts["words"], facts["labelled"], facts["without_probability"])
    code, listed = crosstag("runs", "ls", "--store", str(store))
    assert code == 0 and re.search(rf"{done.id[:10]} .* label +config +en-de +done ", listed)

    made = {str(Reference(kind=m.kind, key=m.key, digest=m.digest)) for m in store.manifests()}
    monkeypatch.setattr(artifacts.garbage, "datetime", _InTwoDays)
    code, removed = crosstag("store", "gc", "--unreachable", "--store", str(store))
    assert code == 0 and {f"{m.kind}/{m.key}" for m in store.manifests()} == made, removed
    monkeypatch.undo()
    chat.asked = []
    assert label()[0] == 0 and not chat.asked


class _InTwoDays(datetime):
    @classmethod
    def now(cls, tz: Any = UTC) -> "_InTwoDays":
        moment = datetime.now(tz) + timedelta(days=2)
        return cls.fromtimestamp(moment.timestamp(), tz)


def test_each_language_is_labelled_under_its_name(
    label: Any, chat: Any, tiny_config: Callable[[str], Path], tmp_path: Path
) -> None:
    config = yaml.safe_load(tiny_config("crop").read_text(encoding="utf-8"))
    for target, most in zip(config["targets"], (3, 5), strict=True):
        target["text"] = {**target["text"], "max_sentences": most}
        target["text_gold"] = None
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    code, printed = label()
    assert code == 0 and re.findall("text +(.., .) different", printed) == ["de, 3", "nl, 5"]
    (run,) = all_runs(Store(tmp_path / "store"))
    asked = [step.stage for step in run.steps if step.step == "ask_labeller"]
    assert asked == ["de labeller some-model", "nl labeller some-model"]
    assert [line.name for line in run.measurements[0].lines] == ["de target text", "nl target text"]


def test_gold_labels_of_other_sentences_are_told_before_anything_is_asked(label: Any, chat: Any) -> None:
    code, told = label("target.text.max_sentences=5")
    assert code == 2 and "it has 6 sentences, de.txt has 5" in told and not chat.asked


def test_what_was_refused_is_told_with_an_example(label: Any) -> None:
    program = (
        "import json, sys\n"
        "for line in sys.stdin:\n"
        "    a = json.loads(line)\n"
        "    print(json.dumps({'id': a['id'], 'tags': ['B-GPE'] + ['O'] * (len(a['words']) - 1)}))\n"
    )
    code, printed = label(command=shlex.join([sys.executable, "-c", program]))
    assert code == 0 and "refused   6 unknown_label" in printed
    assert re.search(r"\n +unknown_label: sentence 0: '.+' as 'B-GPE'\n", printed)


def test_types_of_the_labels_are_asked_for(label: Any, chat: Any, tmp_path: Path) -> None:
    code, told = label(types={"LOC": "places"})
    assert code == 2 and "labeller.types: found LOC, and the types of the labels are LOC, MISC, ORG, PER" in told
    code, told = label(typse={})
    assert code == 2 and "typse: unknown key; did you mean types?" in told
    assert not chat.asked and not (tmp_path / "store").exists()
