"""Translates Crosstag's lines by a service in LibreTranslate's form: `translate_by_libretranslate.py URL`.

A key, where the service wants one, stands in $LIBRETRANSLATE_API_KEY.
"""

import json
import os
import sys
import urllib.request

for line in sys.stdin.buffer:
    asked = json.loads(line)
    body = {"q": asked["text"], "source": asked["source"], "target": asked["target"], "format": "text"}
    if key := os.environ.get("LIBRETRANSLATE_API_KEY"):
        body["api_key"] = key
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{sys.argv[1]}/translate", json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request) as answer:
        translation = json.load(answer)["translatedText"]
    print(json.dumps({"id": asked["id"], "translation": translation}), flush=True)
