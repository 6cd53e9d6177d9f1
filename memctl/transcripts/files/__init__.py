"""Finding, opening and decoding files of transcripts."""
