"""The sealed file: its bytes, how they are written and how they are read.

Nothing in this package opens a file, draws the time or logs. Bytes come from a
``Source`` and go to a ``Sink``; SPEC container describes every one of them.
"""
