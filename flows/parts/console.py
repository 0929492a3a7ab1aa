"""Where commands print."""

from rich.console import Console


def text_console(width: int = 0) -> Console:
    """A console that prints text as it is: `[old]` is no style, `:heart:` no picture; long lines are not cut off.

    Args:
        width: at least so many columns, which tables of one line a row need.
    """
    return Console(highlight=False, markup=False, emoji=False, soft_wrap=True, width=max(Console().width, width))
