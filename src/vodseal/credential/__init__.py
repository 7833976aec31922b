"""Who an app is: signed envelopes, app identities, security files, device keys, manifests.

Nothing in this package opens a file, draws the time or logs; SPEC credential
describes every byte.
"""
