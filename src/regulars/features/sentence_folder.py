"""SentenceFolder: what the folder of a sentence model says of itself: how its words make up one vector."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from regulars.core import Floats, floats
from regulars.core.errors import SettingError

from .pretrained import CONFIG

POOLINGS: Final = ("mean", "cls", "max", "mean_sqrt_len_tokens", "weightedmean", "lasttoken")
LONGEST: Final = 512  # tokens, where no file says how many a model was made for
_FLAGS: Final = {  # how files before sentence-transformers 5 say it; several are put side by side in this order
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}


@dataclass(frozen=True)
class Layer:
    """What comes after pooling: a matrix, and tanh where `curved`. width: of what comes out."""

    path: Path
    width: int
    curved: bool

    @classmethod
    def read(cls, path: Path) -> "Layer":
        said = _json(path / CONFIG)
        name = str(said.get("activation_function", "torch.nn.modules.activation.Tanh")).rpartition(".")[2]
        if name not in ("Tanh", "Identity") or not isinstance(said.get("out_features"), int):
            raise SettingError(
                f"the layer {path} of the sentence model ends in {name}; Regulars does Tanh and Identity"
            )
        return cls(path, said["out_features"], name == "Tanh")

    def weights(self) -> tuple[Floats, Floats, bool]:
        """Matrix [out, in], bias [out], and whether tanh follows. Raises OSError and KeyError."""
        from safetensors.numpy import load_file

        file = load_file(self.path / "model.safetensors")
        bias = file.get("linear.bias", np.zeros(self.width))
        return floats(file["linear.weight"]), floats(bias), self.curved


@dataclass(frozen=True)
class SentenceFolder:
    """A model in the format of transformers, with or without the files that sentence-transformers adds.

    poolings: what becomes of the words' vectors, some of POOLINGS side by side; mean where nothing is said. layers:
    what comes after. width: of the vectors; max_tokens: what the model was made for; lower: whether it wants small
    letters.
    """

    path: Path
    poolings: tuple[str, ...]
    layers: tuple[Layer, ...]
    width: int
    max_tokens: int
    lower: bool

    @classmethod
    def read(cls, path: Path) -> "SentenceFolder":
        """Raises SettingError for a model whose vectors are made in a way that is not supported."""
        config = _json(path / CONFIG)
        kind = config.get("model_type", "")
        if config.get("is_encoder_decoder"):
            raise SettingError(f"{path} is an encoder with a decoder ({kind}); sentences need an encoder such as BERT")
        width = config.get("hidden_size") or config.get("dim")
        if not isinstance(width, int):
            raise SettingError(f"{path} is no text model of one width ({kind}); name one such as BERT, MPNet or XLM-R")
        poolings, layers = _parts(path)
        said = _json(path / "sentence_bert_config.json")
        longest = said.get("max_seq_length") or min(_room(config), LONGEST)
        out = layers[-1].width if layers else width * len(poolings)
        return cls(path, poolings, layers, out, int(longest), bool(said.get("do_lower_case")))

    @property
    def words(self) -> str:
        """How words become a vector, in words."""
        return " and ".join(self.poolings)


def _parts(path: Path) -> tuple[tuple[str, ...], tuple[Layer, ...]]:
    """The poolings and the layers of modules.json; a vector of length 1 comes last whatever it says."""
    poolings: tuple[str, ...] = ()
    layers: list[Layer] = []
    for module in _json(path / "modules.json") or []:
        name, place = str(module["type"]).rpartition(".")[2], path / module["path"]
        if name == "Pooling":
            poolings = _poolings(path, _json(place / CONFIG))
        elif name == "Dense":
            layers.append(Layer.read(place))
        elif name not in ("Transformer", "Normalize"):
            raise SettingError(
                f"the sentence model {path} has a part {name}, which Regulars does not compute; take a model of "
                "Transformer, Pooling, Dense and Normalize, or give its vectors as a column of the table of items"
            )
    return poolings or ("mean",), tuple(layers)


def _poolings(path: Path, said: dict[str, Any]) -> tuple[str, ...]:
    named = said.get("pooling_mode") or [name for flag, name in _FLAGS.items() if said.get(flag)]
    modes = (named,) if isinstance(named, str) else tuple(named)
    if odd := [mode for mode in modes if mode not in POOLINGS]:
        raise SettingError(f"the sentence model {path} pools by {', '.join(odd)}; Regulars does {', '.join(POOLINGS)}")
    return modes


def _room(config: dict[str, Any]) -> int:
    """Places for tokens; RoBERTa's begin behind that of its padding."""
    places = int(config.get("max_position_embeddings") or LONGEST)
    roberta = config.get("model_type") in ("roberta", "xlm-roberta", "camembert", "mpnet")
    return places - 2 if roberta else places


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise SettingError(f"{path} cannot be read ({error}); fetch the model again") from error
