"""The published methods as Prefect flows, and the command line."""

import os

from artifacts.threads import prepare

prepare()
# Read by transformers when it is imported: no bars and load reports between our own lines, errors still shown.
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
