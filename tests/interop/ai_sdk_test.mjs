// What people do with the AI SDK: the same program with @ai-sdk/openai-compatible (chat completions) and with
// @ai-sdk/openai (responses), against a gatewayd whose main agent is the mock upstream, and one with the built-in agent.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

const require = createRequire(process.env.PACKAGES);
const { APICallError, Output, RetryError, embedMany, generateText, stepCountIs, streamText, tool } = require("ai");
const { createOpenAICompatible } = require("@ai-sdk/openai-compatible");
const { createOpenAI } = require("@ai-sdk/openai");
const { z } = require("zod");
globalThis.AI_SDK_LOG_WARNINGS = false;

const { BASE_URL: baseURL, BUILTIN_URL: builtinURL, TOKEN: apiKey, MOCK_URL: mockURL } = process.env;
const post = (path, value) => fetch(`${mockURL}/_mock/${path}`, { method: "POST", body: JSON.stringify(value) });
const stats = async () => (await fetch(`${mockURL}/stats`)).json();
const mock = (words) => ({ headers: { "x-openclaw-model": `mock/test-model+${words}` }, maxRetries: 0 });
const prompt = "one two three";

const makers = {
  "chat completions": (url, key) => createOpenAICompatible(
    { name: "openclaw", baseURL: url, apiKey: key, includeUsage: true, supportsStructuredOutputs: true })("openclaw"),
  responses: (url, key) => createOpenAI({ baseURL: url, apiKey: key }).responses("openclaw"),
};

async function eventually(check) {
  for (let tries = 0; tries < 400; ++tries) {
    if (await check()) return;
    await sleep(10);
  }
  assert.fail("it did not happen in time");
}

// Everything a stream says; nothing is hidden in a callback.
async function parts_of(stream) {
  const parts = [];
  for await (const part of stream.fullStream) parts.push(part);
  return parts;
}

const types_of = (parts) => parts.map((part) => part.type).filter((type, i, all) => type !== all[i - 1]);

// What the upstream was told by requests that scripts answered.
async function asked() {
  const requests = await (await fetch(`${mockURL}/_mock/requests`)).json();
  return requests.map((request) => JSON.parse(Buffer.from(request.body, "base64").toString()));
}

