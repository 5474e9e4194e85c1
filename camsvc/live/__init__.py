"""Tap, packet track, WHEP."""
