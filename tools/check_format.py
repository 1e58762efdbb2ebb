#!/usr/bin/env python3
"""Checks that the C++ sources are formatted as .clang-format says. Run by the tests.

  tools/check_format.py [ROOT]  exit code 0: clean, 1: the files printed are not, 77: not checked, and why

Versions of clang-format disagree on details; the sources follow that of Debian 12, so only this one is asked.
To format: clang-format -i FILE...
"""
import pathlib
import re
import shutil
import subprocess
import sys

VERSION = "14"
FOLDERS = ("src", "tests", "benchmarks", "examples")


def find_formatter():
    """The path of a clang-format of the right version, or None and why."""
    seen = []
    for name in (f"clang-format-{VERSION}", "clang-format"):
        path = shutil.which(name)
        if path is None:
            continue
        text = subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout
        match = re.search(r"version (\d+)", text)
        if match and match.group(1) == VERSION:
            return path, ""
        seen.append(text.strip())
    return None, "; ".join(seen) or f"clang-format-{VERSION} is not installed"


def main():
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parent.parent
    formatter, why = find_formatter()
    if formatter is None:
        print(f"check_format: not checked: version {VERSION} of clang-format is wanted; {why}")
        return 77
    files = sorted(p for folder in FOLDERS for p in (root / folder).rglob("*") if p.suffix in (".cc", ".h"))
    if not files:
        print(f"check_format: nothing found below {root}")
        return 1
    result = subprocess.run([formatter, "--dry-run", "-Werror", *files], capture_output=True, text=True, check=False)
    wrong = sorted(set(re.findall(r"^(.+?):\d+:\d+: error: code should be clang-formatted", result.stderr, re.M)))
    for path in wrong:
        print(f"{pathlib.Path(path).relative_to(root)}: run clang-format -i on it")
    if result.returncode and not wrong:
        print(result.stderr)
    print(f"check_format: {len(files)} files, {len(wrong)} not formatted")
    return 1 if result.returncode else 0


if __name__ == "__main__":
    sys.exit(main())
