#!/usr/bin/env python3
"""Checks that the sources keep to the layers of docs/architecture.md. Run by the tests; prints one line for each breach.

  tools/check_layers.py [ROOT]       exit code 0: clean, 1: breaches
  tools/check_layers.py --self-test  shows each rule a breach and a clean file
"""
import pathlib
import re
import sys
import tempfile

# Folder of src/dojo -> the folders it may build on; what those may include, it may include too.
LAYERS = {
    "base": [],
    "numerics": ["base"],
    "video": ["base"],
    "scene": ["base", "video"],
    "graph": ["numerics"],
    "model": ["graph"],
    "host": ["graph"],
    "torch": ["graph"],
    "comm": ["base"],
    "train": ["model", "video", "comm"],
    "machine": ["numerics"],
    "program": ["machine"],
    "sim": ["program"],
    "compiler": ["graph", "program"],
    "emulate": ["compiler", "sim", "host"],
    "plan": ["machine"],
    "report": ["base"],
}
LAYERS["cli"] = list(LAYERS)  # chooses and joins the parts; nobody includes it

# Libraries that stay behind our own headers.
HIDDEN_LIBRARIES = re.compile(r"(libav\w+|libsw\w+|oneapi|nlohmann)/|dnnl|pugixml|sqlite3")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def reachable(layer):
    """The layers that `layer` may include: itself, and those below it at any distance."""
    found, todo = set(), [layer]
    while todo:
        at = todo.pop()
        if at not in found:
            found.add(at)
            todo += LAYERS[at]
    return found


def check_file(path, layer, text):
    """Yields (line number, message) for each breach in one file."""
    # Highway compiles NAME-inl.h once for each processor, so these headers have a guard of their own kind.
    per_target = path.name.endswith("-inl.h")
    if not re.fullmatch(r"[a-z0-9_]+(-inl)?(\.[a-z]+)+", path.name):
        yield 1, f"the name {path.name} is not snake_case"
    if path.suffix == ".h" and not per_target and "#pragma once" not in text:
        yield 1, "a header without #pragma once"
    allowed = reachable(layer)
    for number, line in enumerate(text.splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        quote, target = match.groups()
        if target.startswith("dojo/"):
            used = target.split("/")[1]
            if used not in allowed:
                names = ", ".join(sorted(allowed - {layer})) or "nothing"
                yield number, f"{layer} must not include {target}; it may include {names}"
        elif quote == '"':
            yield number, f'#include "{target}": write the path from src/, "dojo/..."'
        elif path.suffix == ".h" and HIDDEN_LIBRARIES.match(target):
            yield number, f"<{target}> in a header; this library stays inside .cc files"


def check(root):
    """Returns the breaches below root/src/dojo as printable lines, and the number of files seen."""
    breaches, files = [], 0
    source = root / "src" / "dojo"
    for path in sorted(p for p in source.rglob("*") if p.is_file()):
        files += 1
        where = path.relative_to(root)
        layer = path.relative_to(source).parts[0]
        if layer not in LAYERS:
            breaches.append(f"{where}: {layer} is no layer; the table in tools/check_layers.py lists them")
            continue
        for number, message in check_file(path, layer, path.read_text(encoding="utf-8")):
            breaches.append(f"{where}:{number}: {message}")
    return breaches, files


def self_test():
    # (file, content, what a breach must say, or None where it is clean)
    cases = [
        ("graph/a.h", '#pragma once\n#include "dojo/base/error.h"\n#include <vector>\n', None),
        ("train/a.cc", '#include "dojo/graph/graph.h"\n#include <nlohmann/json.hpp>\n', None),
        ("cli/a.cc", '#include "dojo/host/host.h"\n#include "dojo/cli/args.h"\n', None),
        ("train/b.cc", '#include "dojo/host/host.h"\n', "train must not include dojo/host/host.h"),
        ("sim/b.cc", '#include "dojo/compiler/c.h"\n', "sim must not include"),
        ("base/b.cc", '#include "dojo/cli/args.h"\n', "base must not include"),
        ("report/b.cc", '#include "dojo/train/metrics.h"\n', "report must not include"),
        ("graph/b.cc", '#  include "graph.h"\n', "write the path from src/"),
        ("video/b.h", "#pragma once\n#include <libavformat/avformat.h>\n", "stays inside .cc"),
        ("host/b.h", "#pragma once\n#include <dnnl.hpp>\n", "stays inside .cc"),
        ("video/d.h", "#pragma once\n#include <sqlite3.h>\n", "stays inside .cc"),
        ("host/b.cc", "#include <oneapi/dnnl/dnnl.hpp>\n", None),
        ("video/c.h", "#include <vector>\n", "without #pragma once"),
        ("host/kernels/math-inl.h", "#include <cmath>\n", None),
        ("video/BadName.cc", "", "not snake_case"),
        ("ghost/b.cc", "", "ghost is no layer"),
    ]
    for name, content, expected in cases:
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "src/dojo", name)
            path.parent.mkdir(parents=True)
            path.write_text(content, encoding="utf-8")
            breaches, files = check(pathlib.Path(folder))
            good = not breaches if expected is None else len(breaches) == 1 and expected in breaches[0]
            if files != 1 or not good:
                print(f"self-test: {name}: expected {expected}, seen {breaches}")
                return 1
    print(f"check_layers: {len(cases)} cases of the self-test are right")
    return 0


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parent.parent
    breaches, files = check(root)
    for line in breaches:
        print(line)
    print(f"check_layers: {files} files, {len(breaches)} breaches")
    if files == 0:
        print(f"check_layers: nothing found below {root}/src/dojo")
    return 1 if breaches or files == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
