"""Words the patterns are made of, by what they stand for: jobs, places, pets, drugs, tools."""
