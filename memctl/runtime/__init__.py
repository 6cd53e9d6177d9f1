"""How a process meets the machine: settings, locks, private files, retries, limits. Imports only memctl.core."""
