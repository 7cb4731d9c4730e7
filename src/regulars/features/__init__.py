"""What is known of an item or a customer, as numbers: categories, lists, numbers, days and text in named columns.

    columns = Columns.learn(data.item_features)            # or learn(frame, kinds={"fit": "category", "sku": "skip"})
    columns.matrix(data.item_features)                     # float32 [n_items, n_features], sparse
    columns.names                                          # "brand = Nike", "price 10 to 20", "title: cotton"

    inputs = Inputs.learn(data.item_features)              # the same for a network: codes, bags, numbers, vectors
    inputs.encode(data.item_features)                      # Encoded, from which models.networks.inputs embeds

Both are values that models hold and save: they read frames that they have never seen the same way. Texts and pictures
become vectors first, each encoded once and kept:

    encoders = {"story": SentenceEncoder(), "picture": picture_encoder("descriptor")}
    items, found = encode_columns(items, encoders, cache=Path("kept"))
"""

from .columns import Columns
from .descriptor import PictureDescriptor
from .encoders import Content, ContentEncoder
from .encoding import Coverage, encode_columns, joined
from .inputs import INPUT_KINDS, Bag, Encoded, Inputs
from .kinds import KINDS, kind_of
from .picture_encoders import picture_encoder
from .text_encoders import SentenceEncoder

__all__ = [
    "INPUT_KINDS",
    "KINDS",
    "Bag",
    "Columns",
    "Content",
    "ContentEncoder",
    "Coverage",
    "Encoded",
    "Inputs",
    "PictureDescriptor",
    "SentenceEncoder",
    "encode_columns",
    "joined",
    "kind_of",
    "picture_encoder",
]
