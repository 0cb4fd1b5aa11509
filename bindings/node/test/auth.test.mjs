// Who may come in is what an async function of the program says.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Gateway } from 'libgateway';

test('the program decides', async (t) => {
  const lines = [];
  const gateway = new Gateway({
    log: (...line) => lines.push(line),
    async auth(visitor) {
      await sleep(5);
      assert.deepEqual([visitor.method, visitor.path, visitor.auth], ['GET', '/me', '']);
      if (visitor.query.has('fail')) throw new Error('the database is gone');
      return visitor.header('authorization') === 'Bearer ann' && { user: 'ann', scopes: ['operator.read', 'operator.write'] };
    },
  });
  t.after(() => gateway.close());
  gateway.route('GET', '/me', (request) => ({ body: request.user }));
  const ask = (path, authorization) => gateway.fetch(path, { headers: { authorization } });
  const answer = await ask('/me', 'Bearer ann');
  assert.equal(answer.status, 200);
  assert.deepEqual(await answer.json(), { user: 'ann', scopes: ['operator.read', 'operator.write'] });
  assert.equal((await ask('/me', 'Bearer bob')).status, 401);
  assert.equal((await ask('/me?fail=1', 'Bearer ann')).status, 503);
  assert.deepEqual(lines.find(([level]) => level === 'error'), ['error', 'the function auth failed: the database is gone']);
});
