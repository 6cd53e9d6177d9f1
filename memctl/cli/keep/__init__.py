"""Commands: copies of the store, and erasure of a user."""
