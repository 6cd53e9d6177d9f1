"""What people say of themselves in one sentence."""
