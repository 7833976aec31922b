"""What one device keeps for itself: its key, its licenses, its secrets.

Everything here lies under one home folder of one user. Nothing in it is useful
on another device: the device seed is the root, and every stored value is sealed
under a key that is derived from it (security.md 3.4).
"""
