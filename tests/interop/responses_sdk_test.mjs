// What people do with the Responses API of the OpenAI SDK, against a gatewayd whose main agent is the mock upstream, and
// against one whose agent is the built-in one.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

const require = createRequire(process.env.PACKAGES);
const OpenAI = require("openai");

const { BASE_URL: baseURL, BUILTIN_URL: builtinURL, TOKEN: apiKey, MOCK_STATS: statsUrl } = process.env;
const client = new OpenAI({ baseURL, apiKey, maxRetries: 0, timeout: 20_000 });
const builtin = new OpenAI({ baseURL: builtinURL, apiKey, maxRetries: 0, timeout: 20_000 });
const model = "openclaw";
const mock = (words) => ({ headers: { "x-openclaw-model": `mock/test-model+${words}` } });
const stats = async () => (await fetch(statsUrl)).json();
const tools = [{ type: "function", name: "get_weather", description: "w", strict: false,
                 parameters: { type: "object", properties: { city: { type: "string" } } } }];

async function eventually(check) {
  for (let tries = 0; tries < 400; ++tries) {
    if (await check()) return;
    await sleep(10);
  }
  assert.fail("it did not happen in time");
}

// What the upstream was told.
async function echoed(request) {
  const answer = await client.responses.create({ model, ...request }, mock("echo"));
  return JSON.parse(JSON.parse(answer.output_text).body);
}

test("create", async () => {
  const answer = await client.responses.create({ model, input: "one two three" });
  assert.match(answer.id, /^resp_/);
  assert.equal(answer.status, "completed");
  assert.match(answer.output_text, /alpha beta gamma/);
  assert.equal(answer.output[0].type, "message");
  assert.equal(answer.error, null);
  assert.equal(answer.usage.total_tokens, 40);
  assert.equal(answer.usage.input_tokens + answer.usage.output_tokens, 40);
});

test("a stream, event by event", async () => {
  const types = new Set();
  let text = "";
  let sequence = 0;
  let last = null;
  for await (const event of await client.responses.create({ model, input: "hi", stream: true })) {
    types.add(event.type);
    assert.equal(event.sequence_number, sequence++);
    if (event.type === "response.output_text.delta") text += event.delta;
    last = event;
  }
  assert.deepEqual([...types], [
    "response.created", "response.in_progress", "response.output_item.added", "response.content_part.added",
    "response.output_text.delta", "response.output_text.done", "response.content_part.done",
    "response.output_item.done", "response.completed"]);
  assert.equal(last.response.output[0].content[0].text, text);
  assert.equal(text.trim().split(" ").length, 31);
});

test("the SDK's own collector", async () => {
  let deltas = "";
  let snapshot = "";
  const stream = client.responses.stream({ model, input: "hi" })
    .on("response.output_text.delta", (event) => {
      deltas += event.delta;
      snapshot = event.snapshot;
    });
  const answer = await stream.finalResponse();
  assert.equal(answer.output_text, deltas);
  assert.equal(snapshot, deltas);
  assert.equal(answer.status, "completed");
});

test("a stream, cut everywhere", async () => {
  for (const words of ["utf8+cut=1", "utf8+split-utf8"]) {
    const answer = await client.responses.stream({ model, input: "hi" }, mock(words)).finalResponse();
    assert.match(answer.output_text, /Grüße 日本語 👩‍🚀/, words);
  }
});

test("a function tool, there and back", async () => {
  const answer = await client.responses.create({ model, input: "weather?", tools }, mock("tools"));
  const call = answer.output.find((item) => item.type === "function_call");
  assert.equal(call.name, "get_weather");
  assert.equal(JSON.parse(call.arguments).city, "Paris");
  assert.equal(call.status, "completed");

  const types = [];
  const stream = client.responses.stream({ model, input: "weather?", tools }, mock("tools"));
  for await (const event of stream) types.push(event.type);
  assert.ok(types.includes("response.function_call_arguments.delta"));
  assert.ok(types.includes("response.function_call_arguments.done"));
  const streamed = (await stream.finalResponse()).output.find((item) => item.type === "function_call");
  assert.equal(streamed.arguments, call.arguments);

  const result = { type: "function_call_output", call_id: call.call_id, output: "21C" };
  const byId = await echoed({ previous_response_id: answer.id, input: [result], tools });
  assert.deepEqual(byId.messages.map((message) => message.role), ["user", "assistant", "tool"]);
  assert.equal(byId.messages[1].tool_calls[0].id, call.call_id);
  assert.equal(byId.messages[2].content, "21C");
  const byItems = await echoed({ input: [{ role: "user", content: "weather?" }, ...answer.output, result], tools });
  assert.deepEqual(byItems.messages, byId.messages);
  assert.equal(byItems.tools[0].function.name, "get_weather");
});

test("previous_response_id", async () => {
  const first = await client.responses.create({ model, input: "one", user: "Bob" });
  const again = await client.responses.create({ model, input: "two", previous_response_id: first.id, user: "Bob" });
  assert.equal(again.previous_response_id, first.id);
  const stateless = await client.responses.create({ model, input: "three" });
  const asked = await echoed({ input: "four", previous_response_id: stateless.id });
  assert.deepEqual(asked.messages.map((message) => message.role), ["user", "assistant", "user"]);
  assert.equal(asked.messages[0].content, "three");
  for (const previous_response_id of ["resp_nobody", first.id]) {
    await assert.rejects(client.responses.create({ model, input: "x", previous_response_id }), (error) => {
      assert.ok(error instanceof OpenAI.BadRequestError);
      assert.equal(error.code, "previous_response_not_found");
      return true;
    });
  }
});

