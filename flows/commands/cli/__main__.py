"""`python -m flows.commands.cli`."""

from flows.commands.cli import main

main()
