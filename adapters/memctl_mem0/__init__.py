"""mem0 as a backend: the platform, the library, the REST server, and exports."""
