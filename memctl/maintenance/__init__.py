"""Keeping a memory in order and safe: erasing, snapshots, backups, consolidation, checks."""
