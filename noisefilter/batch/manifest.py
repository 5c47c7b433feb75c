"""What a run is of (inputs, options, model and version), by which a later start recognises it."""

from __future__ import annotations

import json
from collections import defaultdict
from contextlib import suppress
from dataclasses import asdict
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from noisefilter.batch.errors import RefusedError
from noisefilter.batch.files import Source, digest_edges, digest_files, find_files
from noisefilter.batch.sources import canonical
from noisefilter.model import DEFAULT, MANIFEST, folder_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from noisefilter.batch.options import Options

#: Version of the layout of the output folder and its manifest, and of what a plan counts as rows.
LAYOUT = 5


def make_manifest(sources: Sequence[Source], options: Options) -> dict[str, Any]:
    """What identifies a run: inputs, options, model and version.

    Raises:
        RefusedError: there is no such model.
    """
    pages = defaultdict[str, list[Source]](list)
    for source in sources:
        if source.format == "pages":
            pages[source.input].append(source)
    inputs = [_facts(source) for source in sources if source.format != "pages"]
    for name, files in pages.items():
        total = sum(file.size for file in files)
        facts = {"files": len(files), "size": total, "stamp": digest_files(files)}
        inputs.append({"name": name, "place": _place(name), **facts})
    return {
        "layout": LAYOUT,
        "noisefilter": version("noisefilter"),
        "model": describe_model(options.model),
        "options": json.loads(json.dumps({key: value for key, value in asdict(options).items() if key != "model"})),
        "inputs": inputs,
    }


def _facts(source: Source) -> dict[str, Any]:
    facts = {"size": source.size, "stamp": source.stamp, "edges": source.edges}
    return {"name": source.name, "place": _place(source.name), **facts}


def _place(name: str) -> str:
    """Where an input is, however its name is written: `crawl`, `./crawl/` and the absolute path are one place."""
    return name if name == "-" else canonical(name)


def describe_model(folder: str | None) -> str:
    """Name, version and hash of a model, without loading it."""
    path = folder_of(folder or DEFAULT) / MANIFEST
    try:
        known = json.loads(path.read_text(encoding="utf8"))
        return f"{known['name']}-{known['version']} ({known['arrays_sha256'][:16]})"
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RefusedError(f"no model in {path.parent}: {error}") from error


def describe_software(options: Options) -> str:
    """Version and model, which must be the same wherever shards are processed."""
    return f"noisefilter {version('noisefilter')} with {describe_model(options.model)}"


def differences(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """What changed between two manifests, in words."""
    old, new = (
        {name: manifest.get(name) for name in ("layout", "noisefilter", "model")}
        | _flat(manifest.get("options", {}), "option ")
        for manifest in (before, now)
    )
    found = [
        f"{name}: {old.get(name)} then, {new.get(name)} now" for name in old | new if old.get(name) != new.get(name)
    ]
    return found + _changed_inputs(before.get("inputs", []), now["inputs"])


def _flat(options: dict[str, Any], name: str) -> dict[str, Any]:
    """Options by name; nested ones are flattened, as in `policy.drop_at`."""
    found: dict[str, Any] = {}
    for key, value in options.items():
        found |= _flat(value, f"{name}{key}.") if isinstance(value, dict) else {f"{name}{key}": value}
    return found


def _changed_inputs(before: list[dict[str, Any]], now: list[dict[str, Any]]) -> list[str]:
    old, new = ({item.get("place"): item for item in items} for items in (before, now))
    found = [f"input {old[place]['name']}: gone" for place in old if place not in new]
    found += [f"input {new[place]['name']}: new" for place in new if place not in old]
    for place in (place for place in new if place in old):
        name = new[place]["name"]
        facts = ((fact, old[place].get(fact), new[place].get(fact)) for fact in ("files", "size", "stamp", "edges"))
        fact, then, today = next((fact for fact in facts if fact[1] != fact[2]), ("", None, None))
        if fact in {"files", "size"}:
            found.append(f"input {name}: {fact} {then} then, {today} now")
        elif fact:
            found.append(f"input {name}: its content or date changed")
    if not found and [item.get("place") for item in before] != [item["place"] for item in now]:
        found.append("inputs: in another order, or one of them twice")
    return found


def changed_files(sources: Sequence[Source]) -> list[str]:
    """Which files have changed since they were listed, in words; new ones do not count."""
    read = [source for source in sources if source.input != "-"]
    now: dict[str, Source] = {}
    for name in dict.fromkeys(source.input for source in read):
        with suppress(RefusedError):
            now |= {file.path: file for file in find_files(name)[0]}
    again = [
        file._replace(edges=source.edges and digest_edges(file._replace(listed=source.listed)))
        for source in read
        if (file := now.get(source.path))
    ]
    return _changed_inputs(list(map(_facts, read)), list(map(_facts, again)))
