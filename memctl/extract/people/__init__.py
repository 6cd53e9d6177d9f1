"""What is said of other people, and who is meant."""
