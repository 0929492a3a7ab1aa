"""The pages stay light: what computes is loaded by what computes, in processes of its own."""

import subprocess
import sys


def test_the_pages_load_neither_torch_nor_transformers_nor_matplotlib() -> None:
    code = "import flows.pages.app, sys; print(*sorted({'torch', 'transformers', 'matplotlib'} & set(sys.modules)))"
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert made.stdout.strip() == ""
