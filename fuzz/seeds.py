#!/usr/bin/env python3
"""Writes the first inputs of the fuzz targets from the project's own samples and dictionaries into corpus/."""

import hashlib
import json
import pathlib
import re
import tomllib

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
KINDS = ["original", "repost", "message", "reply"]
FORMATS = ["text", "html", "markdown"]
# The files that one byte of an input chooses from, as the target numbers them.
LISTED = re.search(r"const PLACES: .*?= \[(.*?)\];", (HERE / "src" / "lib.rs").read_text("utf-8"), re.DOTALL)
PLACES = re.findall(r'"([^"]+)"', LISTED.group(1))
LINES_MAX = 40


def write(target: str, data: bytes) -> None:
    folder = HERE / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / hashlib.sha1(data).hexdigest()).write_bytes(data)


def drafts() -> list[dict]:
    samples = [json.loads(path.read_text("utf-8")) for path in sorted((ROOT / "samples").glob("*.json"))]
    for path in sorted((ROOT / "dictionaries").glob("*.cases.toml")):
        cases = tomllib.loads(path.read_text("utf-8")).get("case", [])
        samples += [{**case, "body": case.get("text") or case.get("body") or ""} for case in cases[::12]]
    return samples


for draft in drafts():
    source = draft.get("source") or {}
    link = (draft.get("links") or [{}])[0]
    image = (draft.get("images") or [{}])[0]
    attachment = (draft.get("attachments") or [{}])[0]
    fields = [draft.get("title"), draft.get("body"), draft.get("subtitle"), draft.get("author"), draft.get("account")]
    fields += [source.get(key) for key in ("name", "title", "url", "text")]
    fields += [link.get("label"), link.get("url"), image.get("name"), image.get("alt"), image.get("qr"), attachment.get("name")]
    fields += [(draft.get("declared") or {}).get("statute")]
    kind, form = KINDS.index(draft.get("kind", "original")), FORMATS.index(draft.get("format", "text"))
    write("judge", bytes([kind, form, 0]) + "\x1f".join(field or "" for field in fields).encode())
    for number in range(3):
        if form or len(draft["body"]) < 200 and number == 2:
            write("extract", bytes([number]) + draft["body"].encode())

for path in sorted((ROOT / "dictionaries").rglob("*")) + [ROOT / "config" / "policy.toml", ROOT / "config" / "units.csv"]:
    if path.suffix not in (".csv", ".tsv", ".toml"):
        continue
    name = str(path.relative_to(ROOT)).removeprefix("config/")
    lines = path.read_text("utf-8").splitlines(keepends=True)
    text = "".join(lines if path.suffix == ".toml" and "cases" not in path.name else lines[:LINES_MAX])
    if name in PLACES:
        place = PLACES.index(name)
    elif path.name.endswith(".cases.toml"):
        place = 1
    elif path.parent.name == "dictionaries":
        place = 0
    else:
        continue
    write("dictionary", bytes([place]) + text.encode())
