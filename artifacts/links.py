"""Addresses of the local web page, for who reads about a run elsewhere, such as in the Prefect UI."""

import os

INSPECT_VARIABLE = "CROSSTAG_INSPECT_URL"


def page_address(path: str) -> str:
    """The address of a page, such as of `/run/3f2a`; empty where nobody said by $CROSSTAG_INSPECT_URL who serves it."""
    root = os.environ.get(INSPECT_VARIABLE, "").rstrip("/")
    return f"{root}{path}" if root else ""


def linked(text: str, path: str) -> str:
    """A link to a page in Markdown; the text alone where nobody serves it."""
    found = page_address(path)
    return f"[{text}]({found})" if found else text
