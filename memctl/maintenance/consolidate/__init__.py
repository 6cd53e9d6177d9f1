"""Consolidation of a user's memory: duplicates, contradictions, old episodes, and a summary.

Works offline. Every change has a reason that a person can check, and a run can be undone.
"""

from memctl.maintenance.consolidate.run import ALL, DEDUPE, PRUNE, Change, Consolidated, consolidate, horizon_of

__all__ = ["ALL", "DEDUPE", "PRUNE", "Change", "Consolidated", "consolidate", "horizon_of"]
