"""The resources that a schema refers to, taken from a registry. Nothing is ever fetched."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urldefrag, urljoin

from maskforge._core import MisuseError
from maskforge.grammar.texts import json_text

if TYPE_CHECKING:
    import referencing

_REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")


def check_registry(registry: Any) -> None:
    """Raises MisuseError for what is no registry."""
    if not callable(getattr(registry, "crawl", None)):
        raise MisuseError(f"registry is a {type(registry).__name__}, not a referencing.Registry")


def reachable_resources(text: str, registry: referencing.Registry[Any] | None) -> dict[str, str]:
    """The JSON text, by URI, of every resource that `text` refers to, directly or not, and that can be had locally.

    Looked up in `registry`, then among the metaschemas. What is found in neither is left to the compile, which knows
    whether the reference matters and where it stands. Too much may be found (a `$ref` inside a `const`), never too
    little.
    """
    found: dict[str, str] = {}
    try:
        contents = json.loads(text)
    except (ValueError, RecursionError):
        return found  # the compile will say what is wrong with it
    import jsonschema_specifications  # loads the metaschemas: tens of milliseconds that most compiles do without

    registries = [_crawled(registry)] if registry is not None else []
    registries.append(jsonschema_specifications.REGISTRY)
    pending: list[tuple[Any, str]] = [(contents, "")]
    while pending:
        node, base = pending.pop()
        if isinstance(node, list):
            pending += [(item, base) for item in node]
        if not isinstance(node, dict):
            continue
        for keyword in ("$id", "id"):  # `id` is draft 4's
            if isinstance(node.get(keyword), str):
                base = _join(base, node[keyword])
        for keyword in _REFERENCES:
            reference = node.get(keyword)
            if not isinstance(reference, str):
                continue
            uri = _join(base, reference)
            if uri and uri not in found and (resource := _look_up(registries, uri)) is not None:
                found[uri] = json_text(resource)
                pending.append((resource, uri))
        if isinstance(node.get("$schema"), str):
            _add_meta_schemas(node["$schema"], registries, found)
        pending += [(item, base) for item in node.values()]
    return found


def _crawled(registry: referencing.Registry[Any]) -> referencing.Registry[Any]:
    """With the identifiers inside its resources, as far as they can be read.

    `referencing` fails on draft 7's `dependencies` where they mix lists with schemas; what else is in the registry is
    none the worse for it.
    """
    try:
        return registry.crawl()
    except Exception:
        whole = registry
        for uri in registry:
            with contextlib.suppress(Exception):
                whole = whole.combine(type(registry)().with_resource(uri, registry[uri]).crawl())
        return whole


def _add_meta_schemas(uri: str, registries: list[referencing.Registry[Any]], found: dict[str, str]) -> None:
    """Those that a schema names, its own, and so on: they say which dialect it is of and which vocabularies it has."""
    for _ in range(8):
        uri = _join("", uri)
        resource = _look_up(registries, uri) if uri not in found else None
        if resource is None:
            return
        found[uri] = json_text(resource)
        uri = resource.get("$schema", "") if isinstance(resource, dict) else ""


def _look_up(registries: list[referencing.Registry[Any]], uri: str) -> Any:
    for registry in registries:
        resource = registry.get(uri)  # does not retrieve
        if resource is not None:
            return resource.contents
    return None


def _join(base: str, reference: str) -> str:
    """An absolute URI without its fragment; "" where there is none."""
    try:
        return urldefrag(urljoin(base, reference))[0]
    except ValueError:
        return ""
