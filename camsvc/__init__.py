"""camsvc: video-surveillance event processing. Cameras go in; incidents that are found and clips that play come out."""

__version__ = "0.1.0"
