"""LangGraph's long-term store: the tables of PostgresStore and SqliteStore, and the documents of RedisStore."""
