"""A row of figures as a line of blocks, for the eye: how a balance went."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

_BLOCKS = "▁▂▃▄▅▆▇█"


def sparkline(figures: Sequence[Decimal | None], width: int = 12) -> str:
    """At most `width` blocks, from nothing (the lowest) to the largest figure (the highest); a figure that is not known is a blank.

    Of more figures than there is room for, each block shows the last of its share. Fewer than two known figures show no course: empty.
    """
    if len(figures) > width:
        figures = [figures[(place + 1) * len(figures) // width - 1] for place in range(width)]
    known = [figure for figure in figures if figure is not None]
    if len(known) < 2:
        return ""
    top = max(*known, Decimal(0))
    return "".join(" " if figure is None else _block(figure, top) for figure in figures)


def _block(figure: Decimal, top: Decimal) -> str:
    """Something, however little, stands higher than nothing."""
    most = len(_BLOCKS) - 1
    return _BLOCKS[0] if figure <= 0 else _BLOCKS[min(1 + int(figure * most / top), most)]
