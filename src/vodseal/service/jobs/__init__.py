"""Transcode tasks are rows; a runner works on them (design 6). This one runs in the service."""
