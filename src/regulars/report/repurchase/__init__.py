"""What each customer buys again, as a page: the coming weeks, and how far the chances can be trusted.

methods = {name: REPURCHASE[name] for name in ("weibull", "frequency")}
found = repurchases(Known(data, names), "weibull", methods["weibull"].fit(data), methods)
write_page(page(found, shop="My shop"), "buy-again.html")
"""

from .study import Known, Look, Repurchases, repurchases

__all__ = ["Known", "Look", "Repurchases", "repurchases"]
