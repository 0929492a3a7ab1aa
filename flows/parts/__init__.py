"""What the methods share: corpora, checks, encoder, translation, scoring, figures, summary."""
