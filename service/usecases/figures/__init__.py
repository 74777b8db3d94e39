"""Figures: what the records come to, counted by the database; always the same few statements, whatever there is."""
