"""`dojo inspect --sheet`: a page with pictures of each recording, whatever the files are called and whatever is wrong with them."""
import base64
import html.parser
import os
import random
import re

import harness
from harness import make_clip, run

PNG = b"\x89PNG\r\n\x1a\n"


class Page(html.parser.HTMLParser):
    """Its tags with their attributes, its text, its pictures and what it would load."""

    def __init__(self, path):
        super().__init__()
        self.tags, self.text, self.pictures, self.outside = [], "", [], []
        self.source = path.read_text(encoding="utf-8")
        self.feed(self.source)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        for name, value in attrs:
            if name in ("src", "href", "srcset", "data", "action", "poster"):
                if tag == "img" and value.startswith("data:image/png;base64,"):
                    self.pictures.append(base64.b64decode(value.split(",", 1)[1], validate=True))
                else:
                    self.outside.append(value)

    def handle_data(self, data):
        self.text += data


def size_of_png(data):
    return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")


class Sheet(harness.TestCase):
    def check(self, *args):
        path = self.folder / "sheet.html"
        result = run("inspect", *args, "--sheet", path)
        self.assertDone(result)
        page = Page(path)
        self.assertEqual(page.outside, [])
        self.assertIsNone(re.search(r"https?:|url\(|@import|<script", page.source))
        self.assertIn("default-src 'none'", page.source)
        for picture in page.pictures:
            self.assertEqual(picture[:8], PNG)
        return result, page

    def test_each_recording_has_four_pictures_of_its_shape(self):
        clips = self.folder / "clips"
        clips.mkdir()
        make_clip(clips / "wide.mp4", size="480x240")
        make_clip(clips / "tall.mp4", size="240x480", frames=40)
        make_clip(clips / "one.mp4", frames=1)
        (clips / "notes.txt").write_text("no video\n")
        result, page = self.check(clips)
        self.assertEqual(sorted(map(size_of_png, page.pictures)), sorted([(160, 80)] * 4 + [(120, 240)] * 4 + [(160, 96)]))
        self.assertEqual(len(set(page.pictures)), 9)  # of different moments
        self.assertEqual(result.out.splitlines()[-1], str(self.folder / "sheet.html"))
        self.assertIn("recording", result.out.splitlines()[0])
        for text in ("480x240 · h264 · 40 frames · 4.00 s · 10.00 fps", "frame 35, 3.5 s", "held out", "too short", "1 .txt"):
            self.assertIn(text, page.text)

    def test_odd_names_and_damage_are_shown_as_text(self):
        clips = self.folder / "clips"
        clips.mkdir()
        make_clip(clips / "good.mp4")
        odd = os.fsencode(clips) + b"/caf\xe9 <b>\"'&.mp4"
        make_clip(clips / "odd.mp4")
        os.rename(clips / "odd.mp4", odd)
        (clips / "<i>noise.mp4").write_bytes(random.Random(1).randbytes(50_000))
        hurt = clips / "hurt<u>.mp4"
        make_clip(hurt, options=("-g", "10"))
        data = bytearray(hurt.read_bytes())
        begin = data.index(b"mdat") + 1000  # in the first key frame: the first picture, not the others
        data[begin:begin + 300] = random.Random(1).randbytes(300)
        hurt.write_bytes(data)
        result, page = self.check(clips, "--json")
        self.assertEqual(result.json()["sheet"], str(self.folder / "sheet.html"))
        self.assertEqual(len(page.pictures), 4 + 4 + 3, page.text)
        for text in ("caf\\xe9 <b>\"'&.mp4", "hurt<u>.mp4", "is damaged", "Files that cannot be used", "<i>noise.mp4 (input): "):
            self.assertIn(text, page.text)
        self.assertFalse({"b", "i", "u"} & set(page.tags), page.tags)

    def test_cameras_of_a_drive_are_side_by_side(self):
        event = self.folder / "clips" / "SavedClips" / "2026-01-05_10-49-15"
        event.mkdir(parents=True)
        for camera in ("front", "back"):
            make_clip(event / f"2026-01-05_10-48-07-{camera}.mp4")
        make_clip(event / "2026-01-05_10-49-07-front.mp4")
        _, page = self.check(self.folder / "clips")
        self.assertEqual(len(page.pictures), 12)
        self.assertIn("repeat(2,", page.source)
        names = re.findall(r"10-4\d-07-(?:front|back)\.mp4(?=</h3>)|no file(?=</div>)", page.source)
        self.assertEqual(names, ["10-48-07-back.mp4", "10-48-07-front.mp4", "no file", "10-49-07-front.mp4"])

    def test_a_folder_without_any_usable_file_has_a_page_too(self):
        (self.folder / "noise.mp4").write_bytes(random.Random(1).randbytes(50_000))
        path = self.folder / "sheet.html"
        self.assertError(run("inspect", self.folder, "--sheet", path), 3, "input")
        self.assertIn("noise.mp4 (input): ", Page(path).text)

    def test_a_video_or_a_folder_is_not_overwritten(self):
        clip = make_clip(self.folder / "clip.mp4")
        before = clip.read_bytes()
        self.assertError(run("inspect", clip, "--sheet", clip), 2, "config", clip)
        self.assertEqual(clip.read_bytes(), before)
        (self.folder / "a.html").mkdir()
        self.assertError(run("inspect", clip, "--sheet", self.folder / "a.html"), 2, "config", "a.html")
        self.assertError(run("inspect", clip, "--sheet", self.folder / "missing" / "a.html"), 1, "io", ("missing/a.html", "; make it first"))


if __name__ == "__main__":
    harness.main()
