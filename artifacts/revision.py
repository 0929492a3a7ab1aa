"""Which commit the sources are of."""

import subprocess
from pathlib import Path

_SECONDS = 10
_HERE = Path(__file__).resolve()


def revision(file: Path = _HERE) -> str | None:
    """The commit that is checked out where a source file lies, `+` behind it if tracked files were changed since.

    None where the file is not in a git repository (an installed package may lie inside somebody else's), or git is not
    there.
    """
    if _git(file.parent, "ls-files", "--error-unmatch", file.name) is None:
        return None
    commit = _git(file.parent, "rev-parse", "HEAD")
    changes = _git(file.parent, "status", "--porcelain", "--untracked-files=no")
    return None if not commit else f"{commit}+" if changes else commit


def _git(folder: Path, *arguments: str) -> str | None:
    """What git prints, or None if it fails."""
    command = ["git", "--no-optional-locks", "-C", str(folder), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
