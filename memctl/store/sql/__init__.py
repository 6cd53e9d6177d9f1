"""The store in SQL: one text of every statement, in what DuckDB and PostgreSQL have in common."""
