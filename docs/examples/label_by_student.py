"""Labels Crosstag's lines by a student or tagger of any store: `label_by_student.py FOLDER [--device cuda]`.

So one method's student sits on another's panel: CoLaDa's, CROP's, GLoDe's, or one that learnt from other text.
"""

import argparse
import json
import sys

from artifacts.errors import InputError
from tasks.tagging.student import load_student


def main():
    """Prints a tag for every word, and what the model gives it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda"))
    given = parser.parse_args()
    asked = [json.loads(line) for line in sys.stdin]
    try:
        student = load_student(given.folder, language=asked[0]["language"], tokenized=True, device=given.device)
    except InputError as error:
        sys.exit(f"label_by_student.py: {error}")
    for each, tagged in zip(asked, student.tag_words(each["words"] for each in asked), strict=True):
        sure = [min(float(probability), 1.0) for probability in tagged.probabilities]
        print(json.dumps({"id": each["id"], "tags": list(tagged.tags), "probabilities": sure}), flush=True)


if __name__ == "__main__":
    main()
