"""RTSP cameras made of files: for the demo, for tests, and for trying rules without a street."""
