"""dojo sim --trace: what Perfetto reads, slice by slice, is what the run did. Perfetto's own classes (PyPI's `perfetto`) read it too where
they are installed."""
import pathlib

import harness
from harness import run
from programs import EXAMPLES

WAITS = {"waits: unit": "unit", "waits: semaphore": "semaphore", "waits: barrier": "barrier", "waits: phase": "phase",
         "waits: list engine": "list engine"}


def messages(raw):
    """(field, value) of a protobuf message: numbers as int, the rest as bytes."""
    def varint(at):
        value = shift = 0
        while True:
            value |= (raw[at] & 0x7f) << shift
            at, shift = at + 1, shift + 7
            if raw[at - 1] < 0x80:
                return value, at

    at = 0
    while at < len(raw):
        key, at = varint(at)
        value, at = varint(at)
        if key & 7 == 2:
            value, at = raw[at:at + value], at + value
        yield key >> 3, value


def fields(raw):
    return dict(messages(raw))


class Trace:
    """tracks: uuid -> (name, name of its parent); slices: (track's parent, track) -> [(begin ns, end ns, category, name, arguments)]."""

    def __init__(self, path):
        self.tracks, self.slices, interned, opened = {}, {}, {}, {}
        for number, raw in messages(path.read_bytes()):
            assert number == 1, number
            packet = fields(raw)
            assert packet[10] == 1
            for kind, entry in messages(packet.get(12, b"")):
                entry = fields(entry)
                interned[kind, entry[1]] = entry[2].decode()
            if 60 in packet:
                about = fields(packet[60])
                self.tracks[about[1]] = (about[2].decode(), self.tracks[about[5]][0] if 5 in about else None)
            if 11 not in packet:
                continue
            event = fields(packet[11])
            if event[9] == 1:
                assert event[11] not in opened, "a slice in another one"
                arguments = {}
                for field, annotation in messages(packet[11]):
                    if field == 4:
                        annotation = fields(annotation)
                        arguments[interned[3, annotation[1]]] = annotation[4] if 4 in annotation else interned[29, annotation[17]]
                opened[event[11]] = (packet[8], interned[1, event[3]], interned[2, event[10]], arguments)
            else:
                begin, category, name, arguments = opened.pop(event[11])
                track, node = self.tracks[event[11]]
                self.slices.setdefault((node, track), []).append((begin, packet[8], category, name, arguments))
        assert not opened, "a slice without end"


