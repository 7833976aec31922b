"""Kills and power cuts: `scripts/torture kills`, `scripts/torture power`."""
