"""Where native code and Python meet: the words of a frame, and why native code came back."""

from __future__ import annotations

from seismo.base.enum import IntEnum

__all__ = ("Status", "Word")


class Word(IntEnum):
    """The u64 of a frame, after r0 to r10, by their place."""

    LEFT = 11
    """What is left of the budget of steps."""
    STACK = 12
    """The address of the frame's own bytes, where r10 points behind."""
    TABLE = 13
    """The address of the table of regions."""
    POINT = 14
    """Where the code goes on: 0 is its beginning."""
    INDEX = 15
    """The instruction that it came back from."""
    ADDRESS = 16
    """What that wanted to access."""
    ANSWER = 17
    """What that has been given."""
    COUNT = 18


class Status(IntEnum):
    """Why native code came back."""

    EXIT = 0
    """The function has ended."""
    ASK = 1
    """The instruction at INDEX is to be done in Python; then it goes on with the ANSWER."""
    MISS = 2
    """The table does not know the region of ADDRESS, or not as one for this access."""
    SPENT = 3
    """The budget is spent."""
