"""From a text to its sentences, clauses and noun phrases."""
