"""A balance drawn as blocks."""

from __future__ import annotations

from decimal import Decimal

import pytest

from watcher.core.sparkline import sparkline


def drawn(*figures: int | None, width: int = 12) -> str:
    return sparkline([None if figure is None else Decimal(figure) for figure in figures], width)


@pytest.mark.parametrize(
    ("figures", "blocks"),
    [
        ((0, 4, 8), "▁▅█"),
        ((8, 4, 0), "█▅▁"),
        ((100, 100), "██"),
        ((0, 0), "▁▁"),
        ((1, 100), "▂█"),
        ((5, None, 5), "█ █"),
        ((-5, 5), "▁█"),
    ],
)
def test_blocks_count_from_nothing_to_the_largest_figure(figures: tuple[int | None, ...], blocks: str) -> None:
    assert drawn(*figures) == blocks


@pytest.mark.parametrize("figures", [(), (5,), (None, 5), (None, None)])
def test_less_than_two_figures_have_no_course(figures: tuple[int | None, ...]) -> None:
    assert drawn(*figures) == ""


def test_more_figures_than_there_is_room_for_end_with_the_last() -> None:
    line = drawn(*range(1, 101), 0, width=5)
    assert len(line) == 5
    assert line[-1] == "▁"
