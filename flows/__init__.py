"""The published methods as Prefect flows, and the command line."""

import os

from artifacts.threads import prepare

prepare()
# Read by transformers when it is imported: no bars and load reports between our own lines, errors still shown.
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
# Read by Prefect when it is imported: nothing is reported to its makers, and a busy machine may take its time.
os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "300")
