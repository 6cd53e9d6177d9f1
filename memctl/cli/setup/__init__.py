"""Commands: settings, checks and the shell."""
