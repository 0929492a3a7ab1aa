"""Translates Crosstag's lines by a server with OpenAI's chat form: `translate_by_chat.py URL MODEL`.

URL ends where /chat/completions begins, such as http://localhost:8000/v1. A key stands in $OPENAI_API_KEY.

An answer that the server or its filter has cut off, and one without text, is no translation: Crosstag counts it as
no_output. So is that to a text which the server rejects while it answers another one.
"""

import json
import os
import sys
import urllib.error
import urllib.request

ASK = (
    "Translate the text from {source} to {target}. Keep marks such as __SLOT0__, <a> and </a>, or [ and ] around the "
    "same parts. Answer with the translation alone."
)
REJECTED = (400, 413, 422)

key = os.environ.get("OPENAI_API_KEY", "").strip()
if not (key.isascii() and key.isprintable()):  # http.client would tell the key in its error.
    sys.exit("$OPENAI_API_KEY has signs that no header holds, such as typographic quotes; set it anew")
headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}


def translation(text, asked):
    """What the server makes of a text; empty if it is no whole translation."""
    said = [{"role": "system", "content": ASK.format(**asked)}, {"role": "user", "content": text}]
    body = {"model": sys.argv[2], "messages": said, "temperature": 0}
    request = urllib.request.Request(f"{sys.argv[1]}/chat/completions", json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request) as answer:
        choice = json.load(answer)["choices"][0]
    whole = choice.get("finish_reason") not in ("length", "content_filter")
    return (choice["message"]["content"] or "").strip() if whole else ""


for line in sys.stdin.buffer:
    asked = json.loads(line)
    try:
        translated = translation(asked["text"], asked)
    except urllib.error.HTTPError as error:
        if error.code not in REJECTED:
            raise
        translation(".", asked)  # Rejected, too: it is not the text.
        translated = ""
    print(json.dumps({"id": asked["id"], "translation": translated}), flush=True)
