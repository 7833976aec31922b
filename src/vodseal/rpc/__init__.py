"""The wire that client and service share: names, signatures, tokens, error codes.

Pure: nothing here opens a socket, reads a clock or draws a random byte; the
instant and the nonce are arguments. Cites "wire" for ``reference/wire``.
"""
