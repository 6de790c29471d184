"""The source's tables, copied so that what changed is known."""