for (const [name, make] of Object.entries(makers)) {
  const model = make(baseURL, apiKey);
  const builtin = make(builtinURL, apiKey);

  // What the upstream was told.
  const echoed = async (request) =>
    JSON.parse(JSON.parse((await generateText({ model, ...request, ...mock("echo") })).text).body);

  const weather = (calls) => ({
    get_weather: tool({
      description: "The weather of a city",
      inputSchema: z.object({ city: z.string() }),
      execute: async (input) => {
        calls.push(input);
        return { degrees: 21 };
      },
    }),
  });

  test(`${name}: generateText`, async () => {
    const answer = await generateText({ model, prompt });
    assert.match(answer.text, /quick brown fox|alpha beta gamma/);
    assert.equal(answer.finishReason, "stop");
    assert.equal(answer.usage.totalTokens, 40);
    assert.equal(answer.usage.inputTokens + answer.usage.outputTokens, 40);
    assert.ok(answer.response.id);
    assert.equal(answer.response.timestamp.getUTCFullYear() > 2000, true);
  });

  test(`${name}: streamText`, async () => {
    const stream = streamText({ model, prompt });
    const parts = await parts_of(stream);
    assert.deepEqual(types_of(parts),
                     ["start", "start-step", "text-start", "text-delta", "text-end", "finish-step", "finish"]);
    assert.equal(parts.filter((part) => part.type === "text-delta").length, 31);
    assert.equal((await stream.text).trim().split(" ").length, 31);
    assert.equal(await stream.finishReason, "stop");
    assert.equal((await stream.usage).outputTokens, 31);
  });

  test(`${name}: a stream, cut everywhere`, async () => {
    for (const words of ["utf8+cut=1", "utf8+split-utf8"]) {
      const stream = streamText({ model, prompt, ...mock(words) });
      assert.deepEqual((await parts_of(stream)).filter((part) => part.type === "error"), []);
      assert.match(await stream.text, /Grüße 日本語 👩‍🚀/, words);
    }
  });

  test(`${name}: system, history, parameters, a picture`, async () => {
    const png = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==", "base64");
    const told = await echoed({
      system: "Be kind.", temperature: 0.5, topP: 0.9, maxOutputTokens: 77,
      messages: [{ role: "user", content: "hi" }, { role: "assistant", content: "hello" },
                 { role: "user", content: [{ type: "text", text: "what is this?" },
                                           { type: "image", image: png, mediaType: "image/png" }] }],
    });
    assert.deepEqual(told.messages.map((message) => message.role), ["system", "user", "assistant", "user"]);
    assert.match(JSON.stringify(told.messages[0].content), /Be kind\./);
    assert.match(told.messages[3].content[1].image_url.url, /^data:image\/png;base64,iVBORw0KGgo/);
    assert.equal(told.temperature, 0.5);
    assert.equal(told.top_p, 0.9);
    assert.equal(told.max_completion_tokens ?? told.max_tokens, 77);
  });

  test(`${name}: tools that the SDK runs, step by step`, async () => {
    const scripts = [{ tools: [{ name: "get_weather", arguments: ['{"city":', '"Paris"}'] }] }, { say: ["It has ", "21 C."] }];
    for (const streams of [false, true]) {
      await post("reset", {});
      await post("script", scripts);
      const calls = [];
      const request = { model, prompt: "How warm is it in Paris?", tools: weather(calls), stopWhen: stepCountIs(4) };
      const answer = streams ? streamText(request) : await generateText(request);
      if (streams) assert.deepEqual((await parts_of(answer)).filter((part) => part.type === "error"), []);
      assert.equal(await answer.text, "It has 21 C.");
      assert.deepEqual(calls, [{ city: "Paris" }]);
      const steps = await answer.steps;
      assert.deepEqual(steps.map((step) => step.finishReason), ["tool-calls", "stop"]);
      const [first, second] = await asked();
      assert.equal(first.tools[0].function.name, "get_weather");
      assert.equal(first.tools[0].function.parameters.properties.city.type, "string");
      assert.deepEqual(second.messages.map((message) => message.role), ["user", "assistant", "tool"]);
      assert.equal(second.messages[1].tool_calls[0].id, second.messages[2].tool_call_id);
      assert.deepEqual(JSON.parse(second.messages[1].tool_calls[0].function.arguments), { city: "Paris" });
      assert.deepEqual(JSON.parse(second.messages[2].content), { degrees: 21 });
    }
  });

  test(`${name}: a tool that the caller runs`, async () => {
    await post("reset", {});
    await post("script", [{ tools: [{ name: "ask_user", arguments: ['{"question":"Which?"}'] }] }, { say: ["Fine."] }]);
    const tools = { ask_user: tool({ inputSchema: z.object({ question: z.string() }) }) };
    const messages = [{ role: "user", content: "book it" }];
    const first = await generateText({ model, messages, tools, toolChoice: { type: "tool", toolName: "ask_user" } });
    assert.equal(first.finishReason, "tool-calls");
    const [call] = first.toolCalls;
    assert.deepEqual(call.input, { question: "Which?" });
    const result = { type: "tool-result", toolCallId: call.toolCallId, toolName: "ask_user",
                     output: { type: "text", value: "the second" } };
    const second = await generateText(
      { model, tools, messages: [...messages, ...first.response.messages, { role: "tool", content: [result] }] });
    assert.equal(second.text, "Fine.");
    const [told, toldBack] = await asked();
    assert.equal(told.tool_choice.function.name, "ask_user");
    assert.equal(toldBack.messages.at(-1).content, "the second");
    assert.equal(toldBack.messages.at(-1).tool_call_id, call.toolCallId);
  });

  test(`${name}: several calls at once, the text before them`, async () => {
    await post("reset", {});
    await post("script", [
      { say: ["Let me look."], tools: ["Paris", "Rome"].map((city) => ({ name: "get_weather", arguments: [JSON.stringify({ city })] })) },
      { say: ["Both 21 C."] }]);
    const calls = [];
    const stream = streamText({ model, prompt: "Paris or Rome?", tools: weather(calls), stopWhen: stepCountIs(4) });
    assert.deepEqual((await parts_of(stream)).filter((part) => part.type === "error"), []);
    assert.equal(await stream.text, "Both 21 C.");
    assert.equal((await stream.steps)[0].text, "Let me look.");
    assert.deepEqual(calls, [{ city: "Paris" }, { city: "Rome" }]);
    const second = (await asked())[1];
    assert.deepEqual(second.messages.map((message) => message.role), ["user", "assistant", "tool", "tool"]);
    assert.equal(second.messages[1].content, "Let me look.");
    assert.equal(second.messages[1].tool_calls.length, 2);
  });

  test(`${name}: an object with a schema`, async () => {
    await post("reset", {});
    await post("script", [{ say: ['{"city":', '"Paris"}'] }]);
    const answer = await generateText(
      { model, prompt, output: Output.object({ schema: z.object({ city: z.string() }) }) });
    assert.deepEqual(answer.output, { city: "Paris" });
    const [told] = await asked();
    assert.equal(told.response_format.type, "json_schema");
    assert.equal(told.response_format.json_schema.schema.properties.city.type, "string");
  });

  test(`${name}: errors`, async () => {
    const status_of = (status, retryable) => (error) => {
      assert.ok(APICallError.isInstance(error), String(error));
      assert.equal(error.statusCode, status);
      assert.equal(error.isRetryable, retryable);
      assert.ok(error.message.length > 10, error.message);
      return true;
    };
    await assert.rejects(generateText({ model: make(baseURL, "wrong"), prompt, maxRetries: 0 }), status_of(401, false));
    await assert.rejects(generateText({ model, prompt, temperature: 3 }), status_of(400, false));
    await assert.rejects(generateText({ model, prompt, ...mock("status=429") }), status_of(429, true));
    await assert.rejects(generateText({ model, prompt, ...mock("status=500") }), status_of(502, true));
    await assert.rejects(generateText({ model, prompt, ...mock("status=503"), maxRetries: 1 }), RetryError);
  });

  test(`${name}: the SDK's own retries`, async () => {
    const answer = await generateText(
      { model, prompt, ...mock(`fail=ai${Math.random()}+fail-status=500`), maxRetries: 2 });
    assert.equal(answer.finishReason, "stop");
  });

  test(`${name}: errors of streams`, async () => {
    const before = await parts_of(streamText({ model, prompt, ...mock("status=429"), onError() {} }));
    const [refused] = before.filter((part) => part.type === "error");
    assert.equal(refused.error.statusCode, 429);
    const stream = streamText({ model, prompt, ...mock("early-close=5"), onError() {} });
    const parts = await parts_of(stream);
    assert.ok(parts.some((part) => part.type === "text-delta"));
    assert.equal(parts.filter((part) => part.type === "error").length, 1);
    assert.equal(await stream.finishReason, "error");
  });

  test(`${name}: abort`, async () => {
    const before = (await stats()).cancelled;
    const abort = new AbortController();
    let aborted = false;
    const stream = streamText({ model, prompt, ...mock("gap=50ms"), abortSignal: abort.signal,
                                onAbort() { aborted = true; } });
    let deltas = 0;
    for await (const part of stream.fullStream) {
      if (part.type === "text-delta" && ++deltas === 3) abort.abort();
    }
    assert.ok(aborted);
    assert.ok(deltas < 31);
    await eventually(async () => (await stats()).cancelled === before + 1);

    const early = new AbortController();
    const answer = generateText({ model, prompt, ...mock("stall"), abortSignal: early.signal });
    setTimeout(() => early.abort(), 100);
    await assert.rejects(answer, { name: "AbortError" });
    await eventually(async () => (await stats()).cancelled === before + 2);
  });

  test(`${name}: the built-in agent`, async () => {
    const answer = await generateText({ model: builtin, prompt: "good morning" });
    assert.match(answer.text, /^You said: good morning/);
    const calls = [];
    const stream = streamText({ model: builtin, prompt: "good morning", tools: weather(calls), stopWhen: stepCountIs(4) });
    assert.deepEqual((await parts_of(stream)).filter((part) => part.type === "error"), []);
    assert.equal(await stream.text, answer.text);
    assert.deepEqual(calls, []);
    assert.ok((await stream.usage).totalTokens > 0);
  });

  test(`${name}: a conversation in a session of the gateway`, async () => {
    const headers = { "x-openclaw-session-key": `agent:main:ai-${name.length}` };
    await post("reset", {});
    await post("script", [{ say: ["Hello Ann."] }, { say: ["Ann."] }]);
    await generateText({ model, prompt: "I am Ann.", headers });
    assert.equal((await generateText({ model, prompt: "Who am I?", headers })).text, "Ann.");
    assert.deepEqual((await asked())[1].messages.map((message) => message.content), ["I am Ann.", "Hello Ann.", "Who am I?"]);
  });
}

test("responses: previousResponseId", async () => {
  const model = makers.responses(baseURL, apiKey);
  await post("reset", {});
  await post("script", [{ say: ["Hello Ann."] }, { say: ["Ann."] }]);
  const first = await generateText({ model, prompt: "I am Ann." });
  const { responseId: previousResponseId } = first.providerMetadata.openai;
  const second = await generateText({ model, prompt: "Who am I?", providerOptions: { openai: { previousResponseId } } });
  assert.equal(second.text, "Ann.");
  assert.equal((await asked())[1].messages.length, 3);
});

test("embedMany", async () => {
  const provider = createOpenAICompatible({ name: "openclaw", baseURL: builtinURL, apiKey });
  const { embeddings } = await embedMany(
    { model: provider.embeddingModel("openclaw"), values: ["the cat sat on the mat", "a cat on a mat"] });
  assert.deepEqual(embeddings.map((vector) => vector.length), [256, 256]);
});
