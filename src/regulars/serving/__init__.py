"""The service: questions of a shop's site answered in milliseconds, events counted as they come. Extra `serve`."""
