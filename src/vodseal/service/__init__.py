"""The VOD service that an operator hosts (design 1)."""
