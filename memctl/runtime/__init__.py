"""Settings, locks, private files, retries, limits. Imports only memctl.core."""
