"""Commands: read transcripts and statements into the store."""
