"""How the model card says that words are read with transformers alone, where a pipeline would take others for words."""

READ = """def read(words):  # for the model, and where each word's sub-words are
    words = [word if tokenizer.tokenize(word) else tokenizer.unk_token for word in words]
    spaces = tokenizer("a a").input_ids != tokenizer(["a", "a"], is_split_into_words=True).input_ids
    given = [" " * (spaces and w > 0) + word for w, word in enumerate(words)]
    given = tokenizer(given, is_split_into_words=True, return_tensors="pt")
    places = [[i for i, of in enumerate(given.word_ids()) if of == w] for w in range(len(words))]
    blank = [not tokenizer.decode(place).strip() for place in given["input_ids"][0, :, None]]
    return given, [place[1:] if blank[place[0]] and len(place) > 1 else place for place in places]  # no space alone
"""

BETWEEN = """Between words of scripts without spaces (Chinese, Japanese, Thai) this code has spaces, which Crosstag
leaves out."""

WORD_USE = f"""With transformers alone, for a sentence that is split into words and fits the model:

```python
import torch
from transformers import AutoModelForTokenClassification, AutoTokenizer

folder = "path/to/this/folder"
tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModelForTokenClassification.from_pretrained(folder).eval()


{READ}

@torch.inference_mode()
def tags(words):
    given, places = read(words)
    scores = model(**given).logits[0]
    return [model.config.id2label[int(scores[place[0]].argmax())] for place in places]


tags(["Am", "Samstag", "gewann", "Werder", "Bremen"])
```

A pipeline of transformers is of no use here: the tokenizer does not say where a word goes on, so that `"first"` takes
all between two spaces for one word (`Bremen,` with its comma) and `"simple"` cuts words apart. """

PLAIN = "One difference to Crosstag remains: an I- that begins nothing is left as it is, where Crosstag {instead}. "

EMISSIONS = """The model's head is a CRF, which scores whole label sequences; this labels each word by its emissions
alone. What that costs is seen among the scores, where there are any of the emissions alone. """
