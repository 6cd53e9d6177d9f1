"""Checks of the quality of a memory in any backend. Each finding has a count, examples, and a command that corrects it.

Nothing is written and nothing leaves the machine. The checks are rules; `docs/audit.md` has their precision.
"""
