"""A carrier's request to a `Turn`, and its answer back."""
