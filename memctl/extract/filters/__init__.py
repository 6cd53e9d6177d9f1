"""What must not become a claim: what is not asserted, not the speaker's own words, or of the wrong type."""
