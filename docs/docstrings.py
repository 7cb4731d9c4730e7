"""Docstrings as markdown: what they say of shapes and parameters becomes lines of their own, brackets stay brackets."""

import re

import griffe


class Plain(griffe.Extension):
    """Called by mkdocstrings for every module, class, function and attribute."""

    def on_object(self, *, obj, **_):
        if obj.docstring:
            obj.docstring.value = markdown(obj.docstring.value)


def markdown(docstring):
    """The docstring with a line break before each `name: what it is`, outside of blocks of code."""
    lines, code = [], False
    for line in docstring.splitlines():
        code ^= line.startswith("```")
        if code or line.startswith(("    ", "```")):
            lines.append(line)
            continue
        begins = re.match(r"((?:\w+, )*\w+)(:| \[[^\]]*\]:) ", line)
        if begins and lines and lines[-1].strip():
            lines[-1] += "  "
        words = re.sub(r"^((?:\w+, )*[a-z_]\w*): ", r"`\1`: ", line)
        lines.append(escaped(words))
    return "\n".join(lines)


def escaped(line):
    """Brackets outside of `code` as plain brackets."""
    parts = line.split("`")
    return "`".join(part if i % 2 else part.replace("[", "\\[") for i, part in enumerate(parts))
