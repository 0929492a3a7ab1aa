"""YAML as configurations and models' cards are read."""

import re

import yaml

_BOOL = "tag:yaml.org,2002:bool"


class YamlLoader(yaml.SafeLoader):
    """YAML with the booleans of its version 1.2: `off` is a setting's value, and `no` is Norwegian."""


YamlLoader.yaml_implicit_resolvers = {
    first: [resolver for resolver in resolvers if resolver[0] != _BOOL]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
YamlLoader.add_implicit_resolver(_BOOL, re.compile("(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF"))
