"""Where originals and streams are kept: one interface, several stores (design 6)."""

from vodseal.service.blobs.protocol import BlobInfo, BlobStore

__all__ = ["BlobInfo", "BlobStore"]
