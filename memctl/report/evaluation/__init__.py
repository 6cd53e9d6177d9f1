"""Whether the search of a backend finds what it should, and whether that of another one finds as much: questions,
counts, and a comparison of the records.

A question counts as answered if the expected fact is among the hits. No language model judges answers, so the figures
cannot be compared with accuracies that a model judged.
"""