class TraceOfARun(harness.TestCase):
    def test_threads_units_and_links_are_there_slice_by_slice(self):
        path = self.folder / "gemm.perfetto-trace"
        result = run("sim", EXAMPLES / "gemm_2x2.program", "--trace", path, "--json")
        self.assertDone(result)
        self.assertIn("4 nodes over time", result.err)
        told = result.json()
        trace = Trace(path)
        names = [name for name, parent in trace.tracks.values() if parent is None]
        self.assertEqual(names, [f"node ({x}, {y}), quarter" for y in range(2) for x in range(2)])
        spent = dict.fromkeys(told["thread_cycles"], 0)
        for (node, track), slices in trace.slices.items():
            end = 0
            for begin_ns, end_ns, category, name, arguments in slices:
                begin, cycles = arguments["cycle"], arguments["cycles"]
                self.assertGreaterEqual(begin, end)
                end = begin + cycles
                self.assertEqual((begin_ns, end_ns), (begin // 2, end // 2))  # at 2 GHz
                if track.startswith("thread"):
                    spent[category] += cycles
                    self.assertEqual(name.startswith("waits: "), name in WAITS)
                    if name in WAITS:
                        self.assertEqual(WAITS[name], category)
                        self.assertRegex(arguments["instruction"], r"^wait [ab]_full\[k\]$")
                        self.assertIn(arguments["line"], (24, 25))
            self.assertLessEqual(end, told["cycles"])
        self.assertEqual(spent, told["thread_cycles"])
        node = "node (0, 0), quarter"
        self.assertEqual([s[3] for s in trace.slices[node, "thread 0"] if s[2] == "matrix"],
                         ["matmul 64 x 64 x 64: c += a_in[k, :, :] * b_in[k, :, :]"] * 2)
        self.assertEqual(sum(s[4]["cycles"] for s in trace.slices[node, "matrix unit"]), 2048)
        east, = trace.slices[node, "link to the east"]  # its quarter of A: 64 x 64 bf16
        self.assertEqual((east[3], east[4]["bytes"]), ("from (0, 0)", 8192))

    def test_perfettos_own_classes_read_the_same(self):
        try:
            from perfetto.protos.perfetto.trace import perfetto_trace_pb2
        except ImportError:
            self.skipTest("Python has no package perfetto")
        path = self.folder / "gemm.perfetto-trace"
        self.assertDone(run("sim", EXAMPLES / "gemm_2x2.program", "--trace", path))
        trace = Trace(path)
        read = perfetto_trace_pb2.Trace()
        read.ParseFromString(path.read_bytes())
        read.DiscardUnknownFields()
        self.assertEqual(read.ByteSize(), path.stat().st_size)  # it knows each field
        self.assertEqual([p.track_descriptor.name for p in read.packet if p.HasField("track_descriptor")],
                         [name for name, _ in trace.tracks.values()])
        names, begun, ended = {}, [], 0
        for packet in read.packet:
            names.update({n.iid: n.name for n in packet.interned_data.event_names})
            if packet.HasField("track_event") and packet.track_event.type == packet.track_event.TYPE_SLICE_BEGIN:
                begun.append((packet.timestamp, names[packet.track_event.name_iid]))
            elif packet.HasField("track_event"):
                self.assertEqual(packet.track_event.type, packet.track_event.TYPE_SLICE_END)
                ended += 1
        self.assertEqual(ended, len(begun))
        self.assertEqual(begun, [(begin, name) for slices in trace.slices.values() for begin, _, _, name, _ in slices])

    def test_nodes_and_time_can_be_chosen(self):
        ring = EXAMPLES / "ring_reduce.program"
        path = self.folder / "ring.perfetto-trace"
        self.assertDone(run("sim", ring, "--trace", path, "--trace-nodes", "2,0", "--trace-nodes", "5:+2,0"))
        whole = Trace(path)
        self.assertEqual([name for name, parent in whole.tracks.values() if parent is None],
                         [f"node ({x}, 0), member" for x in (2, 5, 6)])
        self.assertDone(run("sim", ring, "--trace", path, "--trace-nodes", "2,0", "--trace-from", "100", "--trace-to", "200"))
        part = Trace(path)
        for track, slices in part.slices.items():
            expected = [s for s in whole.slices[track] if s[4]["cycle"] < 200 and s[4]["cycle"] + s[4]["cycles"] > 100]
            self.assertEqual(slices, expected)
        self.assertTrue(part.slices["node (2, 0), member", "thread 0"])

    def test_what_is_traced_changes_nothing(self):
        ring = EXAMPLES / "ring_reduce.program"
        trace = self.folder / "a.perfetto-trace"
        plain = run("sim", ring, "--values", "random", "--json")
        traced = run("sim", ring, "--values", "random", "--json", "--trace", trace)
        self.assertEqual(traced.out, plain.out)
        again = self.folder / "b.perfetto-trace"
        self.assertDone(run("sim", ring, "--values", "random", "--trace", again))
        self.assertEqual(trace.read_bytes(), again.read_bytes())

    def test_a_run_that_fails_leaves_the_trace_of_what_came_before(self):
        path = self.folder / "ring.perfetto-trace"
        failed = run("sim", EXAMPLES / "ring_reduce.program", "--cycles-limit", "200", "--trace", path)
        self.assertError(failed, 3, "input", "not done after 200 cycles")
        self.assertTrue(Trace(path).slices)

    def test_wrong_choices_are_named(self):
        ring, path = EXAMPLES / "ring_reduce.program", self.folder / "t"
        for nodes in ("4", "a,b", "0:+0,0", "-1,0", "0,0,0", "0:+2:0,0", "", "99999,0"):
            self.assertError(run("sim", ring, "--trace", path, f"--trace-nodes={nodes}"), 2, "config", "--trace-nodes")
        self.assertError(run("sim", ring, "--trace", path, "--trace-nodes", "8,0"), 2, "config", "no node (8, 0)")
        self.assertError(run("sim", ring, "--trace-nodes", "0,0"), 2, "config", "--trace")
        self.assertError(run("sim", ring, "--trace-from", "5"), 2, "config", "--trace-from")
        self.assertError(run("sim", ring, "--trace", path, "--trace-from", "5", "--trace-to", "5"), 2, "config", "empty")
        self.assertError(run("sim", ring, "--trace", self.folder / "none" / "t"), 1, "io", "none")
        self.assertError(run("sim", ring, "--trace", self.folder), 2, "config", self.folder)
        self.assertFalse(path.exists())


if __name__ == "__main__":
    harness.main()
