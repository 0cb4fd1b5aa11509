// Our own control page in headless Chromium: refused and let in, a streamed answer, one that the guardrail withholds, an
// approval, a reload; in both colours and two widths. With KEEP_SHOTS every view is left as a picture in SHOTS.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const { GATEWAY, TOKEN, CHROMIUM, SHOTS, CANVAS, PID, PACKAGES, KEEP_SHOTS } = process.env;
const require = createRequire(PACKAGES);
const { chromium } = require('playwright-core');
const { WebSocket } = require('ws');

const VIEWS = ['chat', 'activity', 'guardrail', 'approvals', 'nodes', 'config'];
// The built-in agent repeats what it is told. A rule of the test's own stops it in answers, none in prompts.
const LEAK = 'tell me about project bluebird, which nobody may know';

mkdirSync(SHOTS, { recursive: true });
const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'] });
const context = await browser.newContext({ viewport: { width: 1280, height: 860 } });
const page = await context.newPage();
const complaints = [];
const watch = (one) => {
  one.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  one.on('pageerror', (error) => complaints.push(`uncaught: ${error.message}`));
};
watch(page);

async function until(what, check, timeout = 40000) {
  const end = Date.now() + timeout;
  for (;;) {
    const found = await check();
    if (found) return found;
    assert.ok(Date.now() < end, `${what}; console: ${complaints.slice(0, 5).join(' | ')}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
const texts = (selector) => page.locator(selector).allInnerTexts();
const shows = (selector, text) => async () => (await texts(selector)).some((one) => one.includes(text));
const go = (view) => page.locator(`nav a[href="#/${view}"]`).click();

// A program on this machine, with the shared secret: what asks for approvals.
async function program() {
  const socket = new WebSocket(GATEWAY.replace('http', 'ws'));
  const waiting = new Map();
  let next = 1;
  const call = (method, params) => new Promise((resolve) => {
    waiting.set(String(next), resolve);
    socket.send(JSON.stringify({ type: 'req', id: String(next++), method, params }));
  });
  await new Promise((resolve) => {
    socket.on('message', async (data) => {
      const frame = JSON.parse(data);
      if (frame.event === 'connect.challenge') {
        const answer = await call('connect', { minProtocol: 4, maxProtocol: 4, role: 'operator', auth: { token: TOKEN },
          scopes: ['operator.admin', 'operator.read', 'operator.write', 'operator.approvals'],
          client: { id: 'cli', version: '1', platform: 'linux', mode: 'cli' } });
        assert.equal(answer.ok, true, JSON.stringify(answer));
        resolve();
      }
      waiting.get(frame.id)?.(frame);
    });
  });
  return { call, close: () => socket.close() };
}

async function pictures() {
  for (const scheme of ['light', 'dark']) {
    for (const [width, height] of [[1280, 860], [360, 740]]) {
      await page.emulateMedia({ colorScheme: scheme });
      await page.setViewportSize({ width, height });
      for (const view of VIEWS) {
        await go(view);
        await page.waitForTimeout(!KEEP_SHOTS ? 50 : view === 'activity' ? 1200 : 300);
        // Nothing is wider than the window.
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(wide <= 0, `${view} at ${width}: ${wide} pixels too wide`);
        const cut = await page.evaluate(() => [...document.querySelectorAll('main *')].filter((one) => one.checkVisibility()
          && one.getBoundingClientRect().right > innerWidth + 1 && !one.closest('.scroll, .log, pre, .line')).map((one) => one.className || one.tagName));
        assert.deepEqual(cut, [], `${view} at ${width}: what does not fit`);
        if (KEEP_SHOTS) await page.screenshot({ path: `${SHOTS}/own-${view}-${width}-${scheme}.png` });
      }
    }
  }
  if (KEEP_SHOTS) {
    await go('chat');
    await page.locator('.session').first().click();
    await page.waitForTimeout(300);
    await page.screenshot({ path: `${SHOTS}/own-transcript-360-dark.png` });
  }
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize({ width: 1280, height: 860 });
}

context.setDefaultTimeout(90000); // other programs may be at work here
try {
  // --- coming in
  await page.goto(`${GATEWAY}/`);
  await page.locator('#secret').waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.id), 'secret');
  if (KEEP_SHOTS) await page.screenshot({ path: `${SHOTS}/own-login-1280-light.png` });
  await page.locator('#secret').fill('not the token');
  await page.keyboard.press('Enter');
  await until('a wrong token is refused', shows('.login .notice', 'not the gateway’s token'));
  if (KEEP_SHOTS) await page.screenshot({ path: `${SHOTS}/own-refused-1280-light.png` });
  assert.equal(await page.evaluate(() => sessionStorage.getItem('gateway.secret')), null);
  await page.locator('#secret').fill(TOKEN);
  await page.keyboard.press('Enter');
  await until('the right one comes in', shows('.status', 'Connected'));
  assert.equal(await page.evaluate(() => localStorage.length), 0);

  // --- chat
  const box = page.locator('.composer textarea');
  await until('nothing was said yet', shows('.log .empty', 'Nothing was said'));
  if (KEEP_SHOTS) await page.screenshot({ path: `${SHOTS}/own-empty-1280-light.png` });
  await box.fill('one two three four five');
  await box.press('Enter');
  await until('the question stands there', shows('.bubble.user', 'one two three'));
  await until('the answer is whole', shows('.bubble.agent:not(.live)', 'four five'));
  await until('the session is listed', shows('.session', 'one two three'));

  // --- a long answer, stopped
  await box.fill(Array.from({ length: 900 }, (_, i) => `word${i}`).join(' '));
  await box.press('Enter');
  await until('the long answer streams', shows('.bubble.live', 'word3'));
  await page.locator('button[aria-label="Stop the answer"]').click();
  await until('it was stopped', async () => (await shows('.bubble.agent', 'stopped')()) || (await shows('.bubble.agent:not(.live)', 'word899')()));

  // --- the guardrail withholds an answer, and says so at once
  await box.fill(LEAK);
  await box.press('Enter');
  await until('the answer is withheld', shows('.bubble.withheld', 'response was blocked'));
  assert.ok(!(await texts('.bubble.agent')).join().includes('bluebird'));
  await until('the mark says that something was found', async () => (await page.locator('nav a[href="#/guardrail"] .badge:visible').count()) > 0);
  await go('guardrail');
  await until('the finding is there', shows('.finding', 'blocked'));
  await until('with its rule and where it was', shows('.finding', 'TEST-BLUEBIRD'));
  assert.ok((await texts('.finding')).join().includes('answer'));
  assert.equal(await page.locator('nav a[href="#/guardrail"] .badge:visible').count(), 0);

  // --- figures
  await go('activity');
  await until('the figures are there', shows('.tiles', 'Memory'));
  // Where both lines are at the same height, the second covers the first.
  await until('the plot is drawn', () => page.evaluate(() => {
    const canvas = document.querySelector('canvas.plot');
    const rgb = (name) => [1, 3, 5].map((at) => parseInt(getComputedStyle(canvas).getPropertyValue(name).trim().slice(at, at + 2), 16));
    const colors = ['--accent', '--second'].map(rgb);
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    return data.filter((_, i) => i % 4 === 0 && colors.some((color) => color.every((part, at) => data[i + at] === part))).length > 20;
  }));
  const [plot, card] = await page.evaluate(() => ['canvas.plot', '.card:has(canvas.plot) .legend'].map((one) => document.querySelector(one).clientWidth));
  assert.ok(plot > 300 && plot === card, `a plot of ${plot} pixels in a card with room for ${card}`);
  await until('this page is among the connected', shows('table', 'this page'));

  // --- an approval
  const asking = await program();
  const asked = asking.call('exec.approval.request', { command: 'rm -rf ./build && make', cwd: '/srv/project', host: 'gateway', agentId: 'main', timeoutMs: 600000 });
  await until('the mark says that something waits', async () => (await page.locator('nav a[href="#/approvals"] .badge:visible').count()) > 0);
  await go('approvals');
  await until('it is shown', shows('.approval pre', 'rm -rf ./build && make'));
  await until('with what is known of it', shows('.approval .facts', '/srv/project'));
  await pictures();
  await go('approvals');
  await page.getByRole('button', { name: 'Allow once' }).click();
  assert.equal((await asked).payload.decision, 'allow-once');
  await until('nothing waits any more', shows('.empty', 'Nothing waits for you'));

  // --- configuration
  await go('config');
  await until('keys are shown', shows('.keys', 'gateway.auth.mode'));
  assert.ok(!(await page.locator('body').innerText()).includes(TOKEN), 'the token is not shown');
  await page.locator('input[aria-label="Find a key or value"]').fill('block_from');
  await until('a key is found', async () => (await page.locator('.keys > div').count()) === 1);

  // --- after a reload it is all there
  await page.reload();
  await until('still in', shows('.status', 'Connected'));
  await go('chat');
  await until('the transcript is there', shows('.bubble.agent', 'four five'));
  await until('also what was withheld', async () => (await page.locator('.bubble.withheld').count()) > 0);
  await go('guardrail');
  await until('and the findings', shows('.finding', 'blocked'));

  // --- the gateway goes and comes back, and the page with it
  await go('chat');
  process.kill(Number(PID), 'SIGUSR1');
  await until('the page notices', shows('.status', 'Reconnecting'));
  await until('and comes back', shows('.status', 'Connected'), 60000);
  await until('the transcript is there again', shows('.bubble.agent', 'four five'));

  // --- a picture goes along
  const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAIAAACQkWg2AAAAFklEQVR42mPQWJVHEmIY1TCqYfhqAADZt0AQapj+swAAAABJRU5ErkJggg==', 'base64');
  await page.locator('.composer input[type=file]').setInputFiles([
    { name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('no picture') },
    { name: 'green.png', mimeType: 'image/png', buffer: png }, { name: 'other.png', mimeType: 'image/png', buffer: png }]);
  await until('the pictures wait', async () => (await page.locator('.pictures canvas').count()) === 2);
  await until('what is no picture is refused', shows('.toasts', 'pictures only'));
  await page.locator('button[aria-label="Leave out other.png"]').click();
  assert.equal(await page.locator('.pictures canvas').count(), 1);
  if (KEEP_SHOTS) await page.screenshot({ path: `${SHOTS}/own-pictures-1280-light.png` });
  await box.fill('what is in this picture');
  await box.press('Enter');
  await until('it stands at the question', async () => (await page.locator('.bubble.user:not(.pending) canvas').count()) === 1);
  assert.equal(await page.locator('.pictures canvas').count(), 0);
  await until('it is answered', shows('.bubble.agent:not(.live)', 'You said: what is in this picture'));

  // --- a long transcript comes page by page
  const writer = await program();
  for (let i = 0; i < 230; ++i) {
    const added = await writer.call('chat.inject', { sessionKey: 'main', message: `remark ${i}.` });
    assert.equal(added.ok, true, JSON.stringify(added));
  }
  await page.reload();
  await until('the end is there', shows('.bubble', 'remark 229.'));
  const older = page.locator('.older');
  assert.ok(!(await texts('.bubble')).join().includes('remark 100.'));
  if (KEEP_SHOTS) {
    await page.locator('.log').evaluate((log) => log.scrollTo(0, 0));
    await page.screenshot({ path: `${SHOTS}/own-older-1280-light.png` });
  }
  await older.click();
  await until('the page before', shows('.bubble', 'remark 31.'));
  await writer.call('chat.inject', { sessionKey: 'main', message: 'said meanwhile' });
  await until('what is new is at the end', shows('.bubble.agent:last-of-type', 'said meanwhile'));
  while (await older.count()) {
    const before = await page.locator('.bubble').count();
    await older.click();
    await until('older messages come', async () => (await page.locator('.bubble').count()) > before);
  }
  const all = await texts('.bubble .body');
  assert.ok(all.join().includes('one two three four five'), 'the first is there');
  const remarks = all.filter((text) => text.startsWith('remark '));
  assert.deepEqual(remarks, Array.from({ length: 230 }, (_, i) => `remark ${i}.`), 'each once, in order');
  await until('the picture is told', shows('.bubble.user', 'picture'));
  writer.close();

  // --- a session is deleted, another begins anew
  await page.locator('button[aria-label="New session"]').click();
  await box.fill('for the bin');
  await box.press('Enter');
  await until('it is listed', shows('.session', 'for the bin'));
  await until('it is answered', shows('.bubble.agent:not(.live)', 'for the bin'));
  await page.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('button', { name: 'Leave it' }).click();
  assert.equal(await page.locator('.question:visible').count(), 0);
  await page.getByRole('button', { name: 'Delete' }).click();
  if (KEEP_SHOTS) await page.screenshot({ path: `${SHOTS}/own-delete-1280-light.png` });
  await page.locator('.question .danger').click();
  await until('it is gone', async () => !(await texts('.session')).join().includes('for the bin'));
  await until('the main session is shown', shows('.bubble', 'remark 229.'));
  assert.equal(await page.locator('.deeds button:visible').count(), 1, 'the main session is not deleted');
  await page.getByRole('button', { name: 'Begin anew' }).click();
  await page.locator('.question .danger').click();
  await until('nothing was said any more', shows('.log .empty', 'Nothing was said'));

  // --- by the address, and out again
  const second = await context.newPage();
  watch(second);
  await second.goto(`${GATEWAY}/control-ui/deep/path#token=${TOKEN}`);
  await until('the token in the address does', async () => (await second.locator('.status').innerText().catch(() => '')).includes('Connected'));
  assert.equal(new URL(second.url()).pathname, '/control-ui/');
  assert.ok(!second.url().includes(TOKEN), 'the token does not stay in the address');
  await second.close();
  await page.getByRole('button', { name: 'Log out' }).click();
  await page.locator('#secret').waitFor();
  assert.equal(await page.evaluate(() => sessionStorage.getItem('gateway.secret')), null);

  // --- what agents show loads itself again
  const shown = await context.newPage();
  await shown.goto(`${GATEWAY}/__openclaw__/canvas/`);
  assert.equal(await shown.locator('#shown').innerText(), 'first');
  let written = 0;
  await until('it listens', async () => {
    if (Date.now() - written > 4000) { // perhaps it was not listening yet
      written = Date.now();
      writeFileSync(`${CANVAS}/index.html`, `<!doctype html><p id=shown>second</p><!-- ${written} -->`);
    }
    return (await shown.evaluate(() => document.querySelector('#shown')?.textContent).catch(() => '')) === 'second';
  }, 30000);
  await shown.close();

  asking.close();
  assert.deepEqual(complaints.filter((text) => !text.includes('Failed to load resource') && !text.includes('ERR_CONNECTION_REFUSED')), [], 'complaints of the browser');
  console.log('the page works');
} catch (error) {
  await page.screenshot({ path: `${SHOTS}/own-page-failed.png` }).catch(() => {});
  console.error(`screenshot: ${SHOTS}/own-page-failed.png`);
  throw error;
} finally {
  await browser.close();
}
process.exit(0);
