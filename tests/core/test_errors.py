"""The tree that is drawn at the top of errors.py is the tree that Python sees."""

import re

from regulars.core import errors


def drawn(docstring):
    """Each class of the drawing with its parent, by the column in which its name begins."""
    parents, above = {}, []
    for line in docstring.splitlines():
        found = re.match(r"([|`\- ]*)([A-Z]\w+)(\s|$)", line)
        if not found or line.endswith("."):
            continue
        depth, name = len(found[1]), found[2]
        above = [(d, n) for d, n in above if d < depth]
        parents[name] = above[-1][1] if above else None
        above.append((depth, name))
    return parents


def test_the_drawn_tree_is_the_real_tree():
    classes = [value for value in vars(errors).values() if isinstance(value, type)]
    real = {cls.__name__: cls.__base__.__name__ if cls is not errors.RegularsError else None for cls in classes}
    assert drawn(errors.__doc__) == real


def test_an_error_about_a_missing_package_says_how_to_install_it():
    assert str(errors.MissingExtra("torch", "deep")).endswith("pip install 'regulars[deep]'")
