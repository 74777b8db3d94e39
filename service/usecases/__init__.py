"""The only place where facts change: one file a subject, one function a verb."""
