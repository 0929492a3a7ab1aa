"""The compose file, read as compose reads it."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docker" / "compose.yaml"
_VARIABLE = re.compile(r"\$\{(\w+)(?::([?-])([^}]*))?\}")
SECRETS = {
    "PREFECT_SERVER_API_AUTH_STRING": "admin:a secret for tests",
    "CROSSTAG_POSTGRES_PASSWORD": "database-secret",
    "CROSSTAG_INSPECT_TOKEN": "pages-secret",
}


def compose(variables: Mapping[str, str]) -> dict[str, Any]:
    """The file with its variables filled in.

    Raises:
        ValueError: if one that has to be given is not, or is empty.
    """

    def fill(match: re.Match[str]) -> str:
        name, kind, text = match.groups()
        value = variables.get(name, "")
        if not value and kind == "?":
            raise ValueError(f"{name}: {text}")
        return value or (text if kind == "-" else "")

    def filled(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: filled(each) for key, each in value.items()}
        if isinstance(value, list):
            return [filled(each) for each in value]
        return _VARIABLE.sub(fill, value) if isinstance(value, str) else value

    made: dict[str, Any] = filled(yaml.safe_load(FILE.read_text(encoding="utf-8")))
    return made
