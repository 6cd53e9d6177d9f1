"""The store in one DuckDB file: every SQL statement on it lives here."""
