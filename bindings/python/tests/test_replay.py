"""A conversation that C has recorded gives the same bytes here: same input, same clock, same random numbers."""

import os
import pathlib
import subprocess
import tempfile
import unittest

from gateway._bytes import lent, raw, sized
from gateway._native import ffi, lib

PROGRAM = os.environ.get("GATEWAY_RECORD_REPLAY", "")
EPOCH = 1767225600000
CONFIG = "{gateway:{auth:{mode:'token',token:'secret'},http:{endpoints:{chatCompletions:{enabled:true}}}}}"


class Replay:
    def __init__(self):
        self.state = 7
        self.random = ffi.callback("bool(void *, void *, size_t)", self.random_bytes)
        self.text = lent(CONFIG)
        out = ffi.new("gw_gateway **")
        host = sized("gw_host", random=self.random)
        assert lib.gw_gateway_open(sized("gw_config_source", text=self.text), sized("gw_gateway_options", host=host), out, ffi.NULL) == lib.GW_OK
        self.gw = out[0]
        self.conns, self.sent = {}, b""

    def random_bytes(self, _, out, size):
        for i in range(size):
            self.state = (self.state * 6364136223846793005 + 1) & 0xFFFFFFFFFFFFFFFF
            ffi.cast("unsigned char *", out)[i] = self.state >> 56
        return True

    def pump(self):
        event, out = sized("gw_event"), ffi.new("gw_buf *")
        while lib.gw_gateway_next_event(self.gw, event) == lib.GW_OK:
            number = next((n for n, conn in self.conns.items() if conn == event.conn), 0)
            if event.type == lib.GW_EVENT_OUTPUT:
                while lib.gw_conn_take_output(event.conn, out) == lib.GW_OK:
                    self.sent += b"[%d] " % number + raw(out)
                    lib.gw_buf_free(out)
            if event.type == lib.GW_EVENT_CLOSE:
                lib.gw_conn_free(event.conn)
                del self.conns[number]
                self.sent += b"[%d] closed\n" % number

    def tell(self, now, number, what):
        while (due := lib.gw_gateway_next_deadline(self.gw)) < now:
            lib.gw_gateway_tick(self.gw, due, EPOCH + due)
            self.pump()
        lib.gw_gateway_tick(self.gw, now, EPOCH + now)
        if what == "+":
            out, address = ffi.new("gw_conn **"), lent("127.0.0.1")
            if lib.gw_conn_accept(self.gw, sized("gw_peer", address=address), out) == lib.GW_OK:
                self.conns[number] = out[0]
        elif number in self.conns and what == "-":
            lib.gw_conn_eof(self.conns[number])
        elif number in self.conns:
            piece = bytes.fromhex(what)
            lib.gw_conn_recv(self.conns[number], piece, len(piece))
        self.pump()


@unittest.skipUnless(PROGRAM, "GATEWAY_RECORD_REPLAY names no program")
class ReplayTest(unittest.TestCase):
    def test_a_recorded_conversation(self):
        with tempfile.TemporaryDirectory() as folder:
            record = pathlib.Path(folder) / "record"
            want = subprocess.run([PROGRAM, "record", record], check=True, capture_output=True).stdout
            lines = record.read_text().split("\n")[:-1]
        replay = Replay()
        for line in lines:
            now, number, what = line.split()
            replay.tell(int(now), int(number), what)
        lib.gw_gateway_free(replay.gw)
        self.assertGreater(len(want), 5000)
        self.assertEqual(replay.sent, want)


if __name__ == "__main__":
    unittest.main(verbosity=2)
