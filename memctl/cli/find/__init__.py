"""Commands: search and list facts."""
