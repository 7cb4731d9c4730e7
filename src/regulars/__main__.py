"""`regulars` and `python -m regulars`: the command line, which hears Ctrl-C from its first moment on."""

import sys


def main() -> None:
    """Entry point; what takes time to import is imported here, where an interrupt is expected."""
    try:
        from regulars.cli import main as command_line

        command_line()
    except KeyboardInterrupt:
        sys.stderr.write("stopped before anything was done\n")
        sys.exit(130)


if __name__ == "__main__":
    main()
