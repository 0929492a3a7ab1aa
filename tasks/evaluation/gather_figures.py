"""Pictures of several steps in one folder, as the figures of a run."""

import shutil

from artifacts.catalog import FIGURES, Figures
from artifacts.step import Job, step


@step(FIGURES)
def gather_figures(job: Job, parts: tuple[Figures, ...]) -> None:
    """Copies the pictures of every part, and their data; no two have one name."""
    described: dict[str, str] = {}
    for part in parts:
        figures: dict[str, str] = job.metadata(part)["figures"]
        assert not figures.keys() & described.keys()
        described |= figures
        for name in figures:
            for ending in ("png", "csv"):
                shutil.copyfile(job.folder(part) / f"{name}.{ending}", job.output_folder / f"{name}.{ending}")
    job.describe({"figures": described})
