"""What a service offers to play: playlists and tracks.

Pure. A playlist is hostile input: whoever can answer for a media host can write
it. It is read strictly, within limits, and raises ``PlaylistError`` only.
"""
