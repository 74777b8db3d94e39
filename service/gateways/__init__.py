"""Who carries a message to a phone: one package a gateway."""
