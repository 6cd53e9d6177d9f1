"""PostgreSQL with pgvector as a backend."""
