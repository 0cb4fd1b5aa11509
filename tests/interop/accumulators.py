"""Reads a finished stream of an LLM as a strict SDK would, in six dialects.

    [(event name, data)] -- read(dialect, events) --> Answer: texts, tools, and every rule of the dialect it broke

An SDK that is less strict shows the same text; one that is as strict must find nothing to complain about.
"""

import base64
import json

DIALECTS = ("openai-chat", "openai-responses", "anthropic", "gemini", "bedrock", "ollama")


class Answer:
    def __init__(self):
        self.problems = []
        self.texts = {}     # channel -> text; a channel is a choice, a part or a block
        self.tools = []     # {"name", "arguments"} in order of appearance
        self.finish = []    # reasons, in order
        self.strings = []   # every string of every event, for a search that trusts no structure
        self.failure = None

    def add(self, channel, text):
        self.texts[channel] = self.texts.get(channel, "") + (text or "")

    @property
    def text(self):
        return "\n".join(self.texts.values())

    def check(self, good, problem):
        if not good:
            self.problems.append(problem)
        return good

    @property
    def summary(self):
        """What must not depend on how the upstream's bytes were cut."""
        return {"texts": self.texts, "tools": self.tools, "finish": self.finish, "problems": self.problems}


def read(dialect, events):
    answer = Answer()
    parsed = []
    for index, (name, data) in enumerate(events):
        if data == "[DONE]":
            parsed.append((name, data))
            continue
        try:
            value = json.loads(data)
        except ValueError:
            answer.problems.append(f"event {index} is no JSON: {data[:80]!r}")
            continue
        if not answer.check(isinstance(value, dict), f"event {index} is no object"):
            continue
        collect_strings(value, answer.strings)
        parsed.append((name, value))
    answer.check(parsed, "no event at all")
    READERS[dialect](parsed, answer)
    return answer


def collect_strings(value, out):
    if isinstance(value, str):
        out.append(value)
    elif isinstance(value, dict):
        for one in value.values():
            collect_strings(one, out)
    elif isinstance(value, list):
        for one in value:
            collect_strings(one, out)


def read_openai_chat(events, answer):
    answer.check(events and events[-1][1] == "[DONE]", "the last event is not [DONE]")
    answer.check(sum(value == "[DONE]" for _, value in events) <= 1, "[DONE] twice")
    begun, finished, calls, ids = set(), set(), {}, set()
    for _, chunk in events:
        if chunk == "[DONE]":
            continue
        if "error" in chunk:
            answer.failure = chunk["error"]
            continue
        ids.add(chunk.get("id"))
        for choice in chunk.get("choices", ()):
            index, delta = choice.get("index"), choice.get("delta") or {}
            begun.add(index)
            answer.check(index not in finished or not (delta.get("content") or delta.get("tool_calls")),
                         f"choice {index} goes on behind its finish_reason")
            answer.add(f"choice {index}", delta.get("content"))
            for kind in ("reasoning", "reasoning_content", "refusal"):
                if delta.get(kind):
                    answer.add(f"choice {index} {kind}", delta[kind])
            for call in delta.get("tool_calls") or ():
                key = (index, call["index"])
                if key not in calls:
                    answer.check(call["index"] == sum(one == index for one, _ in calls), f"tool call {key} skips an index")
                    function = call.get("function") or {}
                    answer.check(call.get("id") and function.get("name"), f"tool call {key} begins without id or name")
                    calls[key] = {"name": function.get("name"), "arguments": ""}
                    answer.tools.append(calls[key])
                calls[key]["arguments"] += (call.get("function") or {}).get("arguments") or ""
            if choice.get("finish_reason"):
                answer.check(index not in finished, f"choice {index} finishes twice")
                finished.add(index)
                answer.finish.append(choice["finish_reason"])
    answer.check(begun <= finished or answer.failure, f"choices {begun - finished} have no finish_reason")
    answer.check(len(ids) <= 1, f"the id changes: {ids}")


