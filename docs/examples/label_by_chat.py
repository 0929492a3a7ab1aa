"""Labels Crosstag's lines by a server with OpenAI's chat form: `label_by_chat.py URL MODEL [OPTIONS]`.

URL ends where /chat/completions begins, such as http://localhost:8000/v1. A key stands in $OPENAI_API_KEY.

The model lists the entities of a text as JSON; where each stands is looked up here. An answer that is not what was
asked for, or has an entity that does not stand in the text, is asked for once more; then the sentence has no labels.
What the server itself fails at is tried again after a pause; then this program ends with an error, and Crosstag starts
it again with what is left. A text that the server rejects, while it answers another one, has no labels.
"""

import argparse
import json
import os
import re
import sys
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import BoundedSemaphore, Lock

TASK = (
    "You find named entities in text{language}. The types, and what each stands for:\n{types}\n"
    'Answer with a JSON object alone: {{"entities": [{{"text": "...", "type": "..."}}]}}. List every mention of an '
    'entity, in the order in which they stand in the text; one that stands there twice, twice. "text" is copied from '
    'the text, letter by letter; "type" is one of {names}. Entities do not overlap. If there are none, answer '
    '{{"entities": []}}.'
)
AGAIN = "That cannot be used: {why}. Answer with the JSON object alone, texts copied letter by letter."
BODY = {"temperature": 0, "max_tokens": 1024, "response_format": {"type": "json_object"}}
BUSY = (408, 409, 425, 429)  # and 5xx
REJECTED = (400, 413, 422)


class Wrong(Exception):
    """An answer that cannot be used; `reason` is its name among Crosstag's counts."""

    def __init__(self, reason, why):
        super().__init__(why)
        self.reason = reason


class Rejected(Exception):
    """A request that the server does not take, such as one that is too long, or has words that it filters."""


def options():
    """What is given on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url")
    parser.add_argument("model")
    parser.add_argument("--examples", help='JSON lines: {"text": "...", "entities": [{"text": "...", "type": "..."}]}')
    parser.add_argument("--instructions", help="a file with more to say, such as a guideline for annotators")
    parser.add_argument("--parallel", type=int, default=8, help="requests at the same time")
    parser.add_argument("--timeout", type=float, default=60, help="seconds for a request")
    parser.add_argument("--tries", type=int, default=4, help="of a request that the server fails at")
    parser.add_argument("--pause", type=float, default=1, help="seconds before the second try; doubled each time")
    parser.add_argument(
        "--body", type=json.loads, default={}, help='keys of the request, null for those to leave out: {"seed": 1}'
    )
    parser.add_argument("--prices", type=float, nargs=2, metavar=("IN", "OUT"), help="of a million tokens; adds cost")
    return parser.parse_args()


def read(path):
    """The text of a file; empty without one."""
    return Path(path).read_text(encoding="utf-8") if path else ""


def key_of_server():
    """The key of $OPENAI_API_KEY; empty without one. No message tells it, as http.client's would."""
    key = os.environ.get("OPENAI_API_KEY", "").strip()
    if not (key.isascii() and key.isprintable()):
        sys.exit("$OPENAI_API_KEY has signs that no header holds, such as typographic quotes; set it anew")
    return key


def few_shot(path):
    """Turns of a conversation in which examples are answered."""
    turns = []
    for number, line in enumerate(read(path).split("\n"), 1):
        if line.strip():
            try:
                row = json.loads(line)
                entities = [{"text": each["text"], "type": each["type"]} for each in row["entities"]]
                found = json.dumps({"entities": entities}, ensure_ascii=False)
                turns += [{"role": "user", "content": row["text"]}, {"role": "assistant", "content": found}]
            except (ValueError, KeyError, TypeError) as error:
                sys.exit(f"--examples {path}, line {number}: {error!r}; expected an object with text and entities")
    return turns


