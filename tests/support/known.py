"""What a test knows to be there, though its type allows for nothing."""

from typing import TypeVar

Thing = TypeVar("Thing")


def known(thing: Thing | None) -> Thing:
    assert thing is not None
    return thing
