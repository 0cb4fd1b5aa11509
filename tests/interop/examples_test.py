#!/usr/bin/env python3
"""The examples do what they say: a conversation without sockets, and a stream over plain poll()."""

import json
import subprocess
import unittest
import urllib.request

import common  # makes tests/support importable
from processes import PATHS, main


class ExamplesTest(unittest.TestCase):
    def test_no_socket(self):
        runs = [subprocess.run([PATHS["no_socket"]], check=True, capture_output=True, timeout=30).stdout for _ in range(2)]
        self.assertTrue(runs[0].startswith(b"HTTP/1.1 200 OK\r\n"))
        self.assertIn(b"data: [DONE]\n\n", runs[0])
        # Only the id of the answer is random.
        same = [[line for line in run.split(b"\r\n") if b"chatcmpl_" not in line] for run in runs]
        self.assertEqual(same[0], same[1])

    def test_poll_server(self):
        with subprocess.Popen([PATHS["poll_server"], "0"], stdout=subprocess.PIPE, text=True) as server:
            try:
                url = server.stdout.readline().split()[-1]
                body = json.dumps({"stream": True, "messages": [{"role": "user", "content": "one two"}]}).encode()
                with urllib.request.urlopen(urllib.request.Request(url + "/v1/chat/completions", body), timeout=20) as answer:
                    text = answer.read().decode()
                self.assertIn('" one"', text)
                self.assertTrue(text.endswith("data: [DONE]\n\n"))
            finally:
                server.kill()


if __name__ == "__main__":
    main(no_socket=None, poll_server=None)
