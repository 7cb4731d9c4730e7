"""The items of a simulated shop: category, brand, price, words, and when they are wanted."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from regulars.core import Floats, Frame, Ints

from .settings import ShopSettings
from .tastes import Doubles, power_law
from .words import CATEGORIES, SYLLABLES, TASTES

MONTHS = 12  # a shop's year has twelve months of 365 / 12 days


@dataclass(frozen=True)
class Catalog:
    """What is true of each item; arrays [n_items].

    category, brand: codes; tastes: [n_items, d]; popularity sums to 1; price: full price; cycle_days: mean time until
    it is bought again, NaN where it is not used up; season: float64 [12, n_items], wanted so many times as usual;
    available: the day from which it is sold; returned: chance that a purchase is sent back.
    """

    category: Ints
    brand: Ints
    tastes: Floats
    popularity: Doubles
    price: Floats
    cycle_days: Floats
    season: Doubles
    available: Ints
    returned: Floats

    def __len__(self) -> int:
        return len(self.category)

    @classmethod
    def draw(cls, settings: ShopSettings, random: np.random.Generator) -> "Catalog":
        """A catalog; categories differ in taste, price, season, cycle and returns, and items within them."""
        m, c, d = settings.items, settings.categories, settings.tastes
        category = random.integers(0, c, m).astype(np.int32)
        brand = random.integers(0, settings.brands, m).astype(np.int32)
        leaning = random.dirichlet(np.full(d, 0.5), c)  # what a category stands for
        concentration = (0.3 + 0.7 * d * leaning[category]) / settings.focus + 1e-3
        mixtures = random.standard_gamma(concentration) + 1e-9
        swing = settings.season * random.random(c)
        peak = random.uniform(0, MONTHS, c)
        months = np.arange(MONTHS)[:, None] + 0.5
        used_up = np.array([CATEGORIES[i][2] for i in range(c)])
        cycle = random.uniform(10, 45, c)[category] * np.exp(random.normal(0, 0.25, m))
        late = random.random(m) < settings.novelties
        level = np.exp(random.normal(2.7, 0.7, c))[category] * np.exp(random.normal(0, 0.3, settings.brands))[brand]
        return cls(
            category=category,
            brand=brand,
            tastes=(mixtures / mixtures.sum(axis=1, keepdims=True)).astype(np.float32),
            popularity=power_law(m, settings.popularity_exponent, random),
            price=np.maximum(np.round(level * np.exp(random.normal(0, 0.25, m)), 1) - 0.01, 0.49).astype(np.float32),
            cycle_days=np.where(used_up[category], cycle, np.nan).astype(np.float32),
            season=(1 + swing * np.cos(2 * np.pi * (months - peak) / MONTHS))[:, category],
            available=np.where(late, random.integers(1, max(2, settings.days), m), 0).astype(np.int32),
            returned=np.minimum(settings.returns * random.uniform(0, 2, c), 0.9)[category].astype(np.float32),
        )

    def frame(self, texts: bool, random: np.random.Generator) -> Frame:
        """The shop's own table of items: item_id, title, category, brand, price, description, available_from_day."""
        columns = {
            "item_id": item_ids(len(self)),
            "category": pl.Series([name for name, _, _ in CATEGORIES]).gather(self.category),
            "brand": pl.Series(_brands(int(self.brand.max()) + 1)).gather(self.brand),
            "price": self.price,
            "available_from_day": self.available,
        }
        frame = pl.DataFrame(columns)
        return self._described(frame, random) if texts else frame

    def _described(self, frame: Frame, random: np.random.Generator) -> Frame:
        """The same table with a title and a description whose words carry the taste and the category."""
        said = [self._taste_words(random) for _ in range(6)]
        nouns = np.array([words for _, words, _ in CATEGORIES])
        noun, again = (nouns[self.category, random.integers(0, 3, len(self))] for _ in range(2))
        words = pl.DataFrame({f"w{i}": pl.Series(column) for i, column in enumerate([*said, noun, again])})
        text = frame.hstack(words)
        title = pl.format("{} {} {}", pl.col("w0").str.to_titlecase(), "w6", pl.col("brand"))
        description = pl.format(
            "{} and {} {} by {}, {} and {}: the {} for everyone who likes it {}.",
            *(pl.col("w1").str.to_titlecase(), "w2", "w6", "brand", "w3", "w4", "w7", "w5"),
        )
        described = text.select(
            "item_id", title.alias("title"), pl.exclude("item_id", *words.columns), description.alias("description")
        )
        return described

    def _taste_words(self, random: np.random.Generator) -> np.ndarray:
        """One word for each item, of a taste drawn from its tastes."""
        taste = (random.random((len(self), 1)) > np.cumsum(self.tastes, axis=1)[:, :-1]).sum(axis=1)
        lexicon = np.array([words for _, _, words in TASTES])
        words: np.ndarray = lexicon[taste, random.integers(0, lexicon.shape[1], len(self))]
        return words


def item_ids(n: int) -> pl.Series:
    """P000000, P000001, ..."""
    return _ids("P", n)


def user_ids(n: int) -> pl.Series:
    """C000000, C000001, ..."""
    return _ids("C", n)


def _ids(letter: str, n: int) -> pl.Series:
    return pl.select(letter + pl.int_range(n, eager=False).cast(pl.String).str.zfill(max(6, len(str(n))))).to_series()


def _brands(n: int) -> list[str]:
    """n different made-up names."""
    k = len(SYLLABLES)
    names = [SYLLABLES[i % k] + SYLLABLES[(i // k + 5 * i + 3) % k] + SYLLABLES[i // k**2] for i in range(n)]
    return [name.capitalize() if i < k**2 else f"{name.capitalize()} {i}" for i, name in enumerate(names)]
