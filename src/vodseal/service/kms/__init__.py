"""The key service: wraps every key that the service stores (security 4)."""

from vodseal.service.kms.protocol import DataKey, KeyContext, KeyProvider, KeyService

__all__ = ["DataKey", "KeyContext", "KeyProvider", "KeyService"]
