"""From a shop's tables to a checked dataset, nothing lost.

    from regulars.data import Sources, Table, prepare

    shop = prepare(Sources(events=Table("log/*.parquet"), items=Table("products.csv")), "shop")
    shop.dataset        # a core Dataset, its columns mapped from disk
    shop.check          # a CheckReport: what was found, what was set aside and why; .json() for machines
    shop.folder         # "shop": the columns, customers.parquet, items.parquet, quarantine.csv, check.json

Table says where one table is (paths, frame or url) and what its columns mean; Sources puts the tables of a shop
together with the weights of its kinds and the form of its times; Checks says how strict to be. `Prepared.load(folder)`
reads a prepared folder. `inspect(paths)` looks at files and says which table is which: Findings with events, items,
customers and others, each Found with what, paths, note, rows, columns, names, kinds, notes and sample; .json().

The context of the dataset has `session` and, where the log has them, quantity, price, value, rating, channel, store
and every further column. A return has a negative weight, quantity and value; its weight and that of what it takes back
sum to nothing.
"""

from .checks import Checks
from .findings import Findings, Found, inspect
from .kcore import k_core
from .prepare import prepare
from .prepared import Prepared
from .report import CheckReport, FileCount, KindCount, TableReport
from .sessions import sessions
from .sources import Sources, Table

__all__ = [
    "CheckReport",
    "Checks",
    "FileCount",
    "Findings",
    "Found",
    "KindCount",
    "Prepared",
    "Sources",
    "Table",
    "TableReport",
    "inspect",
    "k_core",
    "prepare",
    "sessions",
]
