"""Values and pure functions: facts, claims, errors, times, words. Imports nothing else of memctl."""
