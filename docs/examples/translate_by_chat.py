"""Translates Crosstag's lines by a server with OpenAI's chat form: `translate_by_chat.py URL MODEL`.

URL ends where /chat/completions begins, such as http://localhost:8000/v1. A key stands in $OPENAI_API_KEY.

An answer that the server has cut off, and one without text, is no translation: Crosstag counts it as no_output.
"""

import json
import os
import sys
import urllib.request

ASK = (
    "Translate the text from {source} to {target}. Keep marks such as __SLOT0__, <a> and </a>, or [ and ] around the "
    "same parts. Answer with the translation alone."
)

for line in sys.stdin.buffer:
    asked = json.loads(line)
    said = [{"role": "system", "content": ASK.format(**asked)}, {"role": "user", "content": asked["text"]}]
    body = {"model": sys.argv[2], "messages": said, "temperature": 0}
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {os.environ.get('OPENAI_API_KEY', '')}"}
    request = urllib.request.Request(f"{sys.argv[1]}/chat/completions", json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request) as answer:
        choice = json.load(answer)["choices"][0]
    whole = choice.get("finish_reason") != "length"
    translation = (choice["message"]["content"] or "").strip() if whole else ""
    print(json.dumps({"id": asked["id"], "translation": translation}), flush=True)