def read_responses(events, answer):
    ended = None
    items, parts, open_texts = {}, {}, {}
    numbers = [value.get("sequence_number") for _, value in events if value != "[DONE]"]
    if any(number is not None for number in numbers):
        answer.check(numbers == list(range(len(numbers))), f"sequence_number: {numbers}")
    for position, (name, event) in enumerate(events):
        kind = event.get("type", "") if event != "[DONE]" else "[DONE]"
        answer.check(name == kind, f"event {name} has type {kind}")
        answer.check(ended is None, f"{kind} behind {ended}")
        if position == 0:
            answer.check(kind == "response.created", f"begins with {kind}")
        at = (event.get("output_index"), event.get("content_index", event.get("summary_index"))) if event != "[DONE]" else None
        if kind == "response.output_item.added":
            answer.check(at[0] == len(items), f"output_index {at[0]} where {len(items)} was next")
            items[at[0]] = {"item": event["item"], "done": None}
            if event["item"].get("type") == "function_call":
                items[at[0]]["call"] = {"name": event["item"].get("name"), "arguments": ""}
                answer.tools.append(items[at[0]]["call"])
        elif kind == "response.content_part.added":
            answer.check(at[0] in items and items[at[0]]["done"] is None, f"a part in item {at[0]}, which is not open")
            answer.check(at not in parts, f"part {at} twice")
            parts[at] = "open"
            open_texts[at] = ""
        elif kind in ("response.output_text.delta", "response.refusal.delta"):
            answer.check(parts.get(at) == "open", f"a delta for part {at}, which is not open")
            answer.check(event.get("item_id") == items.get(at[0], {}).get("item", {}).get("id"), f"item_id of a delta in {at}")
            open_texts[at] = open_texts.get(at, "") + event["delta"]
            answer.add(f"part {at}", event["delta"])
        elif kind == "response.output_text.done":
            answer.check(event["text"] == open_texts.get(at), f"output_text.done of {at} differs from its deltas")
        elif kind == "response.content_part.done":
            answer.check(parts.get(at) == "open", f"part {at} ends, but is not open")
            text = event["part"].get("text", event["part"].get("refusal"))
            answer.check(text == open_texts.get(at), f"content_part.done of {at} differs from its deltas")
            parts[at] = "done"
        elif kind == "response.function_call_arguments.delta":
            answer.check("call" in items.get(at[0], {}), f"arguments for item {at[0]}, which is no call")
            items.get(at[0], {}).get("call", {"arguments": ""})["arguments"] += event["delta"]
        elif kind == "response.function_call_arguments.done":
            answer.check(event["arguments"] == items.get(at[0], {}).get("call", {}).get("arguments"),
                         f"arguments.done of {at[0]} differs from its deltas")
        elif kind == "response.output_item.done":
            answer.check(at[0] in items and items[at[0]]["done"] is None, f"item {at[0]} ends, but is not open")
            answer.check(all(state == "done" for place, state in parts.items() if place[0] == at[0]), f"item {at[0]} ends with an open part")
            items.setdefault(at[0], {"item": {}})["done"] = event["item"]
        elif kind in ("response.completed", "response.failed", "response.incomplete"):
            ended = kind
            answer.finish.append(kind)
            answer.failure = event["response"].get("error") if kind == "response.failed" else None
            done = [items[index].get("done") for index in sorted(items)]
            if kind != "response.failed":
                answer.check(None not in done, "an item is still open at the end")
                answer.check(event["response"].get("output") == done, "the response's output differs from its items")
        elif kind == "error":
            answer.failure = event
    answer.check(ended is not None, "no terminal event")


def read_anthropic(events, answer):
    block, next_index, started, reason, stopped, calls = None, 0, False, None, False, {}
    for _, event in events:
        kind = event.get("type") if event != "[DONE]" else "[DONE]"
        if kind == "ping":
            continue
        if kind == "error":
            answer.failure = event.get("error")
            stopped = True
            continue
        answer.check(not stopped, f"{kind} behind the end")
        answer.check(started or kind == "message_start", f"{kind} before message_start")
        if kind == "message_start":
            answer.check(not started, "message_start twice")
            started = True
        elif kind == "content_block_start":
            answer.check(block is None, "a block begins inside another")
            answer.check(event["index"] == next_index, f"block {event['index']} where {next_index} was next")
            block, next_index = event["index"], event["index"] + 1
            content = event["content_block"]
            if content["type"] == "tool_use":
                calls[block] = {"name": content["name"], "arguments": ""}
                answer.tools.append(calls[block])
            else:
                answer.add(f"block {block}", content.get("text", content.get("thinking", "")))
        elif kind == "content_block_delta":
            answer.check(event["index"] == block, f"a delta for block {event['index']}, open is {block}")
            delta = event["delta"]
            if delta["type"] == "input_json_delta":
                calls.get(event["index"], {"arguments": ""})["arguments"] += delta["partial_json"]
            else:
                answer.add(f"block {event['index']}", delta.get("text", delta.get("thinking", "")))
        elif kind == "content_block_stop":
            answer.check(event["index"] == block, f"block {event['index']} ends, open is {block}")
            block = None
        elif kind == "message_delta":
            answer.check(block is None, "message_delta inside a block")
            reason = event["delta"].get("stop_reason") or reason
        elif kind == "message_stop":
            answer.check(block is None, "message_stop inside a block")
            stopped = True
    if reason:
        answer.finish.append(reason)
    answer.check(stopped, "no message_stop")
    answer.check(reason or answer.failure, "no stop_reason")


