"""Phone conversations, whatever carries them."""
