#!/usr/bin/env python3
"""kill -9 at any moment: no message is lost that was acknowledged, and every file can be read again.

A message is acknowledged by the answer to the call that sends it. Several lives of gatewayd share one state directory;
each is killed while messages come in, at a moment that nobody chose.
"""

import http.client
import json
import pathlib
import random
import signal
import tempfile
import threading
import unittest

from common import PATIENCE_S
from processes import TOKEN, Gateway, chat_config, main

LIVES = 6
SESSIONS = 20

CONFIG = chat_config()
CONFIG["gateway"]["http"]["rateLimit"] = {"requests": 100000}
FIELDS = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}


def say(connection, session, text):
    connection.request("POST", f"/api/sessions/{session}", json.dumps({"action": "send", "message": text}), FIELDS)
    answer = connection.getresponse()
    answer.read()
    return answer.status


class KillTest(unittest.TestCase):
    def test_what_was_acknowledged_is_there_after_a_kill(self):
        chance = random.Random(11)
        acknowledged = []
        with tempfile.TemporaryDirectory(prefix="gateway-kill-") as state:
            def begin():
                return Gateway(CONFIG, env={"OPENCLAW_STATE_DIR": state})

            for life in range(LIVES):
                gateway = begin()
                killer = threading.Timer(chance.uniform(0.05, 0.7), gateway.signal, (signal.SIGKILL,))
                connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=PATIENCE_S)
                killer.start()
                try:
                    for count in range(100000):
                        session, text = f"s{count % SESSIONS}", f"message {life}-{count}."
                        if say(connection, session, text) == 200:
                            acknowledged.append((session, text))
                except (OSError, http.client.HTTPException):
                    pass  # it is dead
                killer.join()
                connection.close()
                gateway.stop()
            self.assertGreater(len(acknowledged), LIVES * 3)

            gateway = begin()
            self.addCleanup(gateway.stop)
            kept = {}
            for session in sorted({session for session, _ in acknowledged}):
                connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=PATIENCE_S)
                connection.request("GET", f"/api/sessions/{session}?limit=1000", headers=FIELDS)
                answer = connection.getresponse()
                text = answer.read().decode()
                self.assertEqual(answer.status, 200, text[:300])
                kept[session] = text
                connection.close()
            lost = [text for session, text in acknowledged if text not in kept[session]]
            self.assertEqual(lost, [])
            for file in pathlib.Path(state).rglob("sessions.json"):
                json.loads(file.read_text())
            self.assertEqual(list(pathlib.Path(state).rglob("*.bad.*")), [])


if __name__ == "__main__":
    main(gatewayd="")
