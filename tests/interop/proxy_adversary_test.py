#!/usr/bin/env python3
"""Secrets and attacks planted in long answers, in every dialect, cut at random: what reaches the client of the proxy.

    proxy_adversary_test.py gatewayd=PATH mock=PATH [--seed=N] [--only=DIALECT]

In mode action with the default settings, for each dialect: 100 fresh secrets of as many rules of kind `mask`, and 100
examples of CRITICAL rules of kind `stop` (commands go into arguments of a tool call). Each stands at a random place of a
long harmless answer that the upstream sends in random deltas and random pieces. Measured over everything that the client
got (the body, every string of every event, texts and arguments put together again):

    mask   no 8 bytes in a row of the secret part: the runs of the match that are random, without its fixed prefix; the
           longest run that did get out is printed
    stop   what the rule's pattern matches in the planted text is found nowhere (most of it may be: a text that stops does
           so at the last byte, so a plural may end as the singular)
    always the stream ends as the dialect says, and a strict reader (accumulators.py) has nothing to complain about;
           where nothing was blocked, what stood before and behind the secret is there unchanged

GATEWAY_ADVERSARY=all runs all of them; without it a sample that takes a few seconds.
"""

import collections
import concurrent.futures
import gzip
import json
import os
import random
import re
import sys
import time

import accumulators
import rule_examples
from common import TOKEN
from processes import Mock, read_paths
from proxy_common import ProxyGateway, exchange

COUNT = 100
SAMPLE = 8  # of each kind and dialect
WORKERS = 4
RUN_MAX = 8
NOTICE = "[DefenseClaw]"

WORDS = """the river runs down from grey hills past small farms and slow mills where people sell bread wool and timber each spring
they mend the walls then boats carry goods toward a quiet harbour most visitors stay for lunch walk along green fields and
watch birds over calm water some bring children who learn to swim near flat stones while older folk tell long stories""".split()


def question(text="Tell me about the valley."):
    return [{"role": "user", "content": text}]


# name: (provider, path, dialect, body)
TARGETS = {
    "openai-chat": ("openai", "/v1/chat/completions", "openai-chat", {"model": "m1", "stream": True, "messages": question()}),
    "openai-responses": ("openai", "/v1/responses", "openai-responses", {"model": "m1", "stream": True, "input": "Tell me."}),
    "anthropic": ("anthropic", "/v1/messages", "anthropic", {"model": "m1", "stream": True, "max_tokens": 99, "messages": question()}),
    "gemini": ("gemini", "/v1beta/models/m1:streamGenerateContent?alt=sse", "gemini", {"contents": [{"role": "user", "parts": [{"text": "Tell me."}]}]}),
    "bedrock": ("bedrock", "/model/m1/converse-stream", "bedrock", {"messages": [{"role": "user", "content": [{"text": "Tell me."}]}]}),
    "ollama": ("ollama", "/api/chat", "ollama", {"model": "m1", "stream": True, "messages": question()}),
    "gemini-array": ("gemini", "/v1beta/models/m1:streamGenerateContent", "gemini", {"contents": [{"role": "user", "parts": [{"text": "Tell me."}]}]}),
    "bedrock-invoke": ("bedrock", "/model/anthropic.m1/invoke-with-response-stream", "bedrock", {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 99, "messages": question()}),
}
FORMS = [{}, {}, {}, {"crlf": True}, {"comments": True}, {"tight": True}, {"framing": "until_close"}, {"gzip": True}]


def harmless(source, size):
    sentences = []
    while sum(map(len, sentences)) < size:
        words = [source.choice(WORDS) for _ in range(source.randint(5, 14))]
        sentences.append(" ".join(words).capitalize() + ".")
    return sentences


def pieces(source, text):
    out, at = [], 0
    while at < len(text):
        size = source.choice((1, 2, 3, 5, 8, 13, 40))
        out.append(text[at:at + size])
        at += size
    return out


