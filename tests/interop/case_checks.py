"""Holds an answer of the proxy against what a case of the case file expects of it."""

import json
import re

from proxy_common import sse_events, wait_for_record

MISSING = object()


def at_path(value, path):
    """"choices[0].delta.role", "messages.length"; MISSING where nothing stands."""
    for step in re.findall(r"[^.\[\]]+", path):
        if isinstance(value, list) and step == "length":
            value = len(value)
        elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        elif isinstance(value, dict) and step in value:
            value = value[step]
        else:
            return MISSING
    return value


def matches(value, wanted):
    """A path subset, where "@PREFIX(x)" is any text that begins with x; a wanted text is itself."""
    if not isinstance(wanted, dict):
        return value == wanted
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return False
    for path, one in wanted.items():
        found = at_path(value, path)
        prefix = re.fullmatch(r"@PREFIX\((.*)\)", one) if isinstance(one, str) else None
        if not (isinstance(found, str) and found.startswith(prefix[1]) if prefix else found == one):
            return False
    return True


def check_case(case, answer, gateway, mock, egress_before):
    problems = []
    for name, wanted in case.expect.items():
        problem = CHECKS[name](wanted, answer, case, gateway, mock, egress_before)
        if problem:
            problems.append(f"{name}: {problem}")
    if answer.status == 0:
        problems.append(f"no HTTP answer: {answer.raw!r}")
    elif not answer.whole:
        problems.append("the body is cut short")
    elif problems:
        problems.append(f"the answer was {answer.status} {answer.headers} {answer.body[:1500]!r}")
    return problems


def check_status(wanted, answer, *_):
    return None if answer.status == wanted else f"{answer.status}, expected {wanted}"


def check_status_in(wanted, answer, *_):
    return None if answer.status in wanted else f"{answer.status}, expected one of {wanted}"


def check_headers(wanted, answer, *_):
    for name, value in wanted.items():
        got = answer.headers.get(name.lower(), "")
        if not (got.startswith(value) if name.lower() == "content-type" else got == value):
            return f"{name} is {got!r}"
    return None


def check_content_type(wanted, answer, *_):
    got = answer.headers.get("content-type", "")
    return None if got.startswith(wanted) else repr(got)


def check_json(wanted, answer, *_):
    wrong = {path: at_path(answer.json, path) for path, value in wanted.items() if at_path(answer.json, path) != value}
    return f"found {wrong}" if wrong else None


def check_json_prefix(wanted, answer, *_):
    wrong = {path: at_path(answer.json, path) for path, value in wanted.items()
             if not str(at_path(answer.json, path)).startswith(value)}
    return f"found {wrong}" if wrong else None


def check_json_has(wanted, answer, *_):
    missing = [name for name in wanted if name not in answer.json]
    return f"missing {missing}" if missing else None


def check_contains(wanted, answer, *_):
    return None if wanted in answer.text else f"not in {answer.text[:300]!r}"


def check_not_contains(wanted, answer, *_):
    # A text may also stand in pieces, one to an event.
    joined = "".join(re.findall(r'"(?:content|text|partial_json|arguments|delta)":\s*"((?:[^"\\]|\\.)*)"', answer.text))
    return f"{wanted!r} is in it" if wanted in answer.text or wanted in joined else None


def check_body_empty(wanted, answer, *_):
    return f"{answer.body!r}" if answer.body and wanted else None


def check_bytes_equal(_, answer, case, *__):
    return None if answer.body == case.upstream_body() else f"upstream {case.upstream_body()!r}"


def check_sse_data(wanted, answer, *_):
    got = [data for _, data in sse_events(answer.body)]
    good = len(got) == len(wanted) and all(matches(one, two) for one, two in zip(got, wanted))
    return None if good else f"{got}"


def check_sse_events(wanted, answer, *_):
    events = sse_events(answer.body)
    if [name for name, _ in events] != wanted:
        return f"{[name for name, _ in events]}"
    wrong = [name for name, data in events if json.loads(data).get("type") != name]
    return f"type is not the event's name: {wrong}" if wrong else None


def check_sse_last(wanted, answer, *_):
    events = sse_events(answer.body)
    return None if events and matches(events[-1][1], wanted) else f"{events[-1:]}"


def check_sse_last_event(wanted, answer, *_):
    events = sse_events(answer.body)
    return None if events and events[-1][0] == wanted else f"{events[-1:]}"


def check_sse_some(wanted, answer, *_):
    return None if any(matches(data, wanted) for _, data in sse_events(answer.body)) else f"{sse_events(answer.body)}"


def check_ndjson(wanted, answer, *_):
    lines = answer.text.splitlines()
    good = len(lines) == len(wanted) and all(matches(one, two) for one, two in zip(lines, wanted))
    return None if good else f"{lines}"


def check_eventstream(wanted, answer, *_):
    got = [name for name, _ in answer.events]  # which checks the checksums
    return None if got == wanted else f"{got}"


def check_upstream_called(wanted, answer, case, gateway, mock, _):
    called = bool(mock and mock.requests())
    return None if called == wanted else f"{called}"


def check_upstream_request(wanted, answer, case, gateway, mock, _):
    asked = mock.requests()
    if len(asked) != 1:
        return f"{len(asked)} requests"
    headers = {name.lower(): value for name, value in asked[0]["headers"]}
    body = asked[0]["body"]
    for name, value in wanted.get("headers", {}).items():
        if headers.get(name.lower()) != value:
            return f"{name} is {headers.get(name.lower())!r}"
    for name in wanted.get("headers_absent", ()):
        if name.lower() in headers:
            return f"{name} was sent"
    if asked[0]["path"] != wanted.get("path", asked[0]["path"]):
        return f"path {asked[0]['path']}"
    for path, value in wanted.get("json", {}).items():
        if at_path(json.loads(body), path) != value:
            return f"{path} is {at_path(json.loads(body), path)}"
    if wanted.get("body_bytes_equal") and body != case.body():
        return f"body {body!r}"
    if "body_not_contains" in wanted and wanted["body_not_contains"].encode() in body:
        return f"body {body!r}"
    return None


def check_egress_record(wanted, answer, case, gateway, mock, before):
    found = wait_for_record(gateway, before, wanted)
    return found if isinstance(found, str) else None


def check_server_alive(wanted, answer, case, gateway, *_):
    return None if (gateway.child.poll() is None) == wanted else "it has ended"


CHECKS = {
    "status": check_status, "status_in": check_status_in, "headers": check_headers, "content_type": check_content_type,
    "json": check_json, "json_prefix": check_json_prefix, "json_has": check_json_has, "text_contains": check_contains,
    "body_contains": check_contains, "body_not_contains": check_not_contains, "body_empty": check_body_empty,
    "body_bytes_equal_upstream": check_bytes_equal, "sse_data": check_sse_data, "sse_events": check_sse_events,
    "sse_last": check_sse_last, "sse_last_event": check_sse_last_event, "sse_some": check_sse_some, "ndjson": check_ndjson,
    "eventstream_types": check_eventstream, "upstream_called": check_upstream_called,
    "upstream_request": check_upstream_request, "egress_record": check_egress_record, "server_alive": check_server_alive,
}
