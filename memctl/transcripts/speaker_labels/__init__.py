"""Labels of speakers in text, such as `Ann:`, and the times beside them."""
