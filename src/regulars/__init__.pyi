"""The public names and where each lives; read by type checkers, by editors, and by `regulars/__init__.py` itself."""

from regulars.core import DAY as DAY
from regulars.core import MISSING as MISSING
from regulars.core import QUIET as QUIET
from regulars.core import Allowed as Allowed
from regulars.core import Dataset as Dataset
from regulars.core import Histories as Histories
from regulars.core import Model as Model
from regulars.core import Queries as Queries
from regulars.core import Recommendations as Recommendations
from regulars.core import Recommender as Recommender
from regulars.core import Run as Run
from regulars.core import Scored as Scored
from regulars.core import Settings as Settings
from regulars.core import Vocabulary as Vocabulary
from regulars.core import setting as setting
from regulars.data import Checks as Checks
from regulars.data import Prepared as Prepared
from regulars.data import Sources as Sources
from regulars.data import Table as Table
from regulars.data import prepare as prepare
from regulars.evaluation import ColdItems as ColdItems
from regulars.evaluation import GivenSplit as GivenSplit
from regulars.evaluation import LeaveLastOut as LeaveLastOut
from regulars.evaluation import RatioPerUser as RatioPerUser
from regulars.evaluation import Split as Split
from regulars.evaluation import StrongGeneralization as StrongGeneralization
from regulars.evaluation import TimeSplit as TimeSplit
from regulars.evaluation import compare as compare
from regulars.evaluation import evaluate as evaluate
from regulars.models import ALS as ALS
from regulars.models import EASE as EASE
from regulars.models import METHODS as METHODS
from regulars.models import ItemKNN as ItemKNN
from regulars.models import Personal as Personal
from regulars.models import Popularity as Popularity
from regulars.models import Recent as Recent
from regulars.models import Trending as Trending
from regulars.models.kinds import load as load
from regulars.models.kinds import save as save
from regulars.ranking import Fallback as Fallback
from regulars.ranking import Filtered as Filtered
from regulars.ranking import Only as Only
from regulars.ranking import RankFusion as RankFusion
from regulars.ranking import Unseen as Unseen

__version__: str
