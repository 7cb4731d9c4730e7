"""Regulars: recommendations and campaigns for 100 % of a shop's catalog and customers.

The public names are fetched from their folders when they are first used, so that `import regulars` takes no time.
"""

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from regulars.core import Allowed as Allowed
    from regulars.core import Dataset as Dataset
    from regulars.core import Histories as Histories
    from regulars.core import Model as Model
    from regulars.core import Queries as Queries
    from regulars.core import Recommendations as Recommendations
    from regulars.core import Recommender as Recommender
    from regulars.core import Run as Run
    from regulars.core import Vocabulary as Vocabulary
    from regulars.models import METHODS as METHODS
    from regulars.models import Personal as Personal
    from regulars.models import Popularity as Popularity
    from regulars.models import Recent as Recent
    from regulars.models import Trending as Trending
    from regulars.ranking import Fallback as Fallback
    from regulars.ranking import Filtered as Filtered
    from regulars.ranking import Only as Only
    from regulars.ranking import RankFusion as RankFusion
    from regulars.ranking import Unseen as Unseen

_PUBLIC = {
    "regulars.core": "Allowed Dataset Histories Model Queries Recommendations Recommender Run Vocabulary",
    "regulars.models": "METHODS Personal Popularity Recent Trending",
    "regulars.ranking": "Fallback Filtered Only RankFusion Unseen",
}
_PLACES = {name: folder for folder, names in _PUBLIC.items() for name in names.split()}
__all__ = list(_PLACES)


if not TYPE_CHECKING:  # a type checker knows the names from above, and complains about others

    def __getattr__(name: str) -> object:
        if name not in _PLACES:
            raise AttributeError(f"module 'regulars' has no attribute {name!r}; it has {', '.join(_PLACES)}")
        return getattr(import_module(_PLACES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_PLACES])
