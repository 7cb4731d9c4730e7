"""RecVAE: a variational autoencoder whose prior remembers what it knew of each customer."""

from dataclasses import dataclass

from regulars.core import QUIET, Dataset, Run, setting

from .autoencoder import Autoencoder
from .kinds.factors import Factors


@dataclass(frozen=True)
class RecVAE(Autoencoder):
    """RecVAE (Shenbin, Alekseev, Tutubalina, Malykh, Nikolenko, WSDM 2020).

    Mult-VAE with a deeper encoder of `hidden` swish (dense sums, layer norms) and a linear decoder, each learned in
    turn: an epoch is `encoder_passes` over the customers with `dropout` of their histories hidden, then one of the
    decoder without (section 3.5). The divergence of a customer weighs `gamma` times what the history weighs (eq. 9),
    and is that from a mixture of the standard normal, of what the encoder said before the epoch and of a flat normal
    (eq. 7), weighing `standard`, the rest and `flat`.
    noise: what multiplies the deviation of the vector drawn: 1 as in the paper; its code has 0.01. Answers are those of
    the mean.

    Memory of a fit: about 32 bytes * items met * (hidden + factors), and 6 bytes * batch * items met, at most 200 MB.
    """

    epochs: int = setting(50, low=1, high=2000, log=True)
    rate: float = setting(2e-3, low=1e-5, high=0.1, log=True)
    hidden: int = setting(600, low=8, high=4096, log=True)
    gamma: float = setting(0.005, low=1e-5, high=1.0, log=True)
    standard: float = setting(0.15, low=0.01, high=0.5)
    flat: float = setting(0.1, low=0.01, high=0.4)
    noise: float = setting(0.01, low=0.0, high=1.0)
    encoder_passes: int = setting(3, low=1, high=5)

    def fit(self, data: Dataset, run: Run = QUIET) -> Factors:
        from .networks.composite import Composite
        from .networks.reconstruction import learned

        return learned(Composite, self, data, run, "rec_vae")
