"""The sections of the page: each takes a Report and gives its HTML, or None when it has nothing to tell."""
