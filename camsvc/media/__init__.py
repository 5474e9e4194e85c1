"""Packets, sources, ring, decoding, remuxing, thumbnails, the camera simulator."""
