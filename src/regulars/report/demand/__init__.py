"""What every store will sell of every product, as a page: fans, errors, coverage, and what happens at another price.

found = Demand(panel, forecast, judgment=judgment)
write_page(page(found, shop="My shop"), "forecast.html")
"""

from .nodes import Look, Node, nodes
from .study import Demand

__all__ = ["Demand", "Look", "Node", "nodes"]
