"""Values and pure functions: the Fact, the Claim, errors, times, words. Imports nothing else of memctl."""
