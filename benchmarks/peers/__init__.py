"""The other libraries: each module prepares one library's work; heavy imports happen in the child that does it."""
