"""How the model card says that a tagger of spans is used with transformers alone: no pipeline has such a head."""

from tasks.distillation.word_card import BETWEEN, READ

SPAN_USE = f"""With transformers alone, for a sentence that is split into words and fits the model:

```python
import torch
from safetensors.torch import load_file
from transformers import AutoModel, AutoTokenizer

folder = "path/to/this/folder"
tokenizer, encoder = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).eval()
head = load_file(f"{{folder}}/model.safetensors")
names, longest = encoder.config.id2label, encoder.config.crosstag_span_words


def form(pieces):  # of a word: capitals, small letters, a title, digits, other
    counts = head["piece_counts"][pieces].long()
    upper, lower, digits, characters, _ = counts.sum(0).tolist()
    titled = bool(counts[0, 4]) and counts[0, 0] == upper
    return [upper > 0 and not lower, lower > 0 and not upper, titled, 0 < digits == characters, True].index(True)


{READ}

@torch.inference_mode()
def entities(words):  # (first word, word behind the last, type)
    given, places = read(words)
    h = encoder(**given).last_hidden_state[0]
    m = head["span_forms.weight"][[form(given["input_ids"][0, place]) for place in places]]
    found = []
    for b, e in ((b, e) for b in range(len(words)) for e in range(b, min(b + longest, len(words)))):
        z = torch.cat([h[places[b][0]], h[places[e][0]], head["span_lengths.weight"][e - b], m[b : e + 1].sum(0)])
        p = (head["span_classifier.weight"] @ z + head["span_classifier.bias"]).softmax(0)
        found.append((-float(p.max()), b, e + 1, names[int(p.argmax())]))
    kept = []
    for _, b, e, name in sorted(each for each in found if each[3] != "O"):
        if all(e <= start or end <= b for start, end, _ in kept):
            kept.append((b, e, name))
    return sorted(kept)


entities(["Am", "Samstag", "gewann", "Werder", "Bremen"])
```

The model scores every span of up to `crosstag_span_words` words by its first and last word, its length and its words'
forms, and takes the surest of those that overlap. {BETWEEN}
transformers' token classification cannot hold such a head; a pipeline would not read it as it was trained."""
