"""LangGraph's long-term store: the tables of PostgresStore and of SqliteStore."""
