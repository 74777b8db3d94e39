"""Messages to people: lengths, texts, the outbox and its sender."""
