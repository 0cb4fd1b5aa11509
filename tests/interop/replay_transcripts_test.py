#!/usr/bin/env python3
"""Recorded conversations of the real system, said again to gatewayd: the answers must have the same shape.

    transcript ── c2s lines ──► gatewayd ── answers ──► keys and types like those of the recorded s2c lines

What the recorded server made up (ids, hashes, tokens) is replaced in later requests by what ours made up in its place.
Missing keys, other types and other error codes are mismatches; keys that only we have are not, because clients ignore
them. Methods that hello-ok does not list are printed, not judged. KNOWN has the deviations that are meant, with their
reasons; every other one is a failure. The transcripts are not part of the repository; without them the test is skipped.
"""

import base64
import collections
import concurrent.futures
import fnmatch
import hashlib
import json
import os
import pathlib
import re
import unittest

from common import TOKEN
from gateway_ws import Client, Device, Refused, base64url, verify
from processes import Gateway, Mock, main, provider

HERE = pathlib.Path(__file__).resolve().parent
TRANSCRIPTS = pathlib.Path(os.environ.get("GATEWAY_TRANSCRIPTS", HERE.parents[2] / "shared/spec/transcripts"))
RELEASES = {"2026.3.13": 3, "2026.9.6": 4}
TOPICS = ("handshake", "rpc", "chat", "nodes-approvals", "approvals", "control-ui", "cli")
RECORDED_TOKEN = "dummy-token-0123456789abcdef"
ANSWER_S, EVENT_S = 6, 3

