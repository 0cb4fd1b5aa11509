// The ways into our own control page, DOOR by DOOR: without a credential, with a password, over plain http from another
// machine, and as a browser that nobody knows yet.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';

const { DOOR, PAGE, LOCAL, SECRET, CHROMIUM, SHOTS, PACKAGES, KEEP_SHOTS } = process.env;
const require = createRequire(PACKAGES);
const { chromium } = require('playwright-core');
const { WebSocket } = require('ws');

mkdirSync(SHOTS, { recursive: true });
const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'] });
const page = await (await browser.newContext({ viewport: { width: 900, height: 760 }, ignoreHTTPSErrors: true })).newPage();
page.setDefaultTimeout(90000); // other programs may be at work here
const complaints = [];
page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
page.on('pageerror', (error) => complaints.push(`uncaught: ${error.message}`));

async function until(what, check, timeout = 40000) {
  const end = Date.now() + timeout;
  for (;;) {
    const found = await check();
    if (found) return found;
    assert.ok(Date.now() < end, `${what}; the page says: ${await page.locator('body').innerText()}; console: ${complaints.slice(0, 5).join(' | ')}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
const shows = (selector, text) => async () => (await page.locator(selector).allInnerTexts()).some((one) => one.includes(text));
const picture = async (name) => KEEP_SHOTS && page.screenshot({ path: `${SHOTS}/own-${name}.png` });
async function type(secret) {
  await page.locator('#secret').waitFor();
  await page.locator('#secret').fill(secret);
  await page.keyboard.press('Enter');
}

// Somebody on the gateway's machine lets in who waits.
async function approve() {
  const socket = new WebSocket(LOCAL.replace('http', 'ws'), { rejectUnauthorized: false });
  const waiting = new Map();
  const call = (method, params) => new Promise((resolve) => {
    waiting.set(method, resolve);
    socket.send(JSON.stringify({ type: 'req', id: method, method, params }));
  });
  const answered = new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('message', async (data) => {
      const frame = JSON.parse(data);
      if (frame.event !== 'connect.challenge') return void waiting.get(frame.id)?.(frame);
      await call('connect', { minProtocol: 4, maxProtocol: 4, role: 'operator', auth: { token: SECRET }, scopes: ['operator.admin', 'operator.pairing'],
        client: { id: 'cli', version: '1', platform: 'linux', mode: 'cli' } });
      const { payload } = await call('device.pair.list', {});
      assert.equal(payload.pending.length, 1);
      resolve(await call('device.pair.approve', { requestId: payload.pending[0].requestId }));
    });
  });
  const answer = await answered;
  socket.close();
  assert.equal(answer.ok, true, JSON.stringify(answer));
}

const doors = {
  async open() {
    await page.goto(`${PAGE}/#/guardrail`);
    await until('nothing is asked', shows('.status', 'Connected'));
    await until('the guardrail is off', shows('.empty', 'The guardrail is off'));
    await picture('guardrail-off');
    await page.locator('nav a[href="#/activity"]').click();
    await until('and adds nothing', shows('.legend', 'nothing is added'));
  },
  async password() {
    await page.goto(`${PAGE}/`);
    await type(SECRET);
    await until('the password comes in', shows('.status', 'Connected'));
    await page.reload();
    await until('still in', shows('.status', 'Connected'));
  },
  async insecure() {
    assert.equal(new URL(PAGE).protocol, 'http:');
    await page.goto(`${PAGE}/`);
    assert.equal(await page.evaluate(() => isSecureContext), false);
    await type(SECRET);
    await until('it is told why not, and what to do', shows('.login .notice', 'ssh -L'));
    await until('in full', shows('.login .notice', 'Over plain http from another machine'));
    await picture('insecure');
  },
  async pairing() {
    await page.goto(`${PAGE}/#token=${SECRET}`);
    await until('it waits', shows('.login .notice', 'waits for somebody to approve it'));
    await picture('pairing');
    await approve();
    await until('it goes on by itself', shows('.status', 'Connected'));
    await page.reload();
    await until('and is known from then on', shows('.status', 'Connected'));
  },
};

try {
  await doors[DOOR]();
  assert.deepEqual(complaints.filter((text) => !text.includes('Failed to load resource')), []);
  console.log(`${DOOR}: in order`);
} catch (error) {
  await page.screenshot({ path: `${SHOTS}/own-${DOOR}-failed.png` }).catch(() => {});
  throw error;
} finally {
  await browser.close();
}
process.exit(0);
