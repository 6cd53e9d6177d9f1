"""memctl as the memory of agent frameworks. Each module imports its framework; nothing else in memctl imports it."""
