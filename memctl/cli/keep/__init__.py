"""Commands: copies of the store, and erasing a user."""
