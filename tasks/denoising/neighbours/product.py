"""The product that says how near two words are; without torch, for what only asks."""

from typing import Literal

Product = Literal["float32", "bf16"]

# Words whose cosine is this close to 1 count as duplicates. Upstream's 1e-7 is less than float32's rounding of a
# sum of some hundred products, so it misses duplicates by chance.
DUPLICATE_GAP = 1e-6