class Chat:
    """A server, and what it is told before each text."""

    def __init__(self, given):
        self.given = given
        self.turns = few_shot(given.examples)
        self.more = f"\n{read(given.instructions)}".rstrip()
        self.headers = {"Content-Type": "application/json"}
        if key := key_of_server():
            self.headers["Authorization"] = f"Bearer {key}"

    def label(self, asked):
        """The answer to a line of Crosstag's."""
        types = "\n".join(f"- {name}: {about or name}" for name, about in asked["types"].items())
        language = f" in the language {asked['language']}" if asked["language"] else ""
        task = TASK.format(language=language, types=types, names=", ".join(asked["types"])) + self.more
        before = [{"role": "system", "content": task}, *self.turns]
        turns, usage = [*before, {"role": "user", "content": asked["text"]}], {}
        for last in (False, True):
            try:
                said, ended = self.say(turns, usage)
            except Rejected:
                self.say([*before, {"role": "user", "content": "."}], usage)  # Rejected, too: it is not the text.
                return {"id": asked["id"], "unlabelled": "rejected", "usage": usage}
            try:
                return {"id": asked["id"], "entities": placed(said, ended, asked), "usage": usage}
            except Wrong as wrong:
                if last:
                    return {"id": asked["id"], "unlabelled": wrong.reason, "usage": usage}
                if isinstance(said, str) and said.strip():  # Servers reject empty turns.
                    again = AGAIN.format(why=wrong)
                    turns += [{"role": "assistant", "content": said}, {"role": "user", "content": again}]

    def say(self, turns, usage):
        """What the model says next, and why it ended; adds to `usage` what it took."""
        body = {**BODY, **self.given.body, "model": self.given.model, "messages": turns}
        answer = self.request({name: value for name, value in body.items() if value is not None})
        try:
            choice = answer["choices"][0]
            said, ended = choice["message"]["content"], choice.get("finish_reason")
            took = {name: number for name, number in (answer.get("usage") or {}).items() if is_number(number)}
        except (KeyError, IndexError, TypeError, AttributeError):
            sys.stderr.write(f"{self.given.url} answers {json.dumps(answer)[:300]}, which is no chat completion\n")
            raise SystemExit(1) from None
        if self.given.prices:
            tokens = [took.get("prompt_tokens", 0), took.get("completion_tokens", 0)]
            took["cost"] = sum(price * count / 1e6 for price, count in zip(self.given.prices, tokens, strict=True))
        for name, number in {**took, "requests": 1}.items():
            usage[name] = usage.get(name, 0) + number
        return said, ended

    def request(self, body):
        """The JSON that the server answers; tried again where it is late, busy, or says what is no JSON."""
        url, content = f"{self.given.url}/chat/completions", json.dumps(body).encode()
        request = urllib.request.Request(url, content, self.headers)
        for tried in range(1, self.given.tries + 1):
            pause = self.given.pause * 2 ** (tried - 1)
            try:
                with urllib.request.urlopen(request, timeout=self.given.timeout) as answer:
                    return json.loads(answer.read())
            except urllib.error.HTTPError as error:
                why = f"{error} {error.read()[:300].decode('utf-8', 'replace')}"
                if error.code in REJECTED:
                    raise Rejected(f"{self.given.url}: {why}") from None
                passes = error.code in BUSY or error.code >= 500
                if (wanted := error.headers.get("Retry-After", "")).isdigit():
                    pause = min(int(wanted), self.given.timeout)
            except (OSError, ValueError) as error:  # Late, gone, or no JSON.
                why, passes = repr(error), True
            if not passes or tried == self.given.tries:
                sys.stderr.write(f"{self.given.url}: {why}\n")
                raise SystemExit(1)
            time.sleep(pause)


def placed(said, ended, asked):
    """The entities of an answer, where they stand in the text; offsets count code points.

    A mention of the same text that is not listed has no label: whether it was forgotten is not known. Nor has one
    whose text is listed with several types, if the list is not in the order of the text: which is which is not known.
    """
    if ended == "length":
        raise Wrong("cut_off", "it is too long")
    if not isinstance(said, str):
        raise Wrong("refused", "it has no text")
    try:
        listed = json.loads(said)["entities"]
        pairs = [(each["text"], each["type"]) for each in listed]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise Wrong("no_json", "it is no JSON object with entities that have text and type") from None
    if not all(isinstance(part, str) and part for pair in pairs for part in pair):
        raise Wrong("no_json", "a text or a type is empty, or no text")
    text, found, at = asked["text"], [], 0
    taken, kinds, in_order = set(), {}, True
    starts, ends = ({place[side] for place in asked["offsets"]} for side in (0, 1))
    for mention, kind in pairs:
        if any("\ud800" <= char <= "\udfff" for char in mention + kind):
            raise Wrong("no_json", "a text or a type has half of a character")
        places = [match.start() for match in re.finditer(f"(?={re.escape(mention)})", text)]
        free = [place for place in places if place not in taken]
        whole = [place for place in free if place in starts and place + len(mention) in ends]
        free = whole or free
        if not free:
            raise Wrong("not_in_text", f"{mention!r} does not stand in the text {'once more' if places else 'at all'}")
        place = next((place for place in free if place >= at), free[0])
        taken.add(place)
        kinds.setdefault(mention, set()).add(kind)
        in_order = in_order and place >= at
        at = max(at, place + len(mention))
        found.append({"start": place, "end": place + len(mention), "type": kind, "text": mention})
    for each in found:
        if not in_order and len(kinds[each["text"]]) > 1:
            each["type"] = None
    covered = {place for each in found for place in range(each["start"], each["end"])}
    for mention in {mention for mention, _ in pairs}:
        for match in re.finditer(re.escape(mention), text):
            whole = match.start() in starts and match.end() in ends
            if whole and not covered.intersection(range(*match.span())):
                found.append({"start": match.start(), "end": match.end(), "type": None})
    return found


def is_number(value):
    """Whether a value of `usage` can be summed."""
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


def main():
    """Answers each line as soon as the model has; some at the same time."""
    given = options()
    chat, printing, room = Chat(given), Lock(), BoundedSemaphore(2 * given.parallel)

    def answer(line):
        try:
            labelled = json.dumps(chat.label(json.loads(line)))
            with printing:
                print(labelled, flush=True)
        except BaseException as error:
            sys.stderr.write("" if isinstance(error, SystemExit) else f"{error!r}\n")
            sys.stderr.flush()
            with printing:
                os._exit(1)  # The answers that came are written; Crosstag asks for the others again.
        finally:
            room.release()

    with ThreadPoolExecutor(given.parallel) as pool:
        for line in sys.stdin.buffer:
            room.acquire()
            pool.submit(answer, line)


if __name__ == "__main__":
    main()