# Deviations that are meant, by their reason; docs/protocol.md tells them to people. Each is (release, method or event,
# path): patterns of fnmatch. A path is that of a missing or different member, "answer: <the recorded error, or ok>" where
# one side succeeds and the other does not, or "<close code> <reason>".
KNOWN = {
    "the lists hold what works here": [("*", "connect", "payload.features.*")],
    "no build of a control page belongs to the gateway, and every build of it is served": [
        ("*", "connect", "payload.server.buildId"), ("*", "connect", "payload.server.controlUiBuildSource"),
        ("*", "connect", "payload.controlUi*"), ("2026.9.6", "connect", "answer: protocol mismatch: Control UI updated*"),
        ("2026.9.6", "close", "1008 protocol mismatch: Control UI updated*")],
    "clients with any name are let in": [
        ("*", "connect", "answer: invalid connect params: at /client/id*"), ("*", "close", "1008 invalid connect params: at /client/id*")],
    "where files lie is told to admins only": [
        ("2026.3.13", "connect", "payload.snapshot.configPath"), ("2026.3.13", "connect", "payload.snapshot.stateDir"),
        ("*", "status", "payload.sessions.byAgent[[][]].path")],
    "the library does not look at the network of its host": [
        ("*", "connect", "payload.snapshot.presence[[][]].ip"), ("*", "event presence", "payload.presence[[][]].ip"),
        ("*", "system-presence", "payload[[][]].ip")],
    "nothing here updates itself": [
        ("*", "connect", "payload.snapshot.updateAvailable"), ("*", "connect", "payload.snapshot.updateSchedule")],
    "no canvas is served, and there are no plug-ins": [
        ("*", "connect", "payload.canvasHostUrl"), ("*", "connect", "payload.pluginSurfaceUrls"),
        ("*", "health", "payload.plugins"), ("*", "status", "payload.degradedPlugins")],
    "no catalog of models is sent beside the list": [
        ("2026.9.6", "event connect.challenge", "payload.capabilities"), ("2026.9.6", "models.list", "payload.models[[][]].local")],
    "an administrator's account cannot be recovered by a client": [("2026.9.6", "connect", "payload.auth.recovery*")],
    "figures of the other program's runtime": [
        ("*", method, f"payload.{name}") for method in ("health", "status")
        for name in ("eventLoop", "modelRuntime", "configReload", "workerPools", "processMemory", "pid", "shutdownBudget",
                     "hostDesktop", "cliProjection", "sessions.*abortedLastRun", "tasks", "taskAudit", "degradedSecretOwners", "heartbeat.agents[[][]].waitingForRoute")],
    "what the other program's model runner reports of a run": [
        ("*", "agent", "payload.result.meta.*"), ("2026.9.6", "agent", "payload.result.sourceReplyDeliveryState"),
        ("2026.9.6", "agent", "payload.agentId"), ("2026.9.6", "agent", "payload.sessionKey"),
        *(("2026.9.6", "agent.wait", f"payload.{name}") for name in ("livenessState", "stopReason", "terminal*")),
        *(("2026.9.6", "event agent", f"payload.{name}") for name in (
            "data.aborted", "data.executionSettled", "data.itemId", "data.livenessState", "data.replayInvalid", "data.startedAt",
            "data.status", "data.stopReason", "data.terminal*", "isHeartbeat", "sessionId")),
        ("*", "sessions.usage", "payload.aggregates.latency"), ("*", "sessions.usage", "payload.sessions[[][]].contextWeight")],
    "members of a session's row for channels, jobs, participants, boards, places of execution and the last run": [
        ("*", method, f"{row}{name}")
        for method, row in (("sessions.list", "payload.sessions[[][]]."), ("chat.history", "payload.sessionInfo."),
                            ("chat.startup", "payload.sessionInfo."), ("sessions.describe", "payload.session."),
                            ("event sessions.changed", "payload.session."), ("event session.message", "payload.session."),
                            ("sessions.usage", "payload.sessions[[][]]."), ("sessions.create", "payload.entry."),
                            ("sessions.patch", "payload.entry."), ("sessions.reset", "payload.entry."))
        for name in ("activeLeafEntryId", "activeModel*", "activitySummary", "agentRuntime*", "ancestorSessions", "channel", "chatType",
                     "childSessions", "compactionCount", "contextBudgetStatus", "createdAt", "createdVia", "delivery*", "displayName",
                     "endedAt", "estimatedCostUsd", "expandedParticipants", "hasAutomation", "label", "lastChannel", "lastMessagePreview",
                     "lastRun*", "model", "modelOverrideSource", "modelProvider", "origin", "parentSessionKey", "participant*", "placement",
                     "runtimeMs", "sessionRoot", "skillsSnapshot", "spawnDepth", "startedAt", "status", "totalTokensVersion",
                     "lastActivityAt", "lastInteractionAt", "hiddenFromInvolvingMe", "derivedTitle", "sessionStartedAt", "cacheRead",
                     "cacheWrite", "contextTokens*", "totalTokensFresh", "agentHarnessId", "sessionDiffBaseline", "systemPromptReport",
                     "abortedLastRun", "isBackground", "systemSent", "inputTokens", "outputTokens", "totalTokens")],
    "events of a session have its row in one place, `session`": [
        ("2026.9.6", "event sessions.changed", "payload.[!s]*"), ("2026.9.6", "event sessions.changed", "payload.s[!e]*"),
        ("2026.9.6", "event sessions.changed", "payload.sessionId"),
        ("2026.9.6", "event session.message", "payload.[!ms]*"), ("2026.9.6", "event session.message", "payload.s[!e]*"),
        ("2026.9.6", "event session.message", "payload.model*"), ("2026.9.6", "event session.message", "payload.messageSeq"),
        ("2026.9.6", "event session.message", "payload.sessionId")],
    "a message is stored as a list of parts, without the other program's own marks": [
        ("*", method, f"{message}{name}")
        for method, message in (("chat.history", "payload.messages[[][]]."), ("sessions.get", "payload.messages[[][]]."),
                                ("event session.message", "payload.message."), ("event chat", "payload.message."))
        for name in ("__openclaw*", "content", "idempotencyKey", "senderLabel", "responseId", "excludeFromContext", "api", "model",
                     "provider", "stopReason", "usage")] + [
        ("2026.9.6", "chat.history", "payload.deltaCursor"), ("2026.9.6", "chat.startup", "payload.deltaCursor"),
        ("2026.9.6", "chat.history", "payload.inFlightRun")],
    "the recorded gateway had been used before: other sessions, files and policies": [
        ("*", "agents.files.*", "payload.file*"), ("*", "chat.history", "payload.sessionId"), ("*", "event chat", "payload.message"),
        ("*", "exec.approvals.get", "payload.file.*"), ("*", "exec.approvals.set", "payload.file.*"),
        ("*", "exec.approvals.set", "answer: exec approvals base hash required*"), ("*", "sessions.resolve", "answer: ok"),
        ("*", "node.rename", "answer: unknown nodeId"), ("*", "device.token.rotate", "answer: unknown deviceId/role"),
        ("*", "sessions.list", "payload.path"), ("2026.9.6", "chat.startup", "payload.session*"),
        *(("2026.9.6", "chat.history", f"payload.{name}") for name in (
            "activity", "sessionInfo.sessionId", "sessionInfo.thinking*", "sessionInfo.visibility")), ("2026.9.6", "node.pair.list", "payload.paired[[][]].lastHostStats"),
        ("2026.3.13", "close", "1012 service restart"), ("2026.9.6", "close", "1006 ")],
    "what a recorder left out cannot be said again": [("*", "[?]", "answer"), ("*", "close", "1009 ")],
    "a node of this machine is approved at once, and keeps its connection": [
        ("2026.9.6", "node.*", "answer: node pairing changed*"), ("2026.9.6", "node.pair.approve", "answer: ok"),
        ("2026.9.6", "node.invoke", "error.*"), ("2026.9.6", "device.pair.list", "payload.paired[[][]].*odeSurface")],
    "approvals that wait are listed by their own methods": [("2026.9.6", "sessions.messages.subscribe", "payload.approvalReplay")],
    "a message without a channel goes to the session of the agent": [("*", "send", "answer: Error: Channel is required*")],
    "every edit shows the hash of what it edits": [
        ("2026.9.6", "config.patch", "answer: ok"), ("2026.9.6", "config.patch", "payload.noop")],
    "the configuration, its schema and its defaults are those of the keys that are used here; one hash stands for it": [
        ("*", "config.*", "payload.*schema*"), ("*", "config.*", "payload.config.*"), ("*", "config.get", "payload.resolved.*"),
        ("*", "config.get", "payload.parsed.*"), ("*", "config.schema*", "*int*.help"), ("*", "config.schema.lookup", "*.advanced"),
        ("*", "connect", "payload.snapshot.appliedConfigHash"),
        *(("2026.9.6", "config.get", f"payload.{name}") for name in (
            "agentRosterIncludeOwned", "appliedConfigHash", "bindingsIncludeOwned", "configRevisionHash", "includeProvenance",
            "includedPaths", "runtimeConfig", "sourceConfig"))],
    "a port that changes takes effect with the restart that the file asks for": [
        ("2026.3.13", "config.patch", "payload.restart"), ("2026.3.13", "config.patch", "payload.sentinel")],
    "more is said than was": [
        ("2026.3.13", "connect", "error.details.code"), ("2026.9.6", "chat.send", "error.details.code")],
    "agents have neither repositories nor permission modes": [
        ("2026.9.6", "agents.list", f"payload.agents[[][]].{name}") for name in ("agentRuntime", "defaultPermissionMode", "workspaceGit")],
}
ALL_KNOWN = [one for group in KNOWN.values() for one in group]
# Objects whose keys are data: only the values are compared, any with any.
MAPS = ("*.channels", "*.channelLabels", "*.byKey", "*.env", "*.models", "*.entries", "*.agents.byId", "*.permissions")
# Sent when time passes, not because of a request.
UNORDERED = {"tick", "health", "presence", "heartbeat", "agent", "update.available"}
END_STATES = {"final", "error", "aborted"}


