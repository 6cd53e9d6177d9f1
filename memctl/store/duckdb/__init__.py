"""The store in one DuckDB file: the engine, its schema, and what only a file has."""
