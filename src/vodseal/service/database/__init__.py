"""The service's state, in SQL (design 3, decision 14)."""
