"""JSON Schema as far as the schemas of audit's events use it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

__all__ = ("mistakes",)


def mistakes(schema: Mapping[str, Any], value: Any, root: Mapping[str, Any]) -> list[str]:
    """What of JSON Schema the catalog's schemas use; [] for a value that it allows."""
    if "$ref" in schema:
        return mistakes(root["$defs"][schema["$ref"].removeprefix("#/$defs/")], value, root)
    found: list[str] = []
    for one in schema.get("allOf", ()):
        found += mistakes(one, value, root)
    for word, allowed in (("oneOf", (1,)), ("anyOf", range(1, 1000))):
        if word in schema:
            good = [one for one in schema[word] if not mistakes(one, value, root)]
            if len(good) not in allowed:
                found.append(f"{len(good)} of {word} hold for {value!r}")
    if "const" in schema and value != schema["const"]:
        found.append(f"{value!r} is not {schema['const']!r}")
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{value!r} is none of {schema['enum']}")
    if "type" in schema and not _is_of(schema["type"], value):
        return [*found, f"{value!r} is no {schema['type']}"]
    return found + _inner_mistakes(schema, value, root)


def _is_of(types: str | list[str], value: Any) -> bool:
    kinds: dict[str, tuple[type, ...]] = {
        "integer": (int,),
        "string": (str,),
        "array": (list,),
        "object": (dict,),
        "boolean": (bool,),
        "null": (type(None),),
    }
    words = [types] if isinstance(types, str) else types
    is_bool = isinstance(value, bool)
    return any(isinstance(value, kinds[one]) and is_bool == (one == "boolean") for one in words)


def _inner_mistakes(schema: Mapping[str, Any], value: Any, root: Mapping[str, Any]) -> list[str]:
    found: list[str] = []
    match value:
        case str() if not re.search(schema.get("pattern", ""), value):
            found.append(f"{value!r} does not match {schema['pattern']}")
        case bool():
            pass
        case int() if value < schema.get("minimum", value):
            found.append(f"{value} is too small")
        case list():
            if len(value) < schema.get("minItems", 0):
                found.append("too short")
            for one in value:
                found += mistakes(schema.get("items", {}), one, root)
        case dict():
            properties = schema.get("properties", {})
            found += [f"no {one}" for one in schema.get("required", ()) if one not in value]
            for name, one in value.items():
                found += mistakes(schema.get("propertyNames", {}), name, root)
                more = schema.get("additionalProperties", True)
                inner = properties.get(name, more)
                if inner is False:
                    found.append(f"{name} is not allowed")
                elif inner is not True:
                    found += mistakes(inner, one, root)
    return found