def is_cut(value):
    """What stands in a transcript for things that were left out."""
    return isinstance(value, str) and ("…" in value or value.startswith("("))


def kind(value):
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    return {str: "string", list: "list", dict: "object"}[type(value)]


def is_map(path):
    return any(fnmatch.fnmatch(path, pattern) for pattern in MAPS)


def differences(recorded, ours, path="payload"):
    """What a client of the recorded server could miss in ours."""
    if recorded is None or ours is None or is_cut(recorded):
        return []  # null stands for nothing yet: what else may stand there is not known
    if kind(recorded) != kind(ours):
        return [(path, f"is {kind(ours)}, was {kind(recorded)}")]
    if isinstance(recorded, list):
        was, now = [e for e in recorded if not is_cut(e)], ours
        return differences(was[0], now[0], path + "[]") if was and now else []
    if not isinstance(recorded, dict):
        return []
    if is_map(path):
        was, now = list(recorded.values()), list(ours.values())
        return differences(was[0], now[0], path + ".*") if was and now else []
    found = []
    for key, value in recorded.items():
        if is_cut(key):
            continue
        if key not in ours:
            if value is not None:
                found.append((f"{path}.{key}", "is missing"))
        else:
            found += differences(value, ours[key], f"{path}.{key}")
    return found


