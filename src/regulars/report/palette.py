"""The few colors of the page and its plots; dark mode exchanges each for its partner."""

from typing import Final

INK: Final = "#22272b"
QUIET: Final = "#666f76"  # axis labels, notes
FAINT: Final = "#dedbd2"  # grid
PAPER: Final = "#fcfbf8"
LEAD: Final = "#0a6c74"  # what the plot is about
RIVAL: Final = "#b4552d"  # what it is compared with
WASH: Final = "#d9e8e7"  # areas under the lead color

DARK: Final = {
    INK: "#e7e4dd",
    QUIET: "#a0a7ab",
    FAINT: "#363b3f",
    PAPER: "#16191b",
    LEAD: "#5cc0bb",
    RIVAL: "#e5956b",
    WASH: "#1f3a3b",
}


def dark_rules() -> str:
    """CSS that recolors the plots, whose SVG says its colors in attributes."""
    return "".join(
        f'svg [fill="{light}"]{{fill:{dark}}}svg [stroke="{light}"]{{stroke:{dark}}}' for light, dark in DARK.items()
    )
