"""Mutation testing of the packages that decide: `scripts/torture mutants --help`."""