class Attempt:
    def __init__(self, target, planted, number, seed):
        self.target, self.planted, self.number = target, planted, number
        source = self.source = random.Random(f"{seed}/{target}/{number}/{planted.rule.id}")
        self.id = f"{target}-{number}"
        sentences = harmless(source, 2500)
        at = source.randrange(1, len(sentences))
        gap = source.choice((" ", "\n", "\n\n"))
        self.before = " ".join(sentences[:at]) + gap
        self.behind = gap + " ".join(sentences[at:])
        self.in_tool = planted.rule.category in ("command", "sensitive-path", "c2") or (planted.secrets and number % 5 == 4)
        self.form = source.choice(FORMS)
        self.outcome = "broken"
        if planted.secrets:
            self.whole = self.before + planted.text + self.behind
            self.tool = {"path": "notes.txt", "content": self.whole}
        else:
            self.whole = self.before + planted.text + self.behind
            # Some examples are the arguments of a call themselves.
            self.tool = json.loads(planted.text) if planted.text.startswith("{") else {"command": planted.text}

    def script(self):
        script = {"id": self.id, **self.form}
        if self.in_tool:
            name = "shell" if "command" in self.tool else "write_file" if self.planted.secrets else "read_file"
            script["say"] = pieces(self.source, self.before)
            script["tools"] = [{"name": name, "arguments": pieces(self.source, json.dumps(self.tool))}]
        else:
            script["say"] = pieces(self.source, self.whole)
        script["cut"] = sorted({self.source.randrange(1, 120_000) for _ in range(self.source.choice((0, 10, 200, 2000)))})
        return script

    def ask(self, gateway, mock):
        _, path, _, body = TARGETS[self.target]
        headers = {"X-DC-Auth": f"Bearer {TOKEN}", "X-DC-Target-URL": f"http://127.0.0.1:{mock.port}",
                   "Content-Type": "application/json", "X-Mock-Script": self.id, "X-DefenseClaw-Session-Id": self.id}
        return exchange(gateway.proxy_port, "POST", path, headers, json.dumps(body).encode())

    def judge(self, answer):
        """(problems, longest run of a secret that got out)."""
        if answer.status == 502 and "gzip" in self.form and answer.whole:
            self.outcome = "refused"
            return [], 0  # compressed although identity was asked for: refused, which is as good as inspected
        if answer.status != 200:
            return [f"status {answer.status}: {answer.body[:200]!r}"], 0
        problems = [] if answer.whole else ["the body is cut short"]
        if answer.headers.get("content-encoding") == "gzip":
            answer.body = gzip.decompress(answer.body)
        try:
            events = answer.events
        except (AssertionError, ValueError) as error:
            return [*problems, f"the framing is broken: {error}; {answer.body[-200:]!r}"], 0
        read = accumulators.read(TARGETS[self.target][2], events)
        self.outcome = "blocked" if NOTICE in read.text else "passed"
        problems += read.problems
        if read.failure:
            problems.append(f"the stream ends in a failure: {read.failure}")
        got = [answer.body.decode("utf-8", "replace"), *read.strings, read.text, *(tool["arguments"] for tool in read.tools)]
        got += [value for tool in read.tools for value in decoded(tool["arguments"])]
        longest = 0
        if self.planted.secrets:
            longest = max(longest_run(secret, text) for secret in self.planted.secrets for text in got)
            if longest >= RUN_MAX:
                problems.append(f"{longest} bytes of the secret got out")
        else:
            match = self.planted.rule.pattern.search(self.planted.text)[0]
            found = [text for text in map(without_notice, got) if match in text]
            if found:
                problems.append(f"the whole match got out: {found[0][-300:]!r}")
            if NOTICE not in read.text:
                problems.append(f"it was not blocked: {read.text[-200:]!r} {read.tools}")
        if self.planted.secrets and NOTICE not in read.text:
            problems += self.judge_redacted(read)
        return problems, longest

    def judge_redacted(self, read):
        """Nothing was blocked: all but the match must be as it was."""
        if self.in_tool:
            try:
                arguments = json.loads(read.tools[0]["arguments"])
            except (ValueError, IndexError) as error:
                return [f"arguments: {error}: {read.tools}"]
            text = arguments.get("content", "")
        else:
            text = next(iter(read.texts.values()), "")
        problems = [] if text.startswith(self.before) else [f"what stood before has changed: {text[:100]!r}"]
        # A match may take the white space behind it along.
        return problems if text.endswith(self.behind.lstrip()) else [*problems, f"what stood behind has changed: {text[-100:]!r}"]


def without_notice(text):
    """The notice names rules, with titles that may be found by their own patterns."""
    return re.sub(r"\[DefenseClaw\] .*? contact your administrator\.", "", text)


def decoded(arguments):
    out = []
    try:
        accumulators.collect_strings(json.loads(arguments), out)
    except ValueError:
        pass
    return out


