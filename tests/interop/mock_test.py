#!/usr/bin/env python3
"""The mock upstream itself: a test that leans on it must be able to believe it."""

import base64
import gzip
import json
import unittest

from common import Answer, Raw, aws_events, curl, question, request_bytes, statuses
from processes import Mock, eventually, main


def read_chat(answer):
    deltas = [choice["delta"] for data in answer.events if data != "[DONE]" for choice in json.loads(data)["choices"]]
    calls = [call["function"]["arguments"] for delta in deltas for call in delta.get("tool_calls", ())]
    return "".join(delta.get("content") or "" for delta in deltas), "".join(calls)


def read_responses(answer):
    events = [json.loads(data) for data in answer.events]
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    pick = lambda kind: "".join(event["delta"] for event in events if event["type"] == kind)
    return pick("response.output_text.delta"), pick("response.function_call_arguments.delta")


def read_anthropic(answer):
    return anthropic_texts([json.loads(data) for data in answer.events])


def anthropic_texts(events):
    assert events[-1] == {"type": "message_stop"}, events[-1]
    deltas = [event["delta"] for event in events if event["type"] == "content_block_delta"]
    return "".join(d.get("text", "") for d in deltas), "".join(d.get("partial_json", "") for d in deltas)


def read_gemini(answer):
    chunks = json.loads(answer.text) if answer.text.startswith("[") else [json.loads(data) for data in answer.events]
    parts = [part for chunk in chunks for part in chunk["candidates"][0]["content"]["parts"]]
    calls = [json.dumps(part["functionCall"]["args"], separators=(",", ":")) for part in parts if "functionCall" in part]
    return "".join(part.get("text", "") for part in parts), "".join(calls)


def read_converse(answer):
    deltas = [json.loads(payload)["delta"] for kind, payload in aws_events(answer.body) if kind == "contentBlockDelta"]
    return "".join(d.get("text", "") for d in deltas), "".join(d["toolUse"]["input"] for d in deltas if "toolUse" in d)


def read_invoke(answer):
    return anthropic_texts([json.loads(base64.b64decode(json.loads(payload)["bytes"])) for _, payload in aws_events(answer.body)])


def read_ollama(answer):
    messages = [line.get("message", {"content": line.get("response")}) for line in map(json.loads, answer.text.splitlines())]
    calls = [call["function"]["arguments"] for message in messages for call in message.get("tool_calls", ())]
    return ("".join(message["content"] for message in messages), "".join(json.dumps(call, separators=(",", ":")) for call in calls))


DIALECTS = {
    "/v1/chat/completions": read_chat,
    "/v1/responses": read_responses,
    "/v1/messages": read_anthropic,
    "/v1beta/models/m:streamGenerateContent?alt=sse": read_gemini,
    "/v1beta/models/m:streamGenerateContent": read_gemini,
    "/model/m/converse-stream": read_converse,
    "/model/m/invoke-with-response-stream": read_invoke,
    "/api/chat": read_ollama,
}


class MockTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.mock = Mock()
        cls.addClassCleanup(cls.mock.stop)

    def ask(self, options="", *arguments, **more):
        prefix = f"/+{options}" if options else ""
        return curl(f"http://127.0.0.1:{self.mock.port}{prefix}/v1/chat/completions", *arguments, body=question(**more))

    def test_sizes_that_the_benchmark_counts_on(self):
        self.assertEqual(len(self.ask().body), 1024)
        self.assertEqual(len(self.ask(stream=True).events), 34)
        with_usage = self.ask(stream=True, stream_options={"include_usage": True})
        self.assertEqual(len(with_usage.events), 35)
        self.assertEqual(json.loads(with_usage.events[-2])["usage"]["total_tokens"], 40)

    def test_cuts_change_no_byte(self):
        whole = self.ask("utf8", stream=True).body
        for options in ("cut=1", "cut=7", "wire-cut=3", "split-utf8", "coalesce", "until-close", "cut=5+gap=10us"):
            self.assertEqual(self.ask("utf8+" + options, stream=True).body, whole, options)

    def test_forms_of_a_stream(self):
        plain = self.ask(stream=True)
        self.assertEqual(self.ask("crlf", stream=True).body, plain.body.replace(b"\n", b"\r\n"))
        self.assertEqual(self.ask("cr", stream=True).body, plain.body.replace(b"\n", b"\r"))
        self.assertIn(b": keep-alive\n\n", self.ask("comments", stream=True).body)
        self.assertTrue(self.ask("bom", stream=True).body.startswith(b"\xef\xbb\xbfdata"))
        self.assertEqual(gzip.decompress(self.ask("gzip", stream=True).body), plain.body)
        self.assertEqual(self.ask("early-hints").interim, [103])

    def post(self, path, *arguments, **body):
        return curl(f"http://127.0.0.1:{self.mock.port}{path}", *arguments, body=body)

    def test_every_dialect(self):
        told = {"id": "d", "times": 0, "say": ["Glom", "ma, \u00e6"], "tools": [{"name": "look", "arguments": ['{"a"', ":1}"]}]}
        self.mock.script(told)
        text, arguments = "Glomma, \u00e6", '{"a":1}'
        named = ("-H", "X-Mock-Script: d")
        for path, read in DIALECTS.items():
            with self.subTest(path):
                self.assertEqual(read(self.post(path, *named, stream=True)), (text, arguments))
                unscripted = self.post(path, stream=True)
                self.assertTrue(read(unscripted)[0].startswith(" alpha beta"), unscripted.body[:300])
        whole = self.post("/v1/messages", *named).json
        self.assertEqual([block["type"] for block in whole["content"]], ["text", "tool_use"])
        self.assertEqual(self.post("/v1/responses", *named).json["output"][0]["content"][0]["text"], text)
        self.assertEqual(self.post("/v1beta/models/m:generateContent", *named).json["candidates"][0]["finishReason"], "STOP")
        self.assertEqual(self.post("/model/m/converse", *named).json["stopReason"], "tool_use")
        self.assertEqual(self.post("/api/chat", *named, stream=False).json["message"]["content"], text)
        self.assertEqual(self.post("/v1/chat/completions", *named).content, text)

    def test_scripts(self):
        self.mock.reset()
        self.mock.script([{"status": 429, "headers": {"X-A": "b"}, "body": '{ "as":  "is"}'}, {"sse": ["x", {"y": 1}], "crlf": True}])
        first = self.post("/anything", a=1)
        self.assertEqual((first.status, first.headers["x-a"], first.text), (429, "b", '{ "as":  "is"}'))
        self.assertEqual(self.post("/else").body, b'data: x\r\n\r\ndata: {"y":1}\r\n\r\n')
        self.assertEqual(self.post("/else").status, 404)
        asked = self.mock.requests()
        self.assertEqual([(one["method"], one["path"], one["outcome"]) for one in asked],
                         [("POST", "/anything", "complete"), ("POST", "/else", "complete")])
        self.assertEqual(json.loads(asked[0]["body"]), {"a": 1})
        events = [["a", "1"], ["b", "2"]]
        whole = b"event: a\ndata: 1\n\nevent: b\ndata: 2\n\n"
        for form in ({}, {"cut": 1}, {"cut": [3, 4, 20]}, {"framing": "until_close"}, {"framing": "length", "cut": 7, "delay_ms": 1}):
            self.mock.script({"sse_events": events, **form})
            self.assertEqual(self.post("/x").body, whole, form)
        self.mock.script([{"sse_events": events, "gzip": True, "cut": 2}, {"raw_base64": "AAH/"}, {"body": "{}", "close_after": 1}])
        self.assertEqual(gzip.decompress(self.post("/x").body), whole)
        self.assertEqual(self.post("/x").body, b"\x00\x01\xff")
        self.assertEqual(self.post("/x").curl_code, 18)
        self.mock.script({"sse_events": events, "stall_after": 5, "id": "gone"})
        self.assertEqual(self.post("/x", "-H", "X-Mock-Script: gone", "--max-time", "0.2").body, whole[:5])
        eventually(lambda: self.mock.requests("gone")[0]["outcome"] == "left_early")

    def test_damage(self):
        transfer_closed, receive_error, empty_reply = 18, 56, 52
        self.assertEqual(self.ask("early-close=3", stream=True).curl_code, transfer_closed)
        self.assertEqual(self.ask("early-close=100").curl_code, transfer_closed)
        self.assertEqual(self.ask("reset=3", stream=True).curl_code, receive_error)
        self.assertEqual(self.ask("early-close").curl_code, empty_reply)
        self.assertEqual(self.ask("status=429+retry-after=7").headers["retry-after"], "7")
        self.assertEqual([self.ask("fail=a+fail-status=503").status for _ in range(2)], [503, 200])
        self.assertEqual([self.ask("fail=b+fail-count=2").curl_code for _ in range(3)], [empty_reply, empty_reply, 0])
        self.assertEqual(self.ask("no-such-word").status, 400)

    def test_echo_and_model_options(self):
        answer = self.ask("echo", "-H", "X-Extra: 1", model="anything+tools")
        self.assertEqual(answer.json["choices"][0]["finish_reason"], "tool_calls")
        seen = json.loads(self.ask("echo", "-H", "X-Extra: 1").content)
        self.assertIn(["X-Extra", "1"], seen["headers"])
        self.assertEqual(json.loads(seen["body"]), question())

    def test_pipelined_requests_are_answered_in_order(self):
        body = json.dumps(question()).encode()
        one = request_bytes("POST", "/+first=20ms/v1/chat/completions", body=body)
        other = request_bytes("GET", "/v1/models", ["Connection: close"])
        with Raw(self.mock.port, one + one + other) as raw:
            received = raw.read_to_end()
        self.assertEqual(statuses(received), [200, 200, 200])
        self.assertGreater(received.index(b'"object":"list"'), received.rindex(b'"chat.completion"'))

    def test_a_client_that_leaves_is_counted(self):
        before = self.mock.stats()
        self.assertEqual(self.ask("stall", "--max-time", "0.2").curl_code, 28)
        self.assertEqual(self.ask("stall=2", "--max-time", "0.2", stream=True).curl_code, 28)
        after = eventually(lambda: (s := self.mock.stats())["cancelled"] == before["cancelled"] + 2 and s)
        self.assertEqual(after["active"], 0)
        self.assertEqual(after["cancelled_silent"], before["cancelled_silent"] + 1)

    def test_clients_that_reset_in_the_middle(self):
        for _ in range(20):
            with Raw(self.mock.port, request_bytes("POST", "/+gap=1ms/v1/chat/completions", body=b'{"stream":true}')) as raw:
                raw.read_until(b"data:")
                raw.reset_on_close()
        eventually(lambda: self.mock.stats()["active"] == 0)

    def test_a_slow_reader_gets_everything(self):
        with Raw(self.mock.port, request_bytes("POST", "/+bytes=5000000/v1/chat/completions", ["Connection: close"], b"{}")) as raw:
            eventually(lambda: self.mock.stats()["active"] >= 1)
            answer = Answer(raw.read_to_end(), 0)
        self.assertEqual(len(answer.content), 5000000)


if __name__ == "__main__":
    main(mock="")
