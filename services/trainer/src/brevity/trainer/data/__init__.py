"""Training sets: their rows, sources, parts, and versions that give the same bytes again."""
