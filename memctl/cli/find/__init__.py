"""Commands: search and list what the store has."""
