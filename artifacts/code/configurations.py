"""Which classes of ours are configurations, whose fields enter a key by value and not as code."""

import ast

from artifacts.code.names import Address, Names, dotted

_SETTINGS = ("artifacts.Settings", "artifacts.Command")


def is_field(statement: ast.AnnAssign) -> bool:
    """Whether an annotated name in a configuration is a field; class variables and private attributes are code."""
    if not isinstance(statement.target, ast.Name) or statement.target.id.startswith("_"):
        return False
    return "ClassVar" not in ast.unparse(statement.annotation)


class Configurations:
    """Tells configurations by what their bases stand for."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._known: dict[Address, bool] = {}

    def __contains__(self, address: Address) -> bool:
        if address not in self._known:
            self._known[address] = False  # while its bases are looked at
            module = self._names.sources.load(address[0])
            classes = [s for s in module.definitions.get(address[1], []) if isinstance(s, ast.ClassDef)]
            bases = [names for c in classes for base in c.bases if (names := dotted(base))]
            meanings = [m for names in bases for m in self._names.in_module(module, names)]
            self._known[address] = any(
                m.full_name in _SETTINGS or (m.address is not None and m.address in self) for m in meanings
            )
        return self._known[address]
