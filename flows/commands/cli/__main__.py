"""`python -m flows.commands.cli`."""

from flows.commands.cli import main

if __name__ == "__main__":
    main()
