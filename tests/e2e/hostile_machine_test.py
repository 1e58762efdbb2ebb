"""Programs and machines from anybody: files of the library, of the examples and of machines/ with numbers, names, lines and bytes changed
are refused with line or path and reason, or run to an end that is defined: done, waiting for ever, a mistake that values show, the last
cycle that is allowed. Fifty files of each kind, or, with DOJO_FULL_TESTS=1, a thousand.

A mutated program is checked, and run at the levels of bursts and of flits without values and with them: what they find must agree. A
mutated machine is shown and checked, and a program is run on it.
"""
import collections
import concurrent.futures
import json
import os
import pathlib
import random
import re

import harness
from harness import run

ROOT = pathlib.Path(__file__).resolve().parents[2]
FILES = 1000 if os.environ.get("DOJO_FULL_TESTS") else 50  # of each kind
CYCLES = 100_000  # that a run may have; a file that hangs beyond them is found by the deadline
DEADLINE = 120

# Programs of the library on small machines.
MADE = (
    ("unit:die", "broadcast", "elements=64"),
    ("unit:die", "reduce", "elements=64", "chunk=16"),
    ("unit:die", "all_reduce_tree", "elements=64", "chunk=32"),
    ("unit:die", "all_reduce_ring", "elements=96"),
    ("unit:die", "transpose", "rows=24", "columns=24"),
    ("unit:die", "gemm_summa", "m=24", "n=32", "k=64"),
    ("unit:die", "gemm_cannon", "m=24", "n=24", "k=24"),
    ("unit:die", "convolution", "rows=6", "columns=8", "channels=8", "outputs=8"),
    ("unit:tile", "batch_norm", "positions=4", "channels=16"),
    ("unit:die", "traffic_uniform", "messages=4"),
    ("unit:die", "traffic_transpose", "messages=4"),
    ("unit:die", "traffic_neighbour", "messages=4"),
    ("unit:die", "traffic_hotspot", "bytes=256"),
)

# What those have not: interface processors, barriers and phases, padding, random rounding, arguments of regions, places.
ALL_KINDS = """program "all kinds" {
  nodes 4 x 2
  place [0:+4, 0:+2] at (0, 1)
  random dice [2, 64]
  layout main {
    code at 0 size 4096
    a: bf16[8, 16] at 4096 input
    b: bf16[16, 8] at 4352 live 0:+2
    c: f32[8, 8] at 4608 output
    d: cfloat8_1_4_3(7)[64] at 4864 input
    e: u8[64] at 4928 input
    f: u8[2, 64] at 4992
    g: cfloat8_1_4_3(7)[2, 64] at 5120
    semaphore full[2]
    semaphore room[2] = 1
    semaphore free = 1
  }
  layout dram on interfaces {
    far: bf16[8, 16, 8] at 0 input
  }
  barrier all over [0:+4, 0:+2] root (1, 1) fan 2
  class left uses main {
    on [0:+2, 0:+2] with group = 0, sign = 1
    let right = 3 - x
    thread 0 {
      wait full
      matmul 8 x 8 x 16: c = a * b
      vector d = max c, 0.0; random dice[group, :]
      barrier all
      phase
      matmul 8 x 8 x 16: c += transposed pad a[2:+8, :] * transposed b
      phase
    }
    thread 1 {
      copy from interface(2) of dram: b = far[x, :, :]; here full
      loop k < 3, slot = 0 step 1 mod 2 {
        wait room[slot]
        copy to node(right, y): f[slot, :] = e; there full[slot]
      }
      phase
      idle 10
      phase
    }
  }
  class right uses main {
    on [2:+2, 0:+2] with group = 1, sign = -1
    let left = 3 - x
    thread 2 {
      vector e = move 3
      vector c = move 1.0
      vector c[0, :] = sum_rows c
      barrier all
    }
    thread 3 {
      loop k < 3, slot = 0 step 1 mod 2 {
        wait full[slot]
        signal node(left, y) room[slot]
      }
      copy to nodes[2:+2, y]: g[x - 2, :] = d; there free
      wait free by 3
      copy to interface(x) of dram: far[x + 4*y, :, :] = a; here free
    }
  }
}
"""

