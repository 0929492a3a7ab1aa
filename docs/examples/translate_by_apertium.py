"""Translates Crosstag's lines by Apertium's rules and dictionaries: `translate_by_apertium.py`.

Its directions have codes such as eng-spa (`apertium -l`), so list `languages: [eng, spa]`.
"""

import json
import os
import subprocess
import sys

directions: dict[str, list[dict[str, str]]] = {}
for line in sys.stdin.buffer:
    asked = json.loads(line)
    directions.setdefault(f"{asked['source']}-{asked['target']}", []).append(asked)
for direction, texts in directions.items():
    told = "\n\n".join(" ".join(each["text"].split()) for each in texts)  # No sentence reaches over an empty line.
    command = ["apertium", "-u", direction]
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    said = subprocess.run(command, input=told, stdout=subprocess.PIPE, check=True, encoding="utf-8", env=environment)
    translations = said.stdout.removesuffix("\n").split("\n\n")
    if len(translations) != len(texts):
        sys.exit(f"apertium {direction} gave {len(translations)} translations of {len(texts)} texts")
    for each, translation in zip(texts, translations, strict=True):
        print(json.dumps({"id": each["id"], "translation": " ".join(translation.split())}))
