"""The local store: where facts, claims and episodes are kept."""
