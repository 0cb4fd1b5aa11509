"""Conversations of tests/vectors/conversations give the same bytes here as in C: same input, same clock, same random numbers."""

import json
import os
import pathlib
import re
import subprocess
import unittest

from gateway import Direction, InspectMode, RuleSet
from gateway._bytes import lent, raw, sized
from gateway._constants import Event
from gateway._native import ffi, lib

PROGRAM = os.environ.get("GATEWAY_PLAY", "")
FOLDER = os.environ.get("GATEWAY_CONVERSATIONS", "")
EPOCH = 1767225600000
DIALLED = 16
RULES = RuleSet()


def content(text):
    r"""The rest of a line as bytes: \r, \n, \\ and \xNN."""
    def one(found):
        return chr(int(found[1], 16)) if found[1] else {"r": "\r", "n": "\n"}.get(found[2], found[2])
    return re.sub(r"\\(?:x([0-9a-f]{2})|(.))", one, text).encode("latin-1")


class Player:
    def __init__(self):
        self.gw, self.inspector = ffi.NULL, None
        self.conns, self.dialled = {}, DIALLED
        self.ids = {"ask": [], "request": [], "run": [], "call": []}  # in the order in which they came
        self.written = b""
        self.state = 7
        self.random = ffi.callback("bool(void *, void *, size_t)", self.random_bytes)

    def random_bytes(self, _, out, size):
        for i in range(size):
            self.state = (self.state * 6364136223846793005 + 1) & 0xFFFFFFFFFFFFFFFF
            ffi.cast("unsigned char *", out)[i] = self.state >> 56
        return True

    def play(self, conversation):
        for line in conversation.split("\n"):
            if not line or line.startswith("#"):
                continue
            verb, _, rest = line.partition(" ")
            if status := getattr(self, "do_" + verb)(rest):
                self.written += b"status %d\n" % status
            if self.gw:
                self.pump()
        if self.gw:
            lib.gw_gateway_free(self.gw)
        return self.written

    def texts(self, name, texts):
        self.written += name + b"".join(b" [" + text + b"]" for text in texts) + b"\n"

    def number_of(self, event):
        for kind, ids in self.ids.items():
            if number := getattr(event, kind):
                if number not in ids:
                    ids.append(number)
                return ids.index(number) + 1
        return 0

    def pump(self):
        event, out = sized("gw_event"), ffi.new("gw_buf *")
        while lib.gw_gateway_next_event(self.gw, event) == lib.GW_OK:
            number = next((n for n, conn in self.conns.items() if conn == event.conn), 0)
            if event.type == Event.CONNECT:
                number, self.dialled = self.dialled, self.dialled + 1
                self.conns[number] = event.conn
            self.texts(b"%d %d %d %d %d %d %d %d" % (event.type, number, self.number_of(event), event.port, event.listener, event.status,
                                                     event.abort, event.restart),
                       map(raw, (event.host, event.agent, event.session, event.model, event.tool, event.method, event.caller, event.data)))
            if event.type == Event.OUTPUT:
                while lib.gw_conn_take_output(event.conn, out) == lib.GW_OK:
                    self.texts(b"sent", [raw(out)])
                    lib.gw_buf_free(out)
            elif event.type == Event.READ:
                self.written += b"reads %d\n" % lib.gw_conn_wants_read(event.conn)
            elif event.type == Event.CLOSE:
                lib.gw_conn_free(event.conn)
                del self.conns[number]
            elif event.type == Event.REQUEST:
                questions = (lib.gw_request_method, lib.gw_request_path, lib.gw_request_query, lib.gw_request_body)
                self.texts(b"asks", [self.told(question, event.request) for question in questions])
            elif event.type == Event.RUN:
                self.texts(b"wants", [self.told(lib.gw_run_request, event.run)])

    def told(self, question, number):
        out = ffi.new("gw_str *")
        return raw(out) if question(self.gw, number, out) == lib.GW_OK else b""

    def conn(self, word):
        return self.conns.get(int(word), ffi.NULL)

    def about(self, kind, function, rest, *more):
        """A call about the run, or the call of a tool, that is named first."""
        number, _, text = rest.partition(" ")
        return function(self.gw, self.id(kind, number), *more, lent(content(text)))

    def id(self, kind, word):
        ids = self.ids[kind]
        return ids[int(word) - 1] if 1 <= int(word) <= len(ids) else 0

    def do_gateway(self, rest):
        services, _, config = rest.partition(" ")
        text, out = lent(config), ffi.new("gw_gateway **")
        host = sized("gw_host", random=self.random)
        options = sized("gw_gateway_options", host=host, services=int(services), records=True)
        status = lib.gw_gateway_open(sized("gw_config_source", text=text), options, out, ffi.NULL)
        self.gw = out[0]
        return status or lib.gw_gateway_tick(self.gw, 0, EPOCH)

    def do_at(self, rest):
        while (due := lib.gw_gateway_next_deadline(self.gw)) < int(rest):
            lib.gw_gateway_tick(self.gw, due, EPOCH + due)
            self.pump()
        return lib.gw_gateway_tick(self.gw, int(rest), EPOCH + int(rest))

    def do_accept(self, rest):
        out, address = ffi.new("gw_conn **"), lent("127.0.0.1")
        status = lib.gw_conn_accept(self.gw, sized("gw_peer", address=address, port=9), out)
        if status == lib.GW_OK:
            self.conns[int(rest)] = out[0]
        return status

    def do_send(self, rest):
        number, _, text = rest.partition(" ")
        piece = content(text)
        return lib.gw_conn_recv(self.conn(number), piece, len(piece))

    def do_end(self, rest):
        return lib.gw_conn_eof(self.conn(rest))

    def do_opened(self, rest):
        return lib.gw_conn_opened(self.conn(rest))

    def do_failed(self, rest):
        number, _, text = rest.partition(" ")
        return lib.gw_conn_failed(self.conn(number), lent(content(text)))

    def do_answer(self, rest):
        number, status, text = rest.split(" ", 2)
        what = lent(content(text))
        addresses = ffi.new("gw_str[]", [what])
        return lib.gw_ask_answer(self.gw, self.id("ask", number), sized("gw_answer", status=int(status), addresses=addresses,
                                                                 address_count=1 if what[1] else 0, address=what, user=what))

    def do_route(self, rest):
        number, method, pattern = rest.split(" ")
        return lib.gw_gateway_route(self.gw, lent(method), lent(pattern), int(number), 0, 0)

    def do_respond(self, rest):
        number, code, text = rest.split(" ", 2)
        body, name, value = content(text), lent("Content-Type"), lent("text/plain")
        fields = ffi.new("gw_field[]", [{"name": name, "value": value}])
        request = self.id("request", number)
        return (lib.gw_response_start(self.gw, request, int(code), fields, 1, len(body))
                or lib.gw_response_write(self.gw, request, body, len(body)) or lib.gw_response_end(self.gw, request))

    def do_agent(self, rest):
        return lib.gw_gateway_agent(self.gw, lent(rest))

    def do_say(self, rest):
        return self.about("run", lib.gw_run_delta, rest, lib.GW_RUN_TEXT)

    def do_call(self, rest):
        number, tool, arguments = rest.split(" ", 2)
        return lib.gw_run_tool_call(self.gw, self.id("run", number), lent(""), lent(tool), lent(content(arguments)))

    def do_stop(self, rest):
        number, why = rest.split(" ")
        return lib.gw_run_end(self.gw, self.id("run", number), int(why), ffi.NULL)

    def do_fail(self, rest):
        return self.about("run", lib.gw_run_fail, rest)

    def do_tool(self, rest):
        name, _, schema = rest.partition(" ")
        return lib.gw_gateway_add_tool(self.gw, lent(name), lent(name), lent(content(schema)), 0)

    def do_progress(self, rest):
        return self.about("call", lib.gw_tool_progress, rest)

    def do_result(self, rest):
        number, _, text = rest.partition(" ")
        return lib.gw_tool_result(self.gw, self.id("call", number), lent(content(text)), False)

    def do_method(self, rest):
        name, scope, schema = rest.split(" ", 2)
        return lib.gw_gateway_add_method(self.gw, lent(name), lent(scope), lent(content(schema)), 0)

    def do_reply(self, rest):
        return self.about("call", lib.gw_method_answer, rest)

    def do_event(self, rest):
        return lib.gw_gateway_add_event(self.gw, lent(rest), lent(""), 0)

    def do_emit(self, rest):
        name, _, payload = rest.partition(" ")
        return lib.gw_gateway_emit(self.gw, lent(name), lent(content(payload)), 0)

    def do_shutdown(self, _):
        return lib.gw_gateway_shutdown(self.gw)

    def do_inspect(self, rest):
        direction, mode = map(int, rest.split(" "))
        self.inspector = RULES.inspector(Direction(direction), mode=InspectMode(mode))

    def parts(self, given):
        self.texts(b"text %d" % self.inspector.blocked, [given])

    def do_feed(self, rest):
        self.parts(self.inspector.feed(content(rest)))

    def do_finish(self, _):
        self.parts(self.inspector.finish())

    def do_verdict(self, _):
        self.texts(b"verdict", [json.dumps(self.inspector.verdict(), separators=(",", ":"), ensure_ascii=False).encode()])


@unittest.skipUnless(PROGRAM and FOLDER, "needs GATEWAY_PLAY and GATEWAY_CONVERSATIONS")
class ConversationTest(unittest.TestCase):
    def test_the_same_bytes_as_in_c(self):
        files = sorted(pathlib.Path(FOLDER).glob("*.txt"))
        self.assertGreaterEqual(len(files), 5)
        for file in files:
            with self.subTest(conversation=file.name):
                want = subprocess.run([PROGRAM, file], check=True, capture_output=True).stdout
                self.assertGreater(len(want), 1000)
                self.assertEqual(Player().play(file.read_text()), want)


if __name__ == "__main__":
    unittest.main(verbosity=2)
