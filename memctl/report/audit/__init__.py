"""How good a memory is: checks over the facts of any backend, each with counts, examples and the command that mends it.

Nothing is written and nothing leaves the machine. The checks are rules: `docs/audit.md` says how often they are right.
"""
