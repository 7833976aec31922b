"""The vendor's way to make a downloader, and to delete a file without one."""

from __future__ import annotations

from vodseal.sdk.downloader import MediaDownloader
from vodseal.sdk.stored_download import DeleteResult, delete_by_identity

__all__ = ["DownloaderFactory"]


class DownloaderFactory:
    """As ``AliDownloaderFactory``; ``MediaDownloader()`` is the same in fewer words."""

    @staticmethod
    def create() -> MediaDownloader:
        """Return a new downloader."""
        return MediaDownloader()

    @staticmethod
    def delete_file(save_dir: str, vid: str, format: str, index: int) -> DeleteResult:  # noqa: A002 - the vendor's name
        """Delete a finished or partial file by what names it on disk. Never raises (B23)."""
        return delete_by_identity(save_dir, vid, format, index)
