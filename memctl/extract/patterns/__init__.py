"""Looking for many patterns and words in a text at little cost."""
