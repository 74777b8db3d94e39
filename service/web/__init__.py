"""What a browser or a gateway sees of the service."""
