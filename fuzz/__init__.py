"""Fuzzing: `scripts/torture fuzz`. What came of it: docs/explanation/fuzzing.md."""
