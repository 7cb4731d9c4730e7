"""The words and colors of a simulated shop: each taste and each category has its own."""

from typing import Final

# name of the taste; its color (red, green, blue); words that say it
TASTES: Final = (
    ("rustic", (139, 90, 43), ("rustic", "weathered", "handmade", "earthy", "farmhouse", "rough", "oak", "linen")),
    ("modern", (70, 90, 110), ("modern", "minimal", "clean", "geometric", "matte", "sleek", "angular", "monochrome")),
    ("sporty", (220, 60, 40), ("sporty", "light", "fast", "breathable", "agile", "training", "outdoor", "active")),
    ("romantic", (230, 130, 160), ("romantic", "floral", "soft", "rosy", "delicate", "lace", "dreamy", "blush")),
    ("playful", (250, 180, 30), ("playful", "colorful", "funny", "bright", "bouncy", "cheerful", "dotted", "cartoon")),
    ("technical", (40, 60, 90), ("technical", "precise", "smart", "digital", "wired", "engineered", "carbon", "exact")),
    ("natural", (90, 150, 80), ("natural", "organic", "green", "herbal", "pure", "gentle", "bamboo", "mossy")),
    ("luxurious", (110, 50, 120), ("luxurious", "golden", "silk", "opulent", "velvet", "fine", "noble", "polished")),
    ("vintage", (180, 150, 110), ("vintage", "retro", "faded", "classic", "brass", "antique", "worn", "nostalgic")),
    ("urban", (120, 120, 120), ("urban", "concrete", "street", "bold", "raw", "graffiti", "nightly", "loud")),
    ("coastal", (60, 150, 190), ("coastal", "breezy", "salty", "striped", "marine", "sandy", "airy", "nautical")),
    ("festive", (200, 30, 80), ("festive", "sparkling", "glittering", "merry", "shiny", "joyful", "starry", "crimson")),
)

# category; what its products are called; whether they are used up and bought again
CATEGORIES: Final = (
    ("coffee", ("coffee", "espresso", "beans"), True),
    ("lamps", ("lamp", "lantern", "light"), False),
    ("shirts", ("shirt", "blouse", "tee"), False),
    ("soap", ("soap", "shampoo", "lotion"), True),
    ("shoes", ("shoe", "sneaker", "boot"), False),
    ("tea", ("tea", "infusion", "chai"), True),
    ("bags", ("bag", "backpack", "tote"), False),
    ("snacks", ("cracker", "nut mix", "crisps"), True),
    ("cushions", ("cushion", "blanket", "throw"), False),
    ("pet food", ("kibble", "pet treat", "pet menu"), True),
    ("watches", ("watch", "clock", "timer"), False),
    ("candles", ("candle", "tealight", "wax melt"), True),
    ("mugs", ("mug", "cup", "tumbler"), False),
    ("pasta", ("pasta", "noodles", "gnocchi"), True),
    ("posters", ("poster", "print", "frame"), False),
    ("detergent", ("detergent", "softener", "cleaner"), True),
    ("jackets", ("jacket", "coat", "parka"), False),
    ("chocolate", ("chocolate", "praline", "truffle"), True),
    ("toys", ("toy", "puzzle", "game"), False),
    ("vitamins", ("vitamins", "minerals", "tonic"), True),
    ("chairs", ("chair", "stool", "bench"), False),
    ("juice", ("juice", "lemonade", "cordial"), True),
    ("scarves", ("scarf", "shawl", "gloves"), False),
    ("plants", ("fern", "cactus", "bonsai"), False),
)

AGES: Final = ("18-29", "30-39", "40-49", "50-64", "65+")
CITIES: Final = ("Northport", "Eastfield", "Southgate", "Westbridge", "Hillcrest", "Lakeside")
KINDS: Final = ("view", "cart", "purchase", "return")
CHANNELS: Final = ("web", "app", "store")
SYLLABLES: Final = (
    "ba",
    "lo",
    "mi",
    "ra",
    "ten",
    "vo",
    "kas",
    "sel",
    "dor",
    "fin",
    "gra",
    "hel",
    "jun",
    "nor",
    "pax",
    "tri",
)
