"""Fuzzing: `scripts/torture fuzz`. How it is made, and what came of it: docs/explanation/fuzzing.md."""
