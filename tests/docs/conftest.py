"""The documentation is tried on the same real service as the behaviours."""

from tests.behaviours.conftest import film_path, house, secure_mode, video

__all__ = ["film_path", "house", "secure_mode", "video"]
