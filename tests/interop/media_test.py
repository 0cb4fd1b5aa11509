#!/usr/bin/env python3
"""PDF and HEIC through gatewayd and the programs that read them: what a model is shown of them, and what is refused.

The files are made here. A program that is not installed leaves its tests out, and says so.
"""

import base64
import json
import os
import pathlib
import re
import struct
import subprocess
import tempfile
import time
import unittest
import zlib

from common import curl
from processes import Gateway, Mock, chat_config, main, tool

WORDS = ("The harvest of the northern valley was better than anybody had expected after the long rain, and the barns "
         "were full before the first snow fell on the road to the market town, so that nobody went hungry in winter.")


def pdf(objects, root=1):
    """A PDF out of its objects, numbered from 1; a pair is (dictionary, stream)."""
    out, places = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"), []
    for number, one in enumerate(objects, 1):
        places.append(len(out))
        dictionary, stream = one if isinstance(one, tuple) else (one, None)
        out += f"{number} 0 obj\n".encode()
        if stream is None:
            out += dictionary.encode()
        else:
            out += f"<< {dictionary} /Length {len(stream)} >>\nstream\n".encode() + stream + b"\nendstream"
        out += b"\nendobj\n"
    table = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    out += b"".join(f"{place:010} 00000 n \n".encode() for place in places)
    out += f"trailer\n<< /Size {len(objects) + 1} /Root {root} 0 R >>\nstartxref\n{table}\n%%EOF\n".encode()
    return bytes(out)


def document(content, pages=1, box="0 0 612 792", filters=""):
    """A PDF whose pages all show the same content stream."""
    kids = " ".join(f"{5 + i} 0 R" for i in range(pages))
    page = f"<< /Type /Page /Parent 2 0 R /MediaBox [{box}] /Contents 3 0 R /Resources << /Font << /F1 4 0 R >> >> >>"
    return pdf(["<< /Type /Catalog /Pages 2 0 R >>", f"<< /Type /Pages /Kids [{kids}] /Count {pages} >>", (filters, content),
                "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>", *[page] * pages])


def text_page(words):
    lines = [words[at:at + 80] for at in range(0, len(words), 80)]
    return ("BT /F1 12 Tf 14 TL 40 740 Td " + " ".join(f"({line}) Tj T*" for line in lines) + " ET").encode()


def bomb():
    """10 GiB of blanks in a content stream of a few KiB: deflated twice."""
    maker = zlib.compressobj(9)
    head = maker.compress(b" " * (1 << 24)) + maker.flush(zlib.Z_FULL_FLUSH)
    again = maker.compress(b" " * (1 << 24)) + maker.flush(zlib.Z_FULL_FLUSH)
    return document(zlib.compress(head + again * 640, 9), filters="/Filter [/FlateDecode /FlateDecode]")


