"""The few colors of the page and its plots; dark mode exchanges each for its partner."""

from typing import Final

INK: Final = "#22272b"
QUIET: Final = "#666f76"  # axis labels, notes
FAINT: Final = "#dedbd2"  # grid
PAPER: Final = "#fcfbf8"
LEAD: Final = "#0a6c74"  # what the plot is about
RIVAL: Final = "#b4552d"  # what it is compared with
WASH: Final = "#d9e8e7"  # areas under the lead color
STEPS: Final = ("#8f2d14", "#c25a2e", "#dd9a69", "#b9b59a", "#83aaa3", "#3f888b", "#0b5057")  # from rare to common
GROUPS: Final = (LEAD, RIVAL, "#7a5ba6", "#c2982c", "#3d7fc1", "#6a9a3f", "#c25b8a")  # what has no order
REST: Final = "#cfcbc1"  # all other groups

DARK: Final = {
    INK: "#e7e4dd",
    QUIET: "#a0a7ab",
    FAINT: "#363b3f",
    PAPER: "#16191b",
    LEAD: "#5cc0bb",
    RIVAL: "#e5956b",
    WASH: "#1f3a3b",
    **dict(zip(STEPS, ("#ff6f3c", "#e5875c", "#a9714f", "#6f6d60", "#4a7d7b", "#5cb6b1", "#b9f2e4"), strict=True)),
    **dict(zip(GROUPS[2:], ("#b29ddb", "#e2c15f", "#7fb3ea", "#a3cd78", "#e893b8"), strict=True)),
    REST: "#464b4f",
}


def dark_rules() -> str:
    """CSS that recolors the plots, whose SVG says its colors in attributes."""
    return "".join(
        f'svg [fill="{light}"]{{fill:{dark}}}svg [stroke="{light}"]{{stroke:{dark}}}' for light, dark in DARK.items()
    )
