"""Pictures of a comparison, for slides and notebooks: the methods, and the parts of what was wanted."""

from pathlib import Path

from regulars.core.errors import CannotWrite
from regulars.evaluation import Comparison
from regulars.report import Figures

_FEW = 3  # methods in a picture of parts: the winner, and the best of the others


def draw(comparison: Comparison, winner: str, folder: Path) -> list[Path]:
    """Writes comparison.svg and one slices-NAME.svg for each slicing into `folder`; returns their paths.

    Raises CannotWrite, and MissingExtra without the extra `plots`.
    """
    from regulars.report import plots

    figures = Figures.of(comparison)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CannotWrite(f"{folder} cannot be made: {error}. Choose another folder for --plots") from error
    others = [name for name in figures.ranked(figures.main)["name"].to_list() if name != winner]
    shown = [winner, *others][:_FEW]
    slicings = figures.slices["slicing"].unique(maintain_order=True).to_list()
    charts = {f"slices-{name}": plots.slices(figures, name, shown) for name in slicings}
    charts = {"comparison": plots.comparison(figures, winner=winner), **charts}
    return [plots.save(chart, folder / f"{name}.svg") for name, chart in charts.items()]
