"""The block of a user's memory that goes into a prompt: what it is made of, what fits a number of tokens, and how it
reads. Knows no command."""
