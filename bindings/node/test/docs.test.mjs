// The examples run and say what they should; the page of the docs shows exactly these files.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const folder = fileURLToPath(new URL('../examples/', import.meta.url));
const packages = process.env.PACKAGES ?? '';
const page = process.env.GATEWAY_DOCS && path.join(process.env.GATEWAY_DOCS, 'embedding-node.md');

const says = {
  'agent.mjs': /^You said: "hello", and that is all\.\n$/,
  'inspect.mjs': /^My CUIL is \[REDACTED:PII-AR-CUIT\], write it down\.\nalert \[ 'PII-AR-CUIT:Argentine CUIT or CUIL' \]\nMy CUIL is \[REDACTED:PII-AR-CUIT\], write it down\.\n1\n$/,
  'stream.mjs': /^(My CUIL is \[REDACTED:PII-AR-CUIT\], bye\.){2}\n$/,
  'gateway.mjs': /^You said: hello/,
  'tool.mjs': /^progress {"text":"looking for lamp"}\nresult .*"details":{"article":"lamp","count":4}}}\n$/,
  'routes.mjs': /^Hello Jørn\n1 2 3 \n$/,
  'beside_http.mjs': /^\/ the program itself\n\/healthz \{"ok":true/,
  'events.mjs': /found: verdict/,
  'openai_fetch.mjs': /^You said: Name three rivers[^]*\[REDACTED:PII-AR-CUIT\][^]*This request was blocked/,
};

test('every example is tested', () => assert.deepEqual(readdirSync(folder).sort(), Object.keys(says).sort()));

for (const [name, said] of Object.entries(says)) {
  const openai = path.join(packages, 'node_modules', 'openai');
  const skip = name.startsWith('openai') && !(packages && existsSync(openai)) && 'needs the package openai: PACKAGES=<folder with node_modules>';
  test(name, { skip }, async () => {
    let file = path.join(folder, name);
    const place = mkdtempSync(path.join(tmpdir(), 'example-'));
    if (name.startsWith('openai')) {
      // Beside both packages, as in a program that depends on them.
      mkdirSync(path.join(place, 'node_modules'));
      symlinkSync(path.dirname(folder), path.join(place, 'node_modules', 'libgateway'));
      symlinkSync(openai, path.join(place, 'node_modules', 'openai'));
      symlinkSync(file, path.join(place, name));
      file = path.join(place, name);
    }
    const { stdout } = await promisify(execFile)(process.execPath, ['--preserve-symlinks', '--preserve-symlinks-main', file], { timeout: 60_000 });
    rmSync(place, { recursive: true });
    assert.match(stdout, said);
  });
}

test('the page shows these files', { skip: !(page && existsSync(page)) && 'needs GATEWAY_DOCS=<the folder docs>' }, () => {
  const shown = [...readFileSync(page, 'utf8').matchAll(/\[`examples\/(\w+\.mjs)`\][^`]*\n```js\n([^]*?)```/g)];
  assert.deepEqual(shown.map(([, name]) => name).sort(), Object.keys(says).sort());
  for (const [, name, text] of shown) assert.equal(text, readFileSync(path.join(folder, name), 'utf8'), name);
});
