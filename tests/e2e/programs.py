"""What the tests of programs for the simulated machine share: examples, one that waits for ever, and programs as files."""
import pathlib

import harness

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "src/dojo/program/examples"

DEADLOCK = """program "after you" {
  nodes 2 x 1
  layout main {
    code at 0 size 1024
    semaphore go
  }
  class polite uses main {
    on [0:+2, 0]
    thread 0 {
      wait go
      signal node(1 - x, 0) go
    }
  }
}
"""


class ProgramCase(harness.TestCase):
    def write(self, text):
        path = self.folder / "a.program"
        path.write_text(text, encoding="utf-8")
        return path
