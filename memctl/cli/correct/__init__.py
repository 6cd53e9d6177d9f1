"""Commands: change, remove and tidy facts, and undo."""