class Names:
    """What the recorded server made up, and what ours made up in its place."""

    MADE_UP = re.compile(r"^[0-9a-fA-F-]{16,}$|^[\w+/=:.-]{20,}$|^\d{13}$")

    def __init__(self):
        self.ours = {}

    def learn(self, recorded, ours):
        if isinstance(recorded, dict) and isinstance(ours, dict):
            for key in recorded.keys() & ours.keys():
                self.learn(recorded[key], ours[key])
        elif isinstance(recorded, list) and isinstance(ours, list):
            for one, other in zip(recorded, ours):
                self.learn(one, other)
        elif isinstance(recorded, str) and isinstance(ours, str) and recorded != ours and self.MADE_UP.match(recorded):
            self.ours.setdefault(recorded, ours)

    def put(self, value):
        if isinstance(value, dict):
            return {key: self.put(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.put(inner) for inner in value]
        if isinstance(value, str):
            return TOKEN if value == RECORDED_TOKEN else self.ours.get(value, value)
        return value


def methods_of(release):
    """What the first hello-ok of the release's recordings lists; later ones were cut."""
    for line in (TRANSCRIPTS / f"openclaw-{release}-handshake.jsonl").read_text().splitlines():
        frame = json.loads(line).get("frame")
        payload = frame.get("payload") if isinstance(frame, dict) else None
        if isinstance(payload, dict) and payload.get("type") == "hello-ok":
            return payload["features"]["methods"]
    return []


class Replay:
    def __init__(self, release, lines, port):
        self.release, self.lines, self.port = release, lines, port
        self.clients, self.devices, self.methods = {}, {}, {}
        self.names = Names()
        self.notes, self.challenges = {}, {}  # of each connection: the text that was signed; nonce and time
        self.own_challenges = {}  # what ours sent in its place
        self.readers = set()  # connections that ask for a scope with which they may read
        self.listed = {}  # of each connection: the methods of its hello-ok
        self.mismatches = []
        self.replayed, self.unknown, self.silent = collections.Counter(), collections.Counter(), collections.Counter()
        self.more = collections.Counter()
        self.recorded_methods, self.of_release = {}, methods_of(release)

    def known(self, name, path):
        return any(release in ("*", self.release) and fnmatch.fnmatchcase(name, method) and fnmatch.fnmatchcase(path, where)
                   for release, method, where in ALL_KNOWN)

    def differ(self, name, path, what):
        if not self.known(name, path):
            self.mismatches.append(f"{name}: {path} {what}")

    def judge(self, name, recorded, ours):
        self.names.learn(recorded, ours)
        for path, what in differences(recorded, ours):
            self.differ(name, path, what)

    def run(self):
        try:
            for line in self.lines:
                self.step(line)
        finally:
            for client in self.clients.values():
                client.close()

    def step(self, line):
        name, way = line.get("conn"), line.get("dir")
        if way in ("open", "upgrade"):
            try:
                self.clients[name] = Client(self.port, fields=self.fields(name))
            except Refused as refused:
                self.differ("upgrade", "answer", str(refused))
        elif name not in self.clients:
            return
        elif way == "note":
            self.notes[name] = line.get("signedPayload", "")
        elif way == "c2s":
            self.ask(name, line["frame"])
        elif way == "s2c" and isinstance(line["frame"], dict):
            self.compare(name, line["frame"])
        elif way in ("client-close",) or (way == "close" and line.get("code") in (1000, 1005)):
            self.clients.pop(name).close()
        elif way == "close":
            client = self.clients.pop(name)
            client.wait(lambda _: False, EVENT_S)
            if client.closed is None or client.closed[0] != line["code"]:
                how = f"with {client.closed}" if client.closed else "not"
                self.differ("close", f"{line['code']} {line.get('reason', '')}", f"was so, here it is {how} closed ({name})")
            client.close()

    def fields(self, name):
        """Fields of the upgrade were not recorded: who connects, and what came of it, tell them."""
        page = refused = False
        for line in self.lines:
            frame = line.get("frame")
            if line.get("conn") != name or not isinstance(frame, dict):
                continue
            if frame.get("method") == "connect" and isinstance(frame.get("params"), dict):
                page = frame["params"].get("client", {}).get("id") == "openclaw-control-ui"
            refused = refused or "origin not allowed" in (frame.get("error") or {}).get("message", "")
        if "origin-bad" in name:
            return ("Origin: https://evil.example",)
        if self.release == "2026.3.13" and name.startswith("remote"):
            return ("X-Forwarded-For: 203.0.113.7",)
        return (f"Origin: http://127.0.0.1:{self.port}",) if page and not refused else ()

    def ask(self, name, frame):
        client = self.clients[name]
        if not isinstance(frame, dict) or not isinstance(frame.get("params", {}), dict):
            client.send(frame)
            return
        method = frame.get("method")
        self.methods[name, frame.get("id")] = method
        params = frame.get("params", {})
        recorded = params.get("device")
        if method == "connect" and {"operator.read", "operator.write", "operator.admin"} & set(params.get("scopes") or ()):
            self.readers.add(name)
        frame = self.names.put(frame)
        if method == "connect" and isinstance(recorded, dict) and "publicKey" in recorded:
            frame["params"]["device"] = self.sign(name, params, recorded)
        client.send(frame)

    @staticmethod
    def signed_text(params, device):
        """What real clients sign; recorders noted it down themselves."""
        auth, client = params.get("auth") or {}, params.get("client") or {}
        secret = auth.get("token") or auth.get("deviceToken") or auth.get("bootstrapToken") or ""
        parts = [device.get("id", ""), client.get("id", ""), client.get("mode", ""), params.get("role", "operator"),
                 ",".join(params.get("scopes", [])), str(device.get("signedAt")), secret, device.get("nonce", "")]
        more = [client.get("platform", "").lower(), client.get("deviceFamily", "").lower()]
        for text in ("|".join(["v3", *parts, *more]), "|".join(["v2", *parts])):
            key, signature = (base64.urlsafe_b64decode(device.get(name, "") + "==") for name in ("publicKey", "signature"))
            if verify(key, text, signature):
                return text
        return ""

    def sign(self, name, params, recorded):
        """The recorded device proof, made again with our key, nonce and time, and wrong where it was wrong."""
        self.notes.setdefault(name, self.signed_text(params, recorded))
        client, note, nonce, stamp = self.clients[name], self.notes.get(name, ""), *self.challenges.get(name, ("", 0))
        now = self.own_challenges.get(name)
        if now is None:  # the recorded client did not wait for the challenge
            challenge = client.event("connect.challenge", EVENT_S)
            if challenge is None:
                return recorded
            client.pending.append(challenge)
            now = challenge["payload"]
        key = recorded["publicKey"]
        device = self.devices.setdefault(key, Device())
        right_id = hashlib.sha256(base64.urlsafe_b64decode(key + "==")).hexdigest()
        ours = dict(recorded, publicKey=base64url(device.public))
        if recorded.get("id") == right_id:
            ours["id"] = self.names.ours[right_id] = device.id
        if recorded.get("nonce") == nonce:
            ours["nonce"] = now["nonce"]
        if isinstance(recorded.get("signedAt"), int):
            ours["signedAt"] = now["ts"] + recorded["signedAt"] - stamp
        text = note
        for was, is_now in ((right_id, device.id), (RECORDED_TOKEN, TOKEN), (nonce, now["nonce"]),
                            (str(recorded.get("signedAt")), str(ours.get("signedAt"))), *self.names.ours.items()):
            text = text.replace(was, is_now) if was else text
        signature = base64.urlsafe_b64decode(recorded.get("signature", "") + "==")
        if verify(base64.urlsafe_b64decode(key + "=="), note, signature):
            ours["signature"] = base64url(device.sign(text))
        return ours

    def compare(self, name, recorded):
        client = self.clients[name]
        if recorded.get("type") == "event":
            self.compare_event(client, name, recorded)
        elif recorded.get("type") == "res":
            self.compare_answer(client, name, recorded)

    def compare_event(self, client, name, recorded):
        event, payload = recorded["event"], recorded.get("payload")
        if event == "connect.challenge":
            self.challenges[name] = (payload["nonce"], payload["ts"])
        ended = isinstance(payload, dict) and payload.get("state") in END_STATES
        # Protocol 3 told chats to everybody; here they are for those who may read.
        waits = event not in UNORDERED and (event != "chat" or (ended and name in self.readers))
        listed = self.listed.get(name)
        if event != "connect.challenge" and (listed is None or event not in listed[1]):
            self.unknown[f"event {event}"] += 1
            return

        def fits(frame):
            if frame.get("event") != event:
                return False
            ours = frame.get("payload")
            if event == "agent":
                of = lambda one: (one.get("stream"), (one.get("data") or {}).get("phase"))
                return of(ours) == of(payload)
            if event != "chat":
                return True
            run = self.names.put(payload.get("runId"))
            return ours.get("state") == payload.get("state") and ours.get("runId") == run

        ours = client.wait(fits, EVENT_S if waits else 0)
        if ours is not None:
            if event == "connect.challenge":
                self.own_challenges[name] = ours["payload"]
            self.replayed[f"event {event}"] += 1
            self.judge(f"event {event}", payload, ours.get("payload"))
        elif waits:
            self.silent[f"event {event}"] += 1

    def compare_answer(self, client, name, recorded):
        method = self.methods.get((name, recorded["id"]), "?")
        ours = client.response(recorded["id"], ANSWER_S)
        if ours is None:
            self.silent[method] += 1
            self.differ(method, "answer", f"never came, closed {client.closed}, was {json.dumps(recorded)[:160]}")
            return
        if method == "connect" and recorded.get("ok"):
            self.recorded_methods[name] = recorded["payload"]["features"]["methods"]
            if any("names" in one for one in self.recorded_methods[name]):  # "(100 names, same as ...)"
                self.recorded_methods[name] = self.of_release
        if method == "connect" and ours.get("ok"):
            features = ours["payload"]["features"]
            self.listed[name] = (set(features["methods"]), set(features["events"]))
        text = (ours.get("error") or {}).get("message", "")
        was_text = (recorded.get("error") or {}).get("message", "")
        listed = self.listed.get(name)
        if text.startswith("unknown method") and not was_text.startswith("unknown method"):
            self.unknown[method] += 1
            return
        if text and listed is not None and method not in listed[0] and method != "connect":
            self.unknown[method] += 1  # and the caller is not told so: it lacks the scope
            return
        # What one release does not have works here for the clients of both.
        if was_text.startswith("unknown method") and ours.get("ok"):
            self.more[method] += 1
            return
        if was_text == "missing scope: operator.admin" and method not in self.recorded_methods.get(name, (method,)):
            self.more[method] += 1
            return
        self.replayed[method] += 1
        if bool(recorded.get("ok")) != bool(ours.get("ok")):
            self.differ(method, f"answer: {was_text or 'ok'}", f"{name}: is {json.dumps(ours)[:200]}, was {json.dumps(recorded)[:200]}")
            return
        if recorded.get("ok"):
            self.judge(method, recorded.get("payload"), ours.get("payload"))
            return
        was, now = recorded["error"], ours["error"]
        for key in ("code", "retryable"):
            if was.get(key) != now.get(key):
                self.differ(method, f"error.{key}", f"is {now.get(key)}, was {was.get(key)} ({was['message'][:80]})")
        was_details, now_details = was.get("details") or {}, now.get("details") or {}
        if isinstance(was_details, dict) and was_details.get("code") != now_details.get("code"):
            self.differ(method, "error.details.code", f"is {now_details.get('code')}, was {was_details.get('code')}")


def configuration(mock):
    return {
        "gateway": {"bind": "loopback", "auth": {"mode": "token", "token": TOKEN}},
        "agents": {"defaults": {"model": {"primary": "fake/fake-1"}}, "list": [{"id": "main", "default": True}, {"id": "second"}]},
        "models": {"providers": {"fake": provider(mock.url, models=[{"id": "fake-1", "name": "Fake", "contextWindow": 128000, "maxTokens": 4096}])}},
    }


def transcript(release, topic):
    return TRANSCRIPTS / f"openclaw-{release}-{topic}.jsonl"


class ReplayTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not TRANSCRIPTS.is_dir():
            raise unittest.SkipTest(f"there are no transcripts at {TRANSCRIPTS}")
        cls.mock = Mock()
        cls.addClassCleanup(cls.mock.stop)
        # Most of it is waiting: all at once, each with a gateway of its own.
        cls.pool = concurrent.futures.ThreadPoolExecutor(max_workers=len(RELEASES) * len(TOPICS))
        cls.replays = {(release, topic): cls.pool.submit(cls.replay, release, topic)
                       for release in RELEASES for topic in TOPICS if transcript(release, topic).exists()}

    @classmethod
    def tearDownClass(cls):
        cls.pool.shutdown()
        done = [replay.result() for replay in cls.replays.values() if replay.exception() is None]
        for title, name in (("replayed", "replayed"), ("not replayed: not in hello-ok", "unknown"),
                            ("not replayed: nothing came", "silent"), ("works here, and not in the recorded release", "more")):
            counted = sum((getattr(replay, name) for replay in done), collections.Counter())
            print(f"{title}: " + ", ".join(f"{method} {count}" for method, count in sorted(counted.items())), flush=True)

    @classmethod
    def replay(cls, release, topic):
        lines = [json.loads(line) for line in transcript(release, topic).read_text().splitlines()]
        with Gateway(configuration(cls.mock)) as gateway:
            replay = Replay(release, lines, gateway.port)
            replay.run()
        return replay

    def judge(self, release, topic):
        if (release, topic) not in self.replays:
            self.skipTest(f"there is no {transcript(release, topic).name}")
        found = collections.Counter(self.replays[release, topic].result().mismatches)
        self.assertFalse(found, f"{release} {topic}: not in KNOWN\n" +
                         "\n".join(f"  {count}x {text}" for text, count in sorted(found.items())))


def add_tests():
    for release in RELEASES:
        for topic in TOPICS:
            def test(self, release=release, topic=topic):
                self.judge(release, topic)
            setattr(ReplayTest, f"test_{release.replace('.', '_')}_{topic.replace('-', '_')}", test)


add_tests()

if __name__ == "__main__":
    main(gatewayd="", mock="")
