"""SentenceFolder: what the folder of a sentence model says of itself: how its words make up one vector."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from regulars.core.errors import SettingError

from .pretrained import CONFIG

POOLINGS: Final = ("mean", "cls", "max", "lasttoken")
LONGEST: Final = 512  # tokens, where no file says how many a model was made for
_FLAGS: Final = {  # how files before sentence-transformers 5 say it
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_lasttoken": "lasttoken",
}


@dataclass(frozen=True)
class SentenceFolder:
    """A model in the format of transformers, with or without the files that sentence-transformers adds.

    pooling: what becomes of the words' vectors, one of POOLINGS; mean where nothing is said. width: of the vectors;
    max_tokens: what the model was made for; lower: whether it wants small letters.
    """

    path: Path
    pooling: str
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
            raise SettingError(
                f"{path} is no text model of one width ({kind}); name one such as a BERT, MPNet or XLM-R"
            )
        said = _json(path / "sentence_bert_config.json")
        longest = said.get("max_seq_length") or min(_room(config), LONGEST)
        return cls(path, _pooling(path), width, int(longest), bool(said.get("do_lower_case")))


def _pooling(path: Path) -> str:
    modules = _json(path / "modules.json") or []
    places = {str(module["type"]).rpartition(".")[2]: path / module["path"] for module in modules}
    if other := [name for name in places if name not in ("Transformer", "Pooling", "Normalize")]:
        raise SettingError(
            f"the sentence model {path} ends in {', '.join(other)}, which Regulars does not compute; take one that "
            "ends in Pooling and Normalize, or give its vectors as a column of the table of items"
        )
    said = _json(places["Pooling"] / CONFIG) if "Pooling" in places else {}
    named = said.get("pooling_mode") or [_FLAGS.get(flag, flag) for flag, on in said.items() if "mode" in flag and on]
    modes = [named] if isinstance(named, str) else list(named) or ["mean"]
    if len(modes) != 1 or modes[0] not in POOLINGS:
        raise SettingError(f"the sentence model {path} pools by {', '.join(modes)}; Regulars does one of {POOLINGS}")
    return str(modes[0])


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
