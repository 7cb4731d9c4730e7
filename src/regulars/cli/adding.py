"""add: new items in a fitted model, placed by what is known of them, without a new fit."""

import time

from regulars.core import AddsItems
from regulars.core.errors import CannotDo, EmptyData
from regulars.models.kinds.saving import save

from .app import HERE, AsJson, ConfigPath, Quiet, verb
from .bars import stage, watched
from .console import emit, say
from .content import check_encoders, content_json, encoded, tell_content
from .project import Project


@verb("regulars add")
def add(config: ConfigPath = HERE, as_json: AsJson = False, quiet: Quiet = False) -> None:
    """Place the items that came to the table of items since the fit in the fitted model, by what is known of them.

    Nothing is fitted: their texts and pictures are encoded, content_to_cf or two_tower maps them, the model is saved.
    """
    project = Project.open(config)
    with watched(quiet=quiet or as_json) as run:
        saved, data = project.fitted(project.prepared(run).dataset)
        first = len(saved.items)
        recommender = saved.recommender
        if not isinstance(recommender, AddsItems):
            raise CannotDo("the fitted model takes no new items; fit content_to_cf or two_tower: regulars fit --method")
        if data.n_items == first:
            raise EmptyData(
                f"the model knows all {first:,} items of the table of items; put the new ones into it, or into "
                "another file of it, then add them"
            )
        check_encoders(project, saved, run, needed=True)
        features, coverages = encoded(project, data.item_features[first:], run)
        begun = time.perf_counter()
        recommender = recommender.add_items(features)
        seconds = time.perf_counter() - begun
        with stage(run, "save the model"):
            save(recommender, project.made("model"), data.items, content=saved.content)
    if as_json:
        emit({"added": data.n_items - first, "seconds": round(seconds, 4), "content": content_json(coverages)})
        return
    tell_content(coverages, data.items.ids[first:])
    say(f"{data.n_items - first:,} new items placed in {seconds:.2f} s; the model is in {project.model}")