NUMBERS = ("0", "1", "63", "65536", "16777216", "1099511627776", "9223372036854775808", "-1", "0.5", "1e39")
WORD = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")
NUMBER = re.compile(r"(?<![A-Za-z_0-9.])\d+(?![A-Za-z_0-9.])")


def another(number, chance):
    """Mostly one that is near."""
    near = str(chance.choice((number + 1, number - 1, number + 2, 2 * number, number // 2)))
    return near if chance.random() < 0.8 else chance.choice(NUMBERS)


def mutated(text, chance):
    """One to three changes: mostly a number, else names, lines or bytes."""
    for _ in range(chance.choice((1, 1, 1, 1, 2, 3))):
        kind = chance.randrange(20)
        if kind < 12:
            place = chance.choice(list(NUMBER.finditer(text)))
            text = text[:place.start()] + another(int(place.group()), chance) + text[place.end():]
        elif kind < 14:
            place, other = (chance.choice(list(WORD.finditer(text))) for _ in range(2))
            text = text[:place.start()] + other.group() + text[place.end():]
        elif kind < 19:
            lines = text.split("\n")
            at, there = (chance.randrange(len(lines)) for _ in range(2))
            if kind < 16:
                del lines[at]
            elif kind == 16:
                lines.insert(there, lines[at])
            else:
                lines[at], lines[there] = lines[there], lines[at]
            text = "\n".join(lines)
        else:
            raw = bytearray(text.encode("latin-1", "replace"))
            at = chance.randrange(len(raw) + 1)
            raw[at:at + chance.randrange(8)] = chance.randbytes(chance.randrange(4))
            text = raw.decode("latin-1")
    return text


class Hostile(harness.TestCase):
    def seeds(self):
        """(machine, text) of programs; each runs."""
        programs = [("unit:die", path.read_text(encoding="utf-8")) for path in sorted((ROOT / "src/dojo/program/examples").glob("*.program"))
                    if "8 x 1" not in path.read_text(encoding="utf-8")]
        programs += [("unit:tray", ALL_KINDS)] * 4
        for machine, *program in MADE:
            made = run("program", "make", *program, "--machine", machine)
            self.assertDone(made)
            programs.append((machine, made.out))
        return programs

    def write(self, name, text):
        path = self.folder / name
        path.write_bytes(text.encode("latin-1", "replace"))
        return path

    def each(self, judge):
        """judge(i, chance) for each file, two at a time; how often each end came."""
        def one(i):
            return judge(i, random.Random(f"{judge.__name__} {i}"))

        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            ends = collections.Counter(pool.map(one, range(FILES)))
        print(f"{judge.__name__}, {FILES} files:", dict(sorted(ends.items())))
        return ends

    def end_of(self, path, result):
        """How a run of dojo sim ended, which must be one of the defined ends."""
        def where():
            self.assertRegex(result.error, re.escape(str(path)) + r":\d+", result)

        self.assertHonest(result)
        if result.code == 0:
            self.assertRegex(result.out, r"\ncycles +\d+|level functional", result)
            return "done"
        self.assertIn(result.category, ("input", "unsupported"), result)
        if "the program never ends" in result.error:
            self.assertRegex(result.out, re.escape(str(path)) + r":\d+: .* waits? since cycle \d+: ", result)
            return "waits for ever"
        if f"the program is not done after {CYCLES} cycles" in result.error:
            return "too long"
        where()
        return "failed" if re.search(r"cycle \d+, ", result.error) else "refused"

    def checked(self, path, machine):
        """What dojo program check finds: ok, undecided, refused, or the kinds of problems."""
        result = run("program", "check", path, "--machine", machine, "--json", "--steps", 1_000_000, deadline=DEADLINE)
        self.assertHonest(result)
        if not result.out:
            self.assertError(result, 3, "input")
            self.assertRegex(result.error, re.escape(str(path)) + r":\d+:\d+", result)
            return "refused"
        found = result.json()
        self.assertEqual(result.code, 0 if found["ok"] else 3, result)
        for problem in found["problems"]:
            self.assertGreaterEqual(problem["line"], 1, result)
            self.assertTrue(problem["message"], result)
        if found["ok"]:
            return "ok" if found["decided"] else "undecided"
        return " ".join(sorted({p["kind"] for p in found["problems"]} - {"undecided"}))

    def test_programs(self):
        seeds = self.seeds()
        for machine, text in seeds:
            path = self.write("seed.program", text)
            self.assertEqual(self.checked(path, machine), "ok", text)
            for level in ("burst", "flit"):
                self.assertEqual(self.sim(path, machine, level, "--values", "random"), "done", text)

        def programs(i, chance):
            machine, text = seeds[i % len(seeds)]
            path = self.write(f"{i}.program", mutated(text, chance))
            found = self.checked(path, machine)
            burst, flit = (self.sim(path, machine, level) for level in ("burst", "flit"))
            values = self.sim(path, machine, chance.choice(("burst", "flit", "functional")), "--values", "random")
            about = (path.read_text(encoding="latin-1"), found, burst, flit, values)
            if found == "ok":  # nothing that it decides comes up in a run
                self.assertTrue({burst, flit} <= {"done", "too long"}, about)
                self.assertNotIn(values, ("refused", "waits for ever"), about)
            elif found == "refused":
                self.assertEqual({burst, flit, values}, {"refused"}, about)
            elif found == "deadlock":
                self.assertTrue({burst, flit} <= {"waits for ever", "too long"}, about)
            path.unlink()
            return f"{burst}, {values} with values"

        ends = self.each(programs)
        for end in ("refused,", "done, done", *(("waits for ever,", "failed with values") if FILES > 100 else ())):
            self.assertGreater(sum(n for e, n in ends.items() if end in e), 0, ends)

    def sim(self, path, machine, level, *options):
        result = run("sim", path, "--machine", machine, "--level", level, "--cycles-limit", CYCLES, *options, deadline=DEADLINE)
        return self.end_of(path, result)

    def machines(self):
        """(text, level of which a part is simulated)."""
        texts = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "machines").glob("*.json"))]
        die = json.loads((ROOT / "machines/d1_die.json").read_text(encoding="utf-8"))
        assumed = {"status": "assumed", "source": "a test"}
        die["disabled"] = {"count": {"value": 3, "unit": "nodes", **assumed}, "placing": {"value": "listed", **assumed},
                           "list": {"value": [[5, 0], [4, 2], [0, 7]], **assumed}}
        die["grid"]["columns"]["value"], die["grid"]["rows"]["value"] = 8, 8
        del die["published"]
        return texts + [json.dumps(die, indent=1)] * 3

    def test_machines(self):
        programs = [self.write(f"{i}.seed", text) for i, (_, text) in enumerate(self.seeds())]
        seeds = self.machines()

        def machines(i, chance):
            path = self.write(f"{i}.json", mutated(seeds[i % len(seeds)], chance))
            shown = run("machine", "show", path, "--json", deadline=DEADLINE)
            checked = run("machine", "check", path, deadline=DEADLINE)
            level = chance.choice(("burst", "flit"))
            program = chance.choice(programs)
            result = run("sim", program, "--machine", path, "--level", level, "--cycles-limit", CYCLES,
                         *chance.choice(((), ("--values", "random"))), deadline=DEADLINE)
            for other in (shown, checked):
                self.assertHonest(other)
                if other.code != 0:
                    self.assertError(other, 3, "input", ".json")
            if shown.code != 0:
                self.assertError(result, 3, "input", ".json")
                end = "refused"
            else:
                self.assertTrue(shown.json()["parameters"], shown)
                self.assertHonest(result)
                if result.code != 0 and result.category in ("config", "unimplemented"):
                    end = f"not simulated ({result.category})"
                else:
                    end = self.end_of(program, result)
            path.unlink()
            return end

        ends = self.each(machines)
        for end in ("refused", "done"):
            self.assertGreater(ends[end], 0, ends)


if __name__ == "__main__":
    harness.main()
