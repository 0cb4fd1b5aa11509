// What people do with the OpenAI SDK, against a gatewayd whose main agent is the mock upstream.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

const require = createRequire(process.env.PACKAGES);
const OpenAI = require("openai");

const { BASE_URL: baseURL, TOKEN: apiKey, MOCK_STATS: statsUrl } = process.env;
const client = new OpenAI({ baseURL, apiKey, maxRetries: 0, timeout: 20_000 });
const messages = [{ role: "user", content: "one two three" }];

// How the mock behaves for one request.
const mock = (words) => ({ headers: { "x-openclaw-model": `mock/test-model+${words}` } });
const stats = async () => (await fetch(statsUrl)).json();

async function eventually(check) {
  for (let tries = 0; tries < 400; ++tries) {
    if (await check()) return;
    await sleep(10);
  }
  assert.fail("it did not happen in time");
}

test("create", async () => {
  const answer = await client.chat.completions.create({ model: "openclaw", messages });
  assert.equal(answer.choices[0].finish_reason, "stop");
  assert.match(answer.choices[0].message.content, /quick brown fox/);
  assert.equal(answer.usage.total_tokens, 40);
});

test("stream", async () => {
  const stream = await client.chat.completions.create({
    model: "openclaw", messages, stream: true, stream_options: { include_usage: true },
  });
  let text = "";
  let usage = null;
  let finish = null;
  for await (const chunk of stream) {
    text += chunk.choices[0]?.delta.content ?? "";
    finish = chunk.choices[0]?.finish_reason ?? finish;
    usage = chunk.usage ?? usage;
  }
  assert.equal(text.trim().split(" ").length, 31);
  assert.equal(finish, "stop");
  assert.equal(usage.completion_tokens, 31);
});

test("stream, cut everywhere, with other line ends and comments", async () => {
  for (const words of ["utf8+cut=1", "utf8+split-utf8", "utf8+crlf+comments+cut=3"]) {
    const stream = await client.chat.completions.create({ model: "openclaw", messages, stream: true }, mock(words));
    let text = "";
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? "";
    assert.match(text, /Grüße 日本語 👩‍🚀/, words);
  }
});

test("the SDK's own collector", async () => {
  const runner = client.chat.completions.stream({ model: "openclaw", messages });
  const answer = await runner.finalChatCompletion();
  assert.equal(answer.choices[0].message.content.trim().split(" ").length, 31);
});

test("abort in the middle of a stream reaches the upstream", async () => {
  const before = (await stats()).cancelled;
  const stream = await client.chat.completions.create({ model: "openclaw", messages, stream: true }, mock("gap=50ms"));
  let chunks = 0;
  for await (const _ of stream) {
    if (++chunks === 3) stream.controller.abort();
  }
  assert.equal(chunks, 3);
  await eventually(async () => (await stats()).cancelled === before + 1);
});

test("abort before the first token reaches the upstream", async () => {
  const before = (await stats()).cancelled;
  const abort = new AbortController();
  const options = { ...mock("stall"), signal: abort.signal };
  const answer = client.chat.completions.create({ model: "openclaw", messages, stream: true }, options);
  setTimeout(() => abort.abort(), 200);
  await assert.rejects(answer, OpenAI.APIUserAbortError);
  await eventually(async () => (await stats()).cancelled === before + 1);
});

test("a wrong key", async () => {
  const other = new OpenAI({ baseURL, apiKey: "wrong", maxRetries: 0 });
  await assert.rejects(other.chat.completions.create({ model: "openclaw", messages }), (error) => {
    assert.ok(error instanceof OpenAI.AuthenticationError);
    assert.equal(error.status, 401);
    assert.ok(error.message);
    return true;
  });
  await assert.rejects(other.models.list(), OpenAI.AuthenticationError);
});

test("an unknown model", async () => {
  for (const model of ["openclaw/nobody", "gpt-does-not-exist"]) {
    await assert.rejects(client.chat.completions.create({ model, messages }), (error) => {
      assert.ok(error instanceof OpenAI.NotFoundError || error instanceof OpenAI.BadRequestError, String(error));
      assert.match(error.message, /model|agent/i);
      return true;
    });
  }
});

test("a request that is wrong", async () => {
  await assert.rejects(client.chat.completions.create({ model: "openclaw", messages: [] }), OpenAI.BadRequestError);
});

test("errors of the upstream", async () => {
  const request = { model: "openclaw", messages };
  await assert.rejects(client.chat.completions.create(request, mock("status=429")), OpenAI.RateLimitError);
  await assert.rejects(client.chat.completions.create(request, mock("status=500")), OpenAI.InternalServerError);
  const stream = await client.chat.completions.create({ ...request, stream: true }, mock("early-close=5"));
  await assert.rejects(async () => {
    for await (const _ of stream);
  }, OpenAI.APIError);
});

test("the SDK's own retries", async () => {
  const patient = new OpenAI({ baseURL, apiKey, maxRetries: 2 });
  const id = `sdk${Math.random()}`;
  const answer = await patient.chat.completions.create({ model: "openclaw", messages }, mock(`fail=${id}+fail-status=500`));
  assert.equal(answer.choices[0].finish_reason, "stop");
});

test("models", async () => {
  const ids = [];
  for await (const model of client.models.list()) ids.push(model.id);
  assert.ok(ids.includes("openclaw"));
  assert.ok(ids.includes("openclaw/main"));
  assert.equal((await client.models.retrieve("openclaw/main")).id, "openclaw/main");
});

test("tools", async () => {
  const tools = [{ type: "function", function: { name: "get_weather", parameters: { type: "object", properties: {} } } }];
  const answer = await client.chat.completions.create({ model: "openclaw", messages, tools }, mock("tools"));
  const [call] = answer.choices[0].message.tool_calls;
  assert.equal(call.function.name, "get_weather");
  assert.equal(JSON.parse(call.function.arguments).city, "Paris");

  const runner = client.chat.completions.stream({ model: "openclaw", messages, tools }, mock("tools"));
  const streamed = await runner.finalChatCompletion();
  assert.equal(streamed.choices[0].message.tool_calls[0].function.arguments, call.function.arguments);

  // What the upstream was told, in its own words.
  const echo = await client.chat.completions.create({ model: "openclaw", messages, tools }, mock("echo"));
  assert.deepEqual(JSON.parse(JSON.parse(echo.choices[0].message.content).body).tools, tools);
});
