"""Reader: what a browser would see of a page."""

from html.parser import HTMLParser


class Reader(HTMLParser):
    """What a browser would see."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.open, self.words, self.scripts = [], [], [], [], []
        self.feed(text)

    def handle_starttag(self, name, attributes):
        self.tags.append(name)
        self.attributes += attributes
        if name not in {"meta", "img", "br"}:
            self.open.append(name)

    def handle_endtag(self, name):
        assert self.open.pop() == name

    def handle_data(self, text):
        inside = self.open[-1] if self.open else ""
        if inside == "script":
            self.scripts.append(text)
        elif inside != "style":
            self.words.append(text)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())
