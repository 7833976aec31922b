"""What an app may do with one sealed file on one device: the license.

Nothing in this package opens a file, draws the time or logs; SPEC license
describes every byte.
"""
