"""Labels Crosstag's lines by GLiNER (Zaratiana et al., NAACL 2024): `label_by_gliner.py MODEL [OPTIONS]`.

MODEL is a folder or a name on the hub, such as urchade/gliner_multi-v2.1. It needs `pip install gliner`, best in an
environment of its own, whose python then stands in the command.
"""

import argparse
import json
import sys


def options():
    """What is given on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument(
        "--name",
        action="append",
        default=[],
        metavar="TYPE=WORDS",
        help="what the model is asked for a type, such as PER=person; may be repeated, also of one type; without, the "
        "type's definition, which should be short then",
    )
    parser.add_argument("--threshold", type=float, default=0.5, help="probability that an entity has at least")
    parser.add_argument("--batch", type=int, default=16, help="texts at a time")
    parser.add_argument("--device", default="cpu", help="such as cuda")
    return parser.parse_args()


def prompts(names, types):
    """The type behind all that the model is asked for."""
    pairs = []
    for given in names:
        name, equals, words = given.partition("=")
        if not equals or not words or name not in types:
            sys.exit(f"--name {given}: expected TYPE=WORDS with a type of {', '.join(types)}")
        pairs.append((words, name))
    named = {name for _, name in pairs}
    pairs += [(about or name, name) for name, about in types.items() if name not in named]
    if len(dict(pairs)) < len(pairs):
        sys.exit(f"--name: the model is asked for {', '.join(words for words, _ in pairs)}; expected each once")
    return dict(pairs)


def load(given):
    """The model."""
    try:
        from gliner import GLiNER
    except ImportError as error:
        sys.exit(f"label_by_gliner.py: {error}; run `{sys.executable} -m pip install gliner`, or name another python")
    return GLiNER.from_pretrained(given.model, map_location=given.device)


def answer(model, given, lines):
    """Prints the entities of some texts; of one that is longer than the model reads, that it has no labels."""
    asked = [json.loads(line) for line in lines]
    names = prompts(given.name, asked[0]["types"])
    words = [sum(1 for _ in model.data_processor.words_splitter(each["text"])) for each in asked]
    fits = []
    for each, count in zip(asked, words, strict=True):
        if count <= model.config.max_len:
            fits.append(each)
        else:
            print(json.dumps({"id": each["id"], "unlabelled": "too_long"}), flush=True)
    texts = [each["text"] for each in fits]
    found = model.inference(texts, list(names), threshold=given.threshold, batch_size=given.batch) if fits else []
    for each, entities in zip(fits, found, strict=True):
        said = [
            {
                "start": entity["start"],
                "end": entity["end"],
                "type": names[entity["label"]],
                "probability": min(float(entity["score"]), 1.0),
                "text": entity["text"],
            }
            for entity in entities
        ]
        print(json.dumps({"id": each["id"], "entities": said}), flush=True)


def main():
    """Answers lines, a batch at a time."""
    given = options()
    model, lines = None, []
    for line in sys.stdin.buffer:
        lines.append(line)
        if len(lines) == given.batch:
            model = model or load(given)
            answer(model, given, lines)
            lines = []
    if lines:
        answer(model or load(given), given, lines)


if __name__ == "__main__":
    main()
