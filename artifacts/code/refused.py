"""What code of a step may not do, because its fingerprint could not follow it."""

import builtins

_CODE = {"exec", "eval", "compile", "__import__", "globals", "breakpoint"}
# What these mean depends on where the module lies, which is not in the key.
_OF_THE_FILE = {"__file__", "__path__", "__spec__", "__loader__", "__package__", "__builtins__"}
_PACKAGES = ("builtins", "code", "codeop", "importlib", "pkgutil", "runpy", "subprocess", "pty")
_ALLOWED = ("importlib.metadata.", "importlib.util.find_spec.")
_FUNCTIONS = ("sys.modules", "os.system", "os.popen", "os.exec", "os.spawn", "os.posix_spawn", "types.CodeType",
              "types.FunctionType", "asyncio.create_subprocess")  # fmt: skip


def refused_builtin(name: str) -> bool:
    """Whether a name that is defined nowhere reaches code or files by a text."""
    return name in _CODE or name in _OF_THE_FILE


def refused_name(full_name: str) -> bool:
    """Whether something of another package runs code or programs, or reads files, that are named by a text."""
    if f"{full_name}.".startswith(_ALLOWED):
        return False
    package, _, name = full_name.partition(".")
    if package == "builtins" and hasattr(builtins, name):
        return refused_builtin(name)
    return package in _PACKAGES or full_name.startswith(_FUNCTIONS)
