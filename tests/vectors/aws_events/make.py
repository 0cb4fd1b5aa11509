#!/usr/bin/env python3
"""Writes messages.txt: AWS event-stream messages made by Python's struct and zlib, as the judge of ours.

    case <what it shows>
    bytes <hexadecimal>
    event <message type>|<type>|<content type>|<payload>      or      error data      or      error limit
"""
import struct
import zlib


def header(name, kind, value=b""):
    return bytes([len(name)]) + name.encode() + bytes([kind]) + value


def string(name, value):
    return header(name, 7, struct.pack(">H", len(value)) + value.encode())


def message(headers, payload, total=None, headers_size=None, bad_prelude=0, bad_message=0):
    total = 16 + len(headers) + len(payload) if total is None else total
    headers_size = len(headers) if headers_size is None else headers_size
    prelude = struct.pack(">II", total, headers_size)
    prelude += struct.pack(">I", zlib.crc32(prelude) ^ bad_prelude)
    body = prelude + headers + payload
    return body + struct.pack(">I", zlib.crc32(body) ^ bad_message)


def event(kind, payload):
    headers = string(":event-type", kind) + string(":content-type", "application/json") + string(":message-type", "event")
    return message(headers, payload.encode())


ten = (header("a", 0) + header("b", 1) + header("c", 2, b"\xff") + header("d", 3, b"\x12\x34") +
       header("e", 4, b"\0\0\0\1") + header("f", 5, b"\0" * 7 + b"\2") + header("g", 6, b"\0\3\0\1\2") +
       string("h", "text") + header("i", 8, b"\0" * 8) + header("j", 9, b"\x11" * 16))
start, delta = '{"role":"assistant"}', '{"contentBlockIndex":0,"delta":{"text":"Glomma \u00e9"},"p":"ab"}'
cases = [
    ("no headers, no payload", message(b"", b""), ["event |||"]),
    ("one event", event("messageStart", start), ["event event|messageStart|application/json|" + start]),
    ("two events", event("messageStart", start) + event("contentBlockDelta", delta),
     ["event event|messageStart|application/json|" + start, "event event|contentBlockDelta|application/json|" + delta]),
    ("an exception", message(string(":exception-type", "throttlingException") + string(":message-type", "exception"),
                             b'{"message":"slow"}'), ['event exception|throttlingException||{"message":"slow"}']),
    ("an error, which has no payload", message(string(":error-code", "500") + string(":error-message", "no") +
                                               string(":message-type", "error"), b""), ["event error|500||"]),
    ("headers of all ten types", message(ten + string(":event-type", "x"), b"p"), ["event |x||p"]),
    ("cut off", event("messageStart", start) + event("messageStop", "{}")[:-1],
     ["event event|messageStart|application/json|" + start]),
    ("wrong checksum of the lengths", message(b"", b"", bad_prelude=1), ["error data"]),
    ("wrong checksum of the message, behind a good one", event("messageStop", "{}") + message(b"", b"p", bad_message=256),
     ["event event|messageStop|application/json|{}", "error data"]),
    ("shorter than its frame", message(b"", b"", total=15), ["error data"]),
    ("headers longer than the message", message(b"", b"", headers_size=1), ["error data"]),
    ("headers size beyond 32 bits of sense", message(b"", b"", headers_size=0xFFFFFFFF), ["error data"]),
    ("longer than any message may be", message(b"", b"", total=0xFFFFFFFF), ["error limit"]),
    ("a header without a name", message(header("", 0), b""), ["error data"]),
    ("a name beyond the headers", message(b"\x09ab", b"payload"), ["error data"]),
    ("a value beyond the headers", message(b"\x01a\x07\x00\x09b", b"payload"), ["error data"]),
    ("no room for a value's length", message(b"\x01a\x07\x00", b"payload"), ["error data"]),
    ("a value of an eleventh type", message(header("a", 10), b""), ["error data"]),
    ("a type that is a number", message(header(":event-type", 2, b"\1"), b""), ["error data"]),
    ("two types", message(string(":event-type", "a") + string(":event-type", "b"), b""), ["error data"]),
    ("an event's type and an exception's", message(string(":event-type", "a") + string(":exception-type", "b"), b""),
     ["error data"]),
    ("128 headers", message(header("a", 0) * 128, b"p"), ["event |||p"]),
    ("129 headers", message(header("a", 0) * 129, b"p"), ["error limit"]),
]
with open(__file__.replace("make.py", "messages.txt"), "w", encoding="utf-8") as out:
    out.write("# Made by make.py.\n")
    for name, wire, want in cases:
        out.write("\ncase %s\nbytes %s\n%s\n" % (name, wire.hex(), "\n".join(want)))
corpus = __file__.replace("vectors/aws_events/make.py", "fuzz/corpus/aws_events/")
for name in ["two events", "headers of all ten types", "an exception", "two types", "128 headers"]:
    wire = next(wire for case, wire, _ in cases if case == name)
    with open(corpus + name.replace(" ", "-"), "wb") as out:
        out.write(b"\x05" + wire)
