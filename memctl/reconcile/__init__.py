"""Claims to beliefs.

Claims are the evidence and never change; facts are a pure fold over them. The same claims give the same facts in any
order, so a changed file is re-read by folding without its old claims. Knows nothing of stores, extractors or text.
"""

from memctl.reconcile.beliefs import Belief, Key, affected, key_of, order_of
from memctl.reconcile.fold import fold
from memctl.reconcile.to_facts import Changes, changes, to_fact

__all__ = ["Belief", "Changes", "Key", "affected", "changes", "fold", "key_of", "order_of", "to_fact"]
