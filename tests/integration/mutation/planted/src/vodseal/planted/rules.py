"""A package with each kind of mutant in it. Nothing else uses it."""

from __future__ import annotations


def add(one: int, other: int) -> int:
    return one + other


def told(number: int) -> int:
    return number + 5


def same(number: int) -> int:
    return number * 1


def count_down(number: int) -> int:
    while number > 0:
        number -= 1
    return number


def nobody(number: int) -> int:
    return number + 7


class Box:
    @classmethod
    def of(cls, number: int) -> Box:
        return cls(number + 1)

    @staticmethod
    def doubled(number: int) -> int:
        return number * 2

    def __init__(self, number: int) -> None:
        self.number = number
