"""Which of our own code a step runs, as one hash: the part of a cache key that knows the code."""
