// A published control page in headless Chromium: opened with the token in its address, logged in, a message sent, the
// streamed answer seen, and seen again after a reload. On failure a screenshot stays in SHOTS.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { startTap } from './frame_tap.mjs';

const { GATEWAY, TOKEN, RELEASE, CHROMIUM, SHOTS, CHAT, PACKAGES } = process.env;
const { chromium } = createRequire(PACKAGES)('playwright-core');
const tap = await startTap(GATEWAY);
const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'] });
const page = await (await browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage();
const complaints = [];
page.on('console', (message) => {
  if (message.type() === 'error') complaints.push(message.text());
});
page.on('pageerror', (error) => complaints.push(`uncaught: ${error.message}`));

const MESSAGE = 'one two three four five';
const answered = () => [...tap.counted.keys()];
let looks = 0;
async function until(what, check, timeout = 60000) {
  const end = Date.now() + timeout;
  while (!(await check())) {
    assert.ok(Date.now() < end, `${what}; seen: ${answered().join(', ')}; console: ${complaints.slice(0, 5).join(' | ')}`);
    // On a busy machine a page gives itself up, and asks whether to wait.
    if (++looks % 20 === 0) await page.getByText('Keep waiting').click({ timeout: 500 }).catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
const shown = (text) => page.evaluate((wanted) => {
  // Pages are made of nested shadow roots: their text is that of all of them.
  const texts = [];
  const walk = (node) => {
    if (node.nodeType === Node.TEXT_NODE) texts.push(node.nodeValue);
    if (node.shadowRoot) walk(node.shadowRoot);
    for (const child of node.childNodes) walk(child);
  };
  walk(document.body);
  return texts.join('').split(wanted).length - 1;
}, text).catch(() => 0);  // the page is on its way to another one

try {
  await page.goto(`${tap.url}/#token=${TOKEN}`, { waitUntil: 'domcontentloaded' });
  await until('the page logs in', () => tap.calls.some((call) => call.method === 'connect') && tap.counted.get('connect') > 0);
  const blocked = complaints.filter((text) => /Content Security Policy|Refused to|MIME type/i.test(text));
  assert.deepEqual(blocked, [], 'what our header fields forbid the page');
  if (CHAT) {
    const box = page.locator('textarea').first();
    await box.waitFor({ state: 'visible', timeout: 60000 });
    await until('the history is asked for', () => tap.counted.has('chat.history') || tap.counted.has('chat.startup'));
    await box.fill(MESSAGE);
    await box.press('Enter');
    await until('the message is sent', () => tap.calls.some((call) => call.method === 'chat.send'));
    await until('the answer streams', () => (tap.counted.get('event chat') ?? 0) > 0);
    await until('question and answer are shown', async () => (await shown('four five')) >= 1 && (await shown('alpha beta')) >= 1);
    await page.reload({ waitUntil: 'domcontentloaded' });
    await until('both are shown after a reload', async () => (await shown('four five')) >= 1 && (await shown('alpha beta')) >= 1);
    assert.equal(await shown('event gap'), 0, 'the page misses no event');
  }
  assert.deepEqual([...tap.problems], [], 'what the published schema refuses');
  console.log(`${RELEASE}: ${CHAT ? 'chatted' : 'logged in'}; seen: ${answered().join(', ')}`);
  if (complaints.length) console.log(`console: ${complaints.slice(0, 10).join(' | ')}`);
} catch (error) {
  mkdirSync(SHOTS, { recursive: true });
  const shot = `${SHOTS}/control-page-${RELEASE}.png`;
  await page.screenshot({ path: shot }).catch(() => {});
  console.error(`screenshot: ${shot}`);
  throw error;
} finally {
  await browser.close();
  tap.close();
}
process.exit(0);
