"""Rewrite the bundled sample corpora: `python -m tasks.corpus.sample`."""

from tasks.corpus.sample.generate import FOLDER, sample_files

for name, content in sample_files().items():
    (FOLDER / name).write_bytes(content)
