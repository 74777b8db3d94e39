"""The conversations themselves, one file a subject."""
