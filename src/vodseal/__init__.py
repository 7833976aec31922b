"""Secure video download for offline playback."""
