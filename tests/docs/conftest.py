"""The documentation is tried on the same real service as the behaviours."""

from tests.behaviours.conftest import house, secure_mode, video

__all__ = ["house", "secure_mode", "video"]