def png(width, height):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = b"".join(b"\0" + bytes((x * 255 // width, y * 255 // height, 90)[i] for x in range(width) for i in range(3))
                    for y in range(height))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def jpeg_size(data):
    """Width and height of a JPEG."""
    at = 2
    while at + 9 < len(data):
        marker, length = data[at + 1], struct.unpack(">H", data[at + 2:at + 4])[0]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", data[at + 5:at + 9])
            return width, height
        at += 2 + length
    raise AssertionError("no frame in the JPEG")


class MediaTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.mock = Mock()
        cls.addClassCleanup(cls.mock.stop)
        config = chat_config(cls.mock)
        config["gateway"]["http"]["endpoints"]["responses"] = {"enabled": True, "files": {"pdf": {"maxPixels": 250000}}}
        cls.gateway = Gateway(config)
        cls.addClassCleanup(cls.gateway.stop)

    def ask(self, kind, media_type, data, timeout=60, **more):
        source = {"type": "base64", "media_type": media_type, "data": base64.b64encode(data).decode(), **more}
        body = {"model": "openclaw", "input": [{"role": "user", "content": [
            {"type": "input_text", "text": "What is this?"}, {"type": kind, "source": source}]}]}
        return curl(f"{self.gateway.url}/v1/responses", "-H", "x-openclaw-model: mock/test-model+echo", body=body, timeout=timeout)

    def told(self, answer):
        """What the provider was asked: the system prompt, and the pictures as bytes."""
        self.assertEqual(answer.status, 200, answer.text[:500])
        told = json.loads(json.loads(answer.json["output"][0]["content"][0]["text"])["body"])
        system = "\n".join(json.dumps(message["content"], ensure_ascii=False) for message in told["messages"]
                           if message["role"] in ("system", "developer"))
        pictures = []
        for message in told["messages"]:
            for part in message["content"] if isinstance(message["content"], list) else ():
                if part["type"] == "image_url":
                    kind, _, data = part["image_url"]["url"].partition(";base64,")
                    self.assertEqual(kind, "data:image/jpeg")
                    pictures.append(base64.b64decode(data))
        return system, pictures

    def refused(self, answer, status, words):
        self.assertEqual(answer.status, status, answer.text[:500])
        error = answer.json["error"]
        self.assertEqual(error["code"], "bad_attachment")
        self.assertRegex(error["message"], words)
        self.assertIn("input.0.content.1", error["message"])

    # --- PDF

    def test_text_of_a_pdf(self):
        tool("pdftotext")
        system, pictures = self.told(self.ask("input_file", "application/pdf", document(text_page(WORDS)), filename="report.pdf"))
        self.assertIn("harvest of the northern valley", system)
        self.assertIn("UNTRUSTED", system)
        self.assertIn("report.pdf", system)
        self.assertEqual(pictures, [])

    def test_pages_of_a_pdf_without_text_are_pictures(self):
        tool("pdftotext")
        tool("pdftoppm")
        drawing = b"1 0 0 rg 100 100 300 400 re f"
        _, pictures = self.told(self.ask("input_file", "application/pdf", document(drawing, pages=6)))
        self.assertEqual(len(pictures), 4)  # pdf.maxPages
        for picture in pictures:
            width, height = jpeg_size(picture)
            self.assertLess(width * height, 250001)  # pdf.maxPixels
            self.assertGreater(height, width)

    def test_a_page_as_large_as_a_field(self):
        tool("pdftotext")
        tool("pdftoppm")
        page = document(b"1 0 0 rg 100 100 300 400 re f", box="0 0 14000000 14000000")
        _, pictures = self.told(self.ask("input_file", "application/pdf", page))
        width, height = jpeg_size(pictures[0])
        self.assertLess(width * height, 250001)

    def test_pdfs_that_are_none(self):
        tool("pdftotext")
        tool("pdftoppm")
        whole = document(text_page(WORDS))
        for name, data in {"a head": whole[:20], "no objects": b"%PDF-1.7\n" + b"junk " * 100, "cut": whole[:200]}.items():
            with self.subTest(name):
                self.refused(self.ask("input_file", "application/pdf", data), 400, "cannot be read")

    def test_a_bomb_in_a_pdf(self):
        tool("pdftotext")
        data = bomb()
        self.assertLess(len(data), 100000)
        start = time.monotonic()
        answer = self.ask("input_file", "application/pdf", data, timeout=150)
        self.refused(answer, 400, "more memory or time")
        self.assertLess(time.monotonic() - start, 120)
        # The gateway lives, and reads the next one.
        system, _ = self.told(self.ask("input_file", "application/pdf", document(text_page(WORDS))))
        self.assertIn("harvest", system)

    # --- HEIC

    def heic(self):
        encoder = tool("heif-enc")
        tool("heif-convert")
        with tempfile.TemporaryDirectory(prefix="gateway-heic-") as folder:
            path = pathlib.Path(folder)
            (path / "in.png").write_bytes(png(64, 48))
            done = subprocess.run([encoder, "-o", path / "out.heic", path / "in.png"], stdin=subprocess.DEVNULL,
                                  capture_output=True, text=True)
            if done.returncode != 0 or not (path / "out.heic").exists():
                raise unittest.SkipTest("heif-enc makes no HEIC: " + done.stderr.strip()[-200:])
            return (path / "out.heic").read_bytes()

    def test_heic_becomes_jpeg(self):
        _, pictures = self.told(self.ask("input_image", "image/heic", self.heic()))
        self.assertEqual([jpeg_size(picture) for picture in pictures], [(64, 48)])
        left = [name for name in os.listdir(tempfile.gettempdir()) if name.startswith("gateway-heif.")]
        self.assertEqual(left, [])

    def test_heic_that_says_it_is_enormous(self):
        data = self.heic()
        size = re.search(rb"ispe\0\0\0\0", data)
        data = data[:size.end()] + struct.pack(">II", 40000, 40000) + data[size.end() + 8:]
        self.refused(self.ask("input_image", "image/heic", data), 413, "pixels")

    def test_heic_that_is_damaged(self):
        data = self.heic()
        self.refused(self.ask("input_image", "image/heic", data[:len(data) // 2]), 400, "cannot be read")


if __name__ == "__main__":
    main(gatewayd="", mock="")