def read_gemini(events, answer):
    finished = set()
    for _, chunk in events:
        if "error" in chunk:
            answer.failure = chunk["error"]
            continue
        for position, candidate in enumerate(chunk.get("candidates", ())):
            index = candidate.get("index", position)
            answer.check(index not in finished, f"candidate {index} goes on behind its finishReason")
            for part in candidate.get("content", {}).get("parts", ()):
                if "text" in part:
                    answer.add(f"candidate {index}{' thought' if part.get('thought') else ''}", part["text"])
                if "functionCall" in part:
                    call = part["functionCall"]
                    answer.tools.append({"name": call["name"], "arguments": json.dumps(call.get("args"))})
            if candidate.get("finishReason"):
                finished.add(index)
                answer.finish.append(candidate["finishReason"])
    answer.check(finished or answer.failure, "no finishReason")


def read_bedrock(events, answer):
    if events and events[0][0] == "chunk":
        inner = [json.loads(base64.b64decode(event["bytes"])) for name, event in events if name == "chunk"]
        for event in inner:
            collect_strings(event, answer.strings)
        if events[-1][0].endswith("Exception"):
            inner.append({"type": "error", "error": events[-1][1]})
        return read_anthropic([(event.get("type", ""), event) for event in inner], answer)
    opened, closed, stopped, calls = set(), set(), False, {}
    for position, (kind, event) in enumerate(events):
        index = event.get("contentBlockIndex")
        if kind.endswith("Exception"):
            answer.failure = event
            stopped = True
            continue
        answer.check(not stopped or kind == "metadata", f"{kind} behind messageStop")
        if position == 0:
            answer.check(kind == "messageStart", f"begins with {kind}")
        if kind == "contentBlockStart":
            answer.check(index not in opened and index == len(opened), f"block {index} where {len(opened)} was next")
            opened.add(index)
            tool = event["start"].get("toolUse")
            if tool:
                calls[index] = {"name": tool["name"], "arguments": ""}
                answer.tools.append(calls[index])
        elif kind == "contentBlockDelta":
            if index not in opened:  # text blocks begin by themselves
                answer.check(index == len(opened), f"block {index} where {len(opened)} was next")
                opened.add(index)
            answer.check(index not in closed, f"a delta for block {index}, which is closed")
            delta = event["delta"]
            if "toolUse" in delta:
                answer.check(index in calls, f"input for block {index}, which is no tool")
                calls.get(index, {"arguments": ""})["arguments"] += delta["toolUse"]["input"]
            else:
                answer.add(f"block {index}", delta.get("text", delta.get("reasoningContent", {}).get("text", "")))
        elif kind == "contentBlockStop":
            answer.check(index in opened and index not in closed, f"block {index} ends, but is not open")
            closed.add(index)
        elif kind == "messageStop":
            answer.check(opened == closed, f"messageStop with open blocks {opened - closed}")
            stopped = True
            answer.finish.append(event["stopReason"])
    answer.check(stopped, "no messageStop, and no exception")


def read_ollama(events, answer):
    done = False
    for _, line in events:
        answer.check(not done, "a line behind the one with done")
        if "error" in line:
            answer.failure, done = line["error"], True
            continue
        message = line.get("message", {"content": line.get("response", "")})
        answer.add("message", message.get("content"))
        if message.get("thinking"):
            answer.add("thinking", message["thinking"])
        for call in message.get("tool_calls") or ():
            answer.tools.append({"name": call["function"]["name"], "arguments": json.dumps(call["function"]["arguments"])})
        if line.get("done"):
            done = True
            answer.finish.append(line.get("done_reason"))
    answer.check(done, "no line with done")


READERS = {"openai-chat": read_openai_chat, "openai-responses": read_responses, "anthropic": read_anthropic,
           "gemini": read_gemini, "bedrock": read_bedrock, "ollama": read_ollama}
