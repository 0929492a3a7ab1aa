"""Which engine searches for neighbours, and what it leaves out."""

from dataclasses import dataclass
from typing import Literal

import torch

from tasks.denoising.neighbours.by_faiss import GPU_SELECTION_LIMIT, has_faiss
from tasks.denoising.neighbours.product import Product

Engine = Literal["auto", "faiss", "faiss-gpu", "torch"]


@dataclass(frozen=True)
class Search:
    """How neighbours are looked for.

    Engines differ only in how they break ties between equally near words, `product="bf16"` also by the rounding
    of the vectors to 8 bits before the product (sums and cosines stay float32).

    Attributes:
        engine: `auto` takes faiss on a GPU that faiss can use, otherwise torch.
        product: type of the vectors in the product.
        device: `cpu` or `cuda`.
        exclude_duplicates: leave out neighbours whose cosine is within 1e-6 of 1; torch and float32 only.
    """

    engine: Engine = "auto"
    product: Product = "float32"
    device: str = "cpu"
    exclude_duplicates: bool = False

    def chosen_engine(self, neighbours: int) -> Literal["faiss", "faiss-gpu", "torch"]:
        """The engine that `engine` stands for on this machine.

        On CPUs torch selects faster than faiss (tests/benchmarks/bench_neighbours.py), so `auto` takes it.

        Raises:
            ValueError: if a named engine is not installed or cannot do what is asked.
        """
        special = self.product != "float32" or self.exclude_duplicates
        on_gpu = torch.device(self.device).type == "cuda"
        if self.engine == "auto":
            fits = on_gpu and not special and neighbours < GPU_SELECTION_LIMIT
            return "faiss-gpu" if fits and has_faiss(gpu=True) else "torch"
        if self.engine == "torch":
            return "torch"
        if special:
            raise ValueError(
                f"engine '{self.engine}' knows neither bf16 products nor duplicates; use 'torch' or 'auto'"
            )
        if not has_faiss(gpu=self.engine == "faiss-gpu"):
            needed = "faiss" if self.engine == "faiss" else "faiss-gpu and a GPU"
            raise ValueError(f"engine '{self.engine}' needs {needed}; use 'auto'")
        if self.engine == "faiss-gpu" and neighbours >= GPU_SELECTION_LIMIT:
            raise ValueError(
                f"faiss-gpu finds fewer than {GPU_SELECTION_LIMIT} neighbours, not {neighbours}; use 'torch'"
            )
        return self.engine
