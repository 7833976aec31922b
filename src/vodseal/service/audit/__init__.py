"""The audit log: who could open what, chained and signed (SPEC keys §2)."""
