"""Does a backend still find what it should? Questions asked of the search of one or two backends, beside counts and
fidelity.

No language model judges anything here: a question counts as answered if the fact that answers it is among the hits.
These figures cannot be compared with accuracies that a model judged.
"""
