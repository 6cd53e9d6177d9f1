"""The block of a user's memory for a prompt: its records, their choice within a number of tokens, and its text.
Independent of the command line."""
