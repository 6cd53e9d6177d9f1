"""Zep Cloud as a backend, and dumps of its graphs."""
