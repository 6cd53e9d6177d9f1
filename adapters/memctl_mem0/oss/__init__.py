"""mem0's own library, as an application has configured it."""
