"""Writes prefect.yaml: one deployment per file in configs/, whose form opens filled with that file.

python -m flows.commands.deployments
"""

from pathlib import Path
from typing import Any

import yaml

from flows.commands.methods import load

_HEADER = "# Written by `python -m flows.commands.deployments` from configs/*.yaml; `make up` deploys it.\n"
_WEEKLY = {"cron": "0 3 * * 1", "timezone": "UTC", "active": False}
_SCHEDULED = "quickstart"


def project(configs: Path) -> dict[str, Any]:
    """The content of prefect.yaml for the configurations in a folder."""
    return {
        "name": "crosstag",
        "prefect-version": "3.8.8",
        "build": None,
        "push": None,
        "pull": [{"prefect.deployments.steps.set_working_directory": {"directory": "{{ $CROSSTAG_ROOT }}"}}],
        "deployments": [_deployment(path) for path in sorted(configs.glob("*.yaml"))],
    }


def _deployment(path: Path) -> dict[str, Any]:
    method, config = load(path)
    first_line = path.read_text(encoding="utf-8").splitlines()[0].lstrip("# ")
    return {
        "name": path.stem,
        "description": f"{method.name} with configs/{path.name}. From a terminal: {first_line}",
        "entrypoint": f"flows/{method.name}.py:{method.name}",
        "tags": [method.name],
        "parameters": {
            "config": config.model_dump(mode="json", exclude_unset=True),
            "runtime": {"data": read_data_folder(path)},
        },
        "schedules": [_WEEKLY] if path.stem == _SCHEDULED else [],
        "work_pool": {"name": "crosstag"},
    }


def read_data_folder(path: Path) -> str:
    """The data folder that the command in a configuration's first line names."""
    words = path.read_text(encoding="utf-8").splitlines()[0].split()
    return words[words.index("--data") + 1] if "--data" in words else "."


def main(root: Path = Path(".")) -> None:
    """Writes prefect.yaml beside configs/."""
    text = yaml.safe_dump(project(root / "configs"), sort_keys=False, allow_unicode=True, width=120)
    (root / "prefect.yaml").write_text(_HEADER + text, encoding="utf-8")


if __name__ == "__main__":
    main()
