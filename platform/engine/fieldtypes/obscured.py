"""The mask that stands for a value, whatever the field's type, for those who may see no more."""

from __future__ import annotations


class Obscured(str):
    """A value as those get it who may see its mask only."""

    __slots__ = ()
