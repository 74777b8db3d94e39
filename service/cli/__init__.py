"""The `tiwizi` command, as far as it needs only `service`."""
