"""One module for each target.

``test_one(data)`` returns whether a reader took ``data``; nothing but errors of ours may stop
it. ``seeds()`` is where to begin, ``DICTIONARY`` what to write, and ``CBOR_FROM`` where the
CBOR begins in an input that is one, for ``fuzz.cbor_mutator``.
"""
