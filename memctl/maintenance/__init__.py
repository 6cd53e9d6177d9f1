"""Maintenance of a memory: erasure, snapshots, backups, consolidation, checks."""
