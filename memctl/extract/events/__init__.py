"""Plans, appointments and events, with their dates."""
