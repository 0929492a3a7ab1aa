"""What Crosstag persists: datasets, the store that holds them, and the cache that reuses them."""
