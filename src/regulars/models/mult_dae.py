"""Mult-DAE: a shallow autoencoder that tells whole histories from what is left of them."""

from dataclasses import dataclass

from regulars.core import QUIET, Dataset, Run

from .autoencoder import Autoencoder
from .kinds.factors import Factors


@dataclass(frozen=True)
class MultDAE(Autoencoder):
    """Denoising autoencoder with a multinomial likelihood (Liang, Krishnan, Hoffman, Jebara, WWW 2018, section 2.3).

    One layer of tanh, `factors` wide, between a history and the catalog. `dropout` of a history is hidden in
    training.

    Memory of a fit: about 32 bytes * items met * factors, and 6 bytes * batch * items met, at most 200 MB.
    """

    def fit(self, data: Dataset, run: Run = QUIET) -> Factors:
        from .networks.reconstruction import Denoising, learned

        return learned(Denoising, self, data, run, "mult_dae")
