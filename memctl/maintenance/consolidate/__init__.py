"""A user's memory put in order now and then: what is said twice, what cannot both be true, what is old, and a summary.

Works offline and decides nothing a person could not check: every change has its reason, and a run can be undone.
"""

from memctl.maintenance.consolidate.run import ALL, DEDUPE, PRUNE, Change, Consolidated, consolidate, horizon_of

__all__ = ["ALL", "DEDUPE", "PRUNE", "Change", "Consolidated", "consolidate", "horizon_of"]