test("instructions, history, parameters, a schema for the answer", async () => {
  const asked = await echoed({
    instructions: "Be kind.", temperature: 0.5, top_p: 0.9, max_output_tokens: 77,
    input: [{ role: "developer", content: "D" }, { role: "user", content: [{ type: "input_text", text: "hi" }] }],
    text: { format: { type: "json_schema", name: "n", schema: { type: "object" } } },
    tools, tool_choice: { type: "function", name: "get_weather" },
  });
  assert.match(JSON.stringify(asked.messages.filter((message) => message.role === "system")), /Be kind.*D/);
  assert.equal(asked.temperature, 0.5);
  assert.equal(asked.top_p, 0.9);
  assert.equal(asked.max_completion_tokens ?? asked.max_tokens, 77);
  assert.equal(asked.response_format.json_schema.name, "n");
  assert.equal(asked.tool_choice.function.name, "get_weather");
});

test("an image", async () => {
  const url = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==";
  const asked = await echoed({ input: [{ role: "user", content: [
    { type: "input_text", text: "what is this?" }, { type: "input_image", image_url: url, detail: "auto" }] }] });
  assert.match(asked.messages[0].content[1].image_url.url, /^data:image\/png;base64,iVBORw0KGgo/);
});

test("a wrong key", async () => {
  const other = new OpenAI({ baseURL, apiKey: "wrong", maxRetries: 0 });
  await assert.rejects(other.responses.create({ model, input: "x" }), OpenAI.AuthenticationError);
  await assert.rejects(other.embeddings.create({ model, input: "x" }), OpenAI.AuthenticationError);
});

test("an unknown model", async () => {
  for (const name of ["openclaw/nobody", "gpt-does-not-exist"]) {
    await assert.rejects(client.responses.create({ model: name, input: "x" }), (error) => {
      assert.ok(error instanceof OpenAI.NotFoundError || error instanceof OpenAI.BadRequestError, String(error));
      assert.match(error.message, /model|agent/i);
      return true;
    });
  }
});

test("requests that are wrong", async () => {
  for (const request of [{ input: [] }, { input: "x", bogus: 1 }, { input: "x", tool_choice: "required" },
                         { input: "x", temperature: 3 }, { input: [{ role: "nobody", content: "x" }] }]) {
    await assert.rejects(client.responses.create({ model, ...request }), OpenAI.BadRequestError);
  }
});

test("errors of the upstream", async () => {
  const request = { model, input: "x" };
  await assert.rejects(client.responses.create(request, mock("status=429")), OpenAI.RateLimitError);
  await assert.rejects(client.responses.create({ ...request, stream: true }, mock("status=429")), OpenAI.RateLimitError);
  await assert.rejects(client.responses.create(request, mock("status=500")), OpenAI.InternalServerError);
  const types = [];
  for await (const event of await client.responses.create({ ...request, stream: true }, mock("early-close=5"))) {
    types.push(event.type);
    if (event.type === "response.failed") assert.ok(event.response.error.message);
  }
  assert.equal(types.at(-1), "response.failed");
});

test("abort in the middle of a stream reaches the upstream", async () => {
  const before = (await stats()).cancelled;
  const stream = await client.responses.create({ model, input: "x", stream: true }, mock("gap=50ms"));
  let deltas = 0;
  for await (const event of stream) {
    if (event.type === "response.output_text.delta" && ++deltas === 3) stream.controller.abort();
  }
  assert.equal(deltas, 3);
  await eventually(async () => (await stats()).cancelled === before + 1);
});

test("the built-in agent", async () => {
  const answer = await builtin.responses.create({ model, input: "good morning" });
  assert.match(answer.output_text, /^You said: good morning/);
  const streamed = await builtin.responses.stream({ model, input: "good morning" }).finalResponse();
  assert.equal(streamed.output_text, answer.output_text);
});

test("embeddings of the built-in agent", async () => {
  const input = ["the cat sat on the mat", "a cat on a mat", "quarterly revenue grew"];
  // Without encoding_format the SDK asks for base64, and decodes it.
  const decoded = await builtin.embeddings.create({ model, input });
  const floats = await builtin.embeddings.create({ model, input, encoding_format: "float" });
  const base64 = await builtin.embeddings.create({ model, input, encoding_format: "base64" });
  assert.equal(decoded.model, "gateway-hash-256");
  assert.equal(decoded.data.length, 3);
  const dot = (a, b) => a.reduce((sum, x, i) => sum + x * b[i], 0);
  const vectors = decoded.data.map((it) => Array.from(it.embedding));
  for (const [i, vector] of vectors.entries()) {
    assert.equal(vector.length, 256);
    assert.ok(Math.abs(dot(vector, vector) - 1) < 1e-5);
    assert.deepEqual(vector, floats.data[i].embedding.map(Math.fround));
    assert.equal(typeof base64.data[i].embedding, "string");
  }
  assert.ok(dot(vectors[0], vectors[1]) > 2 * Math.abs(dot(vectors[0], vectors[2])));
  const short = await builtin.embeddings.create({ model, input: "x", dimensions: 32 });
  assert.equal(short.data[0].embedding.length, 32);
  await assert.rejects(builtin.embeddings.create({ model, input: "" }), OpenAI.BadRequestError);
});
