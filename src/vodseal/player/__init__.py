"""Play a downloaded file: in the app's own process, in a browser page, or in mpv.

A sealed film is opened in memory, a few chunks at a time, and no plaintext of it
is written anywhere (security 3.2, 5.4). Whatever is wrong with a file, its
license or the app, comes out as one ``PlayError`` with the vendor's number and
the remedy that fits (client-surface 1.9, B18, B19, B49).
"""
