"""From an original to streams: probe, ladder, encode or copy, segment, encrypt."""
