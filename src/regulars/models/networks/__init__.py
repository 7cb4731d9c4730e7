"""Networks: torch modules, the one training loop, and what is kept of them. Needs the extra `deep`."""

from regulars.core.errors import MissingExtra

try:
    import torch  # noqa: F401
except ImportError as error:
    raise MissingExtra("torch", "deep") from error
