"""Model catalogue, detector, tracker, object attributes."""
