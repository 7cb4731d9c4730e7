"""The methods: each a frozen dataclass of settings whose `fit` returns one of the kinds of models."""

from typing import Any, Final

from regulars.core import Estimator

from .als import ALS
from .association_rules import AssociationRules
from .basket_ridge import BasketRidge
from .bpr import BPR
from .bspm import BSPM
from .category_popularity import CategoryPopularity
from .content import Content
from .content_to_cf import ContentToCF
from .ease import EASE
from .funk_svd import FunkSVD
from .gf_cf import GFCF
from .gp_top_freq import GPTopFreq
from .gru4rec import GRU4Rec
from .item_knn import ItemKNN
from .logistic_mf import LogisticMF
from .lstm import LSTM
from .markov import Markov
from .mult_dae import MultDAE
from .mult_vae import MultVAE
from .naive_bayes import NaiveBayes
from .ncf import NCF
from .personal import Personal
from .popularity import Popularity
from .pure_svd import PureSVD
from .rater_knn import UserKNNBaseline
from .rating_knn import KNNBaseline
from .rec_vae import RecVAE
from .recent import Recent
from .rp3beta import RP3Beta
from .sasrec import SASRec
from .slim import SLIM
from .slist import SLIST
from .sparse_ease import SparseEASE
from .stan import STAN
from .svd import SVD
from .svdpp import SVDpp
from .tifu_knn import TIFUKNN
from .trending import Trending
from .two_tower import TwoTower
from .up_cf import UPCF
from .user_knn import UserKNN
from .vsknn import VSKNN
from .warp import WARP

METHODS: Final[dict[str, type[Estimator[Any]]]] = {
    "popularity": Popularity,
    "recent": Recent,
    "trending": Trending,
    "category_popularity": CategoryPopularity,
    "personal": Personal,
    "gp_top_freq": GPTopFreq,
    "tifu_knn": TIFUKNN,
    "up_cf": UPCF,
    "basket_ridge": BasketRidge,
    "item_knn": ItemKNN,
    "user_knn": UserKNN,
    "vsknn": VSKNN,
    "stan": STAN,
    "ease": EASE,
    "sparse_ease": SparseEASE,
    "slim": SLIM,
    "slist": SLIST,
    "markov": Markov,
    "sasrec": SASRec,
    "gru4rec": GRU4Rec,
    "lstm": LSTM,
    "rp3beta": RP3Beta,
    "pure_svd": PureSVD,
    "gf_cf": GFCF,
    "bspm": BSPM,
    "als": ALS,
    "bpr": BPR,
    "warp": WARP,
    "logistic_mf": LogisticMF,
    "funk_svd": FunkSVD,
    "svd": SVD,
    "svdpp": SVDpp,
    "knn_baseline": KNNBaseline,
    "user_knn_baseline": UserKNNBaseline,
    "content": Content,
    "association_rules": AssociationRules,
    "naive_bayes": NaiveBayes,
    "mult_dae": MultDAE,
    "mult_vae": MultVAE,
    "rec_vae": RecVAE,
    "ncf": NCF,
    "two_tower": TwoTower,
    "content_to_cf": ContentToCF,
}

__all__ = [
    "ALS",
    "BPR",
    "BSPM",
    "EASE",
    "GFCF",
    "LSTM",
    "METHODS",
    "NCF",
    "SLIM",
    "SLIST",
    "STAN",
    "SVD",
    "TIFUKNN",
    "UPCF",
    "VSKNN",
    "WARP",
    "AssociationRules",
    "BasketRidge",
    "CategoryPopularity",
    "Content",
    "ContentToCF",
    "FunkSVD",
    "GPTopFreq",
    "GRU4Rec",
    "ItemKNN",
    "KNNBaseline",
    "LogisticMF",
    "Markov",
    "MultDAE",
    "MultVAE",
    "NaiveBayes",
    "Personal",
    "Popularity",
    "PureSVD",
    "RP3Beta",
    "RecVAE",
    "Recent",
    "SASRec",
    "SVDpp",
    "SparseEASE",
    "Trending",
    "TwoTower",
    "UserKNN",
    "UserKNNBaseline",
]
