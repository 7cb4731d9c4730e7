"""Mult-VAE: a variational autoencoder that tells whole histories from what is left of them."""

from dataclasses import dataclass

from regulars.core import QUIET, Dataset, Run, setting

from .autoencoder import Autoencoder
from .kinds.factors import Factors


@dataclass(frozen=True)
class MultVAE(Autoencoder):
    """Variational autoencoder with a multinomial likelihood (Liang, Krishnan, Hoffman, Jebara, WWW 2018).

    A history, of which `dropout` is hidden in training, becomes a normal distribution of `factors` dimensions through a
    layer of `hidden` tanh; a vector drawn from it becomes the logits of all items through another. The divergence from
    the standard normal weighs `beta`, which is reached in a line along `annealing` epochs (section 2.2.2).
    noise: what multiplies the deviation of the draw: 1 as in the paper; RecBole has 0.01. Answers are of the mean.

    Memory of a fit: about 32 bytes * items met * hidden, and 6 bytes * batch * items met, at most 200 MB.
    """

    hidden: int = setting(600, low=8, high=4096, log=True)
    beta: float = setting(0.2, low=0.0, high=1.0)
    annealing: int = setting(100, low=0, high=1000)
    noise: float = setting(1.0, low=0.0, high=1.0)

    def fit(self, data: Dataset, run: Run = QUIET) -> Factors:
        from .networks.reconstruction import Variational, learned

        return learned(Variational, self, data, run, "mult_vae")
