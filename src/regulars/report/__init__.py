"""One self-contained page to show: the shop, the comparison, lists with reasons, what to do next.

    page = Report(shop="My shop", data=dataset, check=prepared.check, test=Figures.of(comparison))
    write(page, "report.html")

The plots are also functions of their own (`regulars.report.plots`), for notebooks and slides.
"""

from .contents import Report
from .figures import Figures
from .page import html, write, write_page

__all__ = ["Figures", "Report", "html", "write", "write_page"]
