#!/usr/bin/env python3
"""One common library for reading video, measured by `dojo bench video --peers` in a process of its own.

  python3 benchmarks/peer_video.py torchcodec|decord|pyav|opencv

The first line that it prints is {"ready": "NAME VERSION"} or {"missing": REASON, "install": COMMAND}. Then it answers each line on
its standard input, a JSON object, by one line:

  {"do": "time", "keep_open": false, "seconds": 5, "height": 128, "width": 256, "clips": [{"uri": U, "frames": [...], "seconds": [...]}]}
      -> {"cpu_seconds", "wall_seconds", "clips"}: for each clip the usual pattern: open the file (with keep_open: once), take the
         frames, scale them to RGB of the size asked for. One thread.
  {"do": "check", ..., "exact": FILE}
      -> {"checked", "wrong"}: frames compared with FILE, which holds for each frame of each clip three exact pictures of the size asked
         for: of the frame before, of the frame and of the next. A frame is wrong if it resembles a neighbour much more than itself.
"""
import json
import os
import sys
import time
import urllib.parse

for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[name] = "1"

INSTALL = {
    "torchcodec": "python3 -m pip install torch torchcodec",
    "decord": "python3 -m pip install decord2",
    "pyav": "python3 -m pip install av",
    "opencv": "python3 -m pip install opencv-python-headless",
}


class Torchcodec:
    """torchcodec.decoders.VideoDecoder, in its default, exact mode. Scaled by OpenCV's area mean where it is there, which is
    quicker than torchcodec's own resize, else by torch's."""

    def __init__(self):
        import torch
        import torchcodec

        torch.set_num_threads(1)
        self.torch, self.decoder = torch, torchcodec.decoders.VideoDecoder
        self.version = torchcodec.__version__
        try:
            import cv2

            cv2.setNumThreads(1)
            self.cv2 = cv2
        except ImportError:
            self.cv2 = None

    def open(self, path, height, width):
        return self.decoder(path, num_ffmpeg_threads=1, dimension_order="NHWC" if self.cv2 else "NCHW")

    def read(self, video, clip, height, width):
        pictures = video.get_frames_at(clip["frames"]).data
        if self.cv2:
            return [self.cv2.resize(p, (width, height), interpolation=self.cv2.INTER_AREA) for p in pictures.numpy()]
        small = self.torch.nn.functional.interpolate(pictures.float(), (height, width), mode="area")
        return list(small.round().to(self.torch.uint8).permute(0, 2, 3, 1).numpy())


class Decord:
    """decord.VideoReader, which scales as it decodes."""

    def __init__(self):
        import decord

        self.decord, self.version = decord, decord.__version__
        decord.logging.set_level(decord.logging.ERROR)

    def open(self, path, height, width):
        return self.decord.VideoReader(path, num_threads=1, width=width, height=height)

    def read(self, video, clip, height, width):
        return list(video.get_batch(clip["frames"]).asnumpy())


class Pyav:
    """A container's seek to the key frame before, then its decode loop, frames known by their time."""

    def __init__(self):
        import av

        self.av, self.version = av, av.__version__

    def open(self, path, height, width):
        container = self.av.open(path)
        container.streams.video[0].codec_context.thread_count = 1
        return container

    def read(self, container, clip, height, width):
        stream = container.streams.video[0]
        wanted = clip["seconds"]
        start = stream.start_time or 0
        container.seek(start + int(wanted[0] / stream.time_base), stream=stream, backward=True)
        slack = 0.25 * (wanted[-1] - wanted[0]) / max(1, clip["frames"][-1] - clip["frames"][0])
        pictures = []
        for picture in container.decode(stream):
            seconds = (picture.pts - start) * float(stream.time_base)
            if seconds < wanted[len(pictures)] - slack:
                continue
            small = picture.reformat(width, height, format="rgb24", interpolation="AREA")
            pictures.append(small.to_ndarray())
            if len(pictures) == len(wanted):
                break
        return pictures

    def close(self, container):
        container.close()


