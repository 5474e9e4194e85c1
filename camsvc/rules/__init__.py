"""One module per rule kind: tracks in, incidents out."""
