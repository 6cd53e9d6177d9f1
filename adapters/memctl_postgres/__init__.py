"""memctl's door to PostgreSQL with pgvector."""