class Opencv:
    """cv2.VideoCapture, set to the first frame, then grabbed forward."""

    def __init__(self):
        import cv2

        cv2.setNumThreads(1)
        self.cv2, self.version = cv2, cv2.__version__

    def open(self, path, height, width):
        return self.cv2.VideoCapture(path, self.cv2.CAP_FFMPEG, [self.cv2.CAP_PROP_N_THREADS, 1])

    def read(self, capture, clip, height, width):
        cv2, pictures = self.cv2, []
        capture.set(cv2.CAP_PROP_POS_FRAMES, clip["frames"][0])
        at = clip["frames"][0]
        for frame in clip["frames"]:
            while at <= frame:
                capture.grab()
                at += 1
            good, picture = capture.retrieve()
            if not good:
                break
            small = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
            pictures.append(cv2.cvtColor(small, cv2.COLOR_BGR2RGB))
        return pictures

    def close(self, capture):
        capture.release()


PEERS = {"torchcodec": Torchcodec, "decord": Decord, "pyav": Pyav, "opencv": Opencv}


class Reader:
    """Takes clips by one library, with files closed after each clip or kept open."""

    def __init__(self, peer, request):
        self.peer, self.keep_open = peer, request.get("keep_open", False)
        self.size = request["height"], request["width"]
        self.videos = {}

    def clip(self, clip):
        path = os.fsdecode(urllib.parse.unquote_to_bytes(clip["uri"][len("file://"):]))
        video = self.videos.get(path)
        if video is None:
            video = self.peer.open(path, *self.size)
        pictures = self.peer.read(video, clip, *self.size)
        if self.keep_open:
            self.videos[path] = video
        elif hasattr(self.peer, "close"):
            self.peer.close(video)
        return pictures


def measure(peer, request):
    reader, clips = Reader(peer, request), request["clips"]
    reader.clip(clips[0])  # what is loaded at the first use is no part of the pattern
    wall, cpu, done = time.monotonic(), time.process_time(), 0
    while done == 0 or time.process_time() - cpu < request["seconds"]:
        reader.clip(clips[done % len(clips)])
        done += 1
    return {"cpu_seconds": time.process_time() - cpu, "wall_seconds": time.monotonic() - wall, "clips": done}


def check(peer, request):
    import numpy

    height, width = request["height"], request["width"]
    exact = numpy.fromfile(request["exact"], dtype=numpy.uint8).reshape(len(request["clips"]), 3, -1, height, width, 3)
    reader = Reader(peer, request)
    checked = wrong = 0
    for clip, (before, here, after) in zip(request["clips"], exact.astype(numpy.int16)):
        pictures = reader.clip(clip)
        for i in range(len(clip["frames"])):
            checked += 1
            if i >= len(pictures):
                wrong += 1
                continue
            distance = [float(numpy.abs(pictures[i] - other[i]).mean()) for other in (before, here, after)]
            # Scaling and colour differ a little between libraries; a neighbour that is as near tells nothing.
            wrong += distance[1] > 1.0 and min(distance[0], distance[2]) < 0.5 * distance[1]
    return {"checked": checked, "wrong": wrong}


def main():
    name = sys.argv[1] if len(sys.argv) == 2 else ""
    if name not in PEERS:
        sys.exit(f"usage: peer_video.py {'|'.join(PEERS)}")
    # What libraries print must not get between the answers.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def say(answer):
        print(json.dumps(answer), file=answers, flush=True)

    def reason(error):  # names of files may be no UTF-8
        return f"{type(error).__name__}: {error}".encode(errors="backslashreplace").decode()

    try:
        peer = PEERS[name]()
    except Exception as error:  # a library that is there and does not load is missing too
        return say({"missing": reason(error).splitlines()[0], "install": INSTALL[name]})
    say({"ready": f"{name} {peer.version}"})
    for line in sys.stdin:
        request = json.loads(line)
        try:
            say({"time": measure, "check": check}[request["do"]](peer, request))
        except Exception as error:
            say({"failed": reason(error)})


if __name__ == "__main__":
    main()
