#!/usr/bin/env python3
"""Rewrites every golden file of the tests that another program makes (the report's look: report_test.cc says how). The tests themselves need
none of what this needs.

    python3 -m venv venv && venv/bin/pip install torch==2.13.0 numpy tensorboardX
    venv/bin/python tests/regenerate.py

Look at `git diff` afterwards: a golden file changes only where a maker under tests/golden/ changed.
"""

import pathlib
import subprocess
import sys

try:
    import torch  # noqa: F401
except ImportError:
    sys.exit("regenerate.py: needs PyTorch 2.13 (the CPU build is enough), see the top of this file")

for maker in sorted(pathlib.Path(__file__).resolve().parent.glob("golden/make_*.py")):
    print(f"{maker.name}:", flush=True)
    subprocess.run([sys.executable, str(maker)], check=True)
