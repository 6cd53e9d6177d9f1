"""What is believed, computed from what was said.

`memctl.core.claim.Claim`s are the evidence and never change; facts are a pure fold over them. So the same claims
give the same facts whatever the order in which they arrived, a file that changed is re-read by folding
without its old claims, and two processes agree. This room knows nothing of stores, extractors or text: it
sees claims and gives beliefs.
"""

from memctl.reconcile.beliefs import Belief, Key, affected, key_of, order_of
from memctl.reconcile.fold import fold
from memctl.reconcile.to_facts import Changes, changes, to_fact

__all__ = ["Belief", "Changes", "Key", "affected", "changes", "fold", "key_of", "order_of", "to_fact"]