def longest_run(secret, text):
    """The length of the longest part of `secret`, of at least 4 bytes, that stands in `text`."""
    longest = 3
    for begin in range(len(secret)):
        while begin + longest < len(secret) and secret[begin:begin + longest + 1] in text:
            longest += 1
    return longest if longest > 3 else 0


class Direct:
    """In place of the proxy: the upstream itself."""

    def __init__(self, mock):
        self.proxy_port = mock.port


def check_alarm(target, planted, mock, seed):
    """Asked without the proxy, the upstream's answer is well-formed and the leak is seen; else the measure is worth nothing."""
    problems = []
    for number in (0, 1, COUNT, COUNT + 1):
        attempt = Attempt(target, planted[number], number, seed)
        mock.script(attempt.script())
        found, _ = attempt.judge(attempt.ask(Direct(mock), mock))
        leaks = [one for one in found if "got out" in one or "not blocked" in one]
        if not leaks or len(found) != len(leaks):
            problems.append(f"{target} {attempt.planted.rule.id} {attempt.form} without the proxy: {found}")
    return problems


def run_target(target, attempts, gateway, mock):
    mock.reset()
    mock.script([attempt.script() for attempt in attempts])
    failures, longest, outcomes = [], (0, ""), collections.Counter()

    def one(attempt):
        try:
            answer = attempt.ask(gateway, mock)
            problems, run = attempt.judge(answer)
        except Exception as error:  # noqa: BLE001
            return attempt, [f"{type(error).__name__}: {error}"], 0
        return attempt, problems, run

    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        for attempt, problems, run in pool.map(one, attempts):
            outcomes[attempt.outcome] += 1
            longest = max(longest, (run, attempt.planted.rule.id), key=lambda pair: pair[0])
            if problems:
                failures.append((attempt, problems))
    return failures, longest, outcomes


def main():
    read_paths(gatewayd="", mock="")
    options = dict(re.findall(r"--(\w+)=(\S+)", " ".join(sys.argv[1:])))
    seed = int(options.get("seed", "20260819"))
    everything = os.environ.get("GATEWAY_ADVERSARY") == "all"
    secrets, attacks = rule_examples.secrets(COUNT, seed), rule_examples.attacks(COUNT, seed)
    planted = secrets + attacks
    print(f"seed {seed}: {len(secrets)} secrets of {len({one.rule.id for one in secrets})} rules, {len(attacks)} attacks of "
          f"{len({one.rule.id for one in attacks})} rules; {'all' if everything else 'a sample'} in {len(TARGETS)} forms", flush=True)
    failed = total = 0
    providers = {provider for provider, _, _, _ in TARGETS.values()}
    mocks = {}
    try:
        for provider in providers:
            mocks[provider] = Mock()
        for target, (provider, *_) in TARGETS.items():
            for problem in check_alarm(target, planted, mocks[provider], seed):
                print("FAIL alarm: " + problem)
                failed += 1
        upstreams = {f"127.0.0.1:{mock.port}": provider for provider, mock in mocks.items()}
        with ProxyGateway(upstreams, mode="action", mask_all=False) as gateway:
            for target, (provider, *_) in TARGETS.items():
                if options.get("only", target) != target:
                    continue
                started = time.monotonic()
                numbers = list(range(len(planted)))
                if not everything:
                    half = random.Random(f"{seed}/{target}")
                    numbers = half.sample(numbers[:len(secrets)], SAMPLE) + half.sample(numbers[len(secrets):], SAMPLE)
                attempts = [Attempt(target, planted[number], number, seed) for number in numbers]
                failures, longest, outcomes = run_target(target, attempts, gateway, mocks[provider])
                total += len(attempts)
                failed += len(failures)
                print(f"{'FAIL' if failures else 'ok  '} {target}: {len(attempts)} planted, {dict(outcomes)}, longest run of a secret "
                      f"that got out {longest[0]} {longest[1]}, {len(failures)} failed ({time.monotonic() - started:.1f} s)", flush=True)
                for attempt, problems in failures[:8]:
                    print(f"       {attempt.number} {attempt.planted.rule.id} {attempt.form} {'tool' if attempt.in_tool else 'text'} "
                          f"{attempt.planted.text!r}: {'; '.join(problems)[:500]}")
            if gateway.child.poll() is not None or "Sanitizer" in gateway.output or "runtime error" in gateway.output:
                print("FAIL gatewayd:\n" + gateway.output[-5000:])
                failed += 1
    finally:
        for mock in mocks.values():
            mock.stop()
    print(f"{total} attempts, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
