"""What each action asks and answers, as frozen dataclasses (wire 5, 7).

One module per part of the service; ``fields`` holds the rules by which a
dataclass is written to the wire and read from it, ``registry`` lists them all.
"""
