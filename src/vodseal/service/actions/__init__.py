"""What the service does when it is asked to: one module a subject (wire 5, 7)."""
