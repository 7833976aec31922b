"""Benchmarks: everybody does the same work on the same bytes, in turn (benchmarks/README.md).

Figures of one machine mean nothing on another, so what counts is ratios: rounds
in which each contestant runs once, medians over the rounds, raw data kept.
"""
