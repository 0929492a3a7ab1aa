"""Encoders: a checkpoint that somebody has, or a small one pretrained on the corpora's own text."""
