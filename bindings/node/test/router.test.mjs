import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Router } from 'libgateway';

const router = new Router().add('GET', '/models/:id', 'model').add('POST', '/models/:id', 'change').add('GET', '/files/*path', 'file').add('*', '/any', { an: 'object' });

test('requests and where they lead', () => {
  const cases = [
    ['GET', '/models/gpt%2F4?x=1', 200, 'model', { id: 'gpt/4' }],
    ['HEAD', '/models/a', 200, 'model', { id: 'a' }],
    ['POST', '/models/a', 200, 'change', { id: 'a' }],
    ['GET', '/files/a/b', 200, 'file', { path: 'a/b' }],
    ['PUT', '/models/a', 405, undefined, {}],
    ['OPTIONS', '/models/a', 204, undefined, {}],
    ['GET', '/nowhere', 404, undefined, {}],
    ['GET', '/files/../x', 400, undefined, {}],
  ];
  for (const [method, target, status, value, params] of cases) {
    const match = router.match(method, target);
    assert.deepEqual([match.status, match.value, { ...match.params }], [status, value, params], `${method} ${target}`);
  }
  const { path, query, head, allow } = router.match('HEAD', '/models/a?x=1');
  assert.deepEqual([path, query, head, allow], ['/models/a', 'x=1', true, '']);
  assert.equal(router.match('PUT', '/models/a').allow, 'GET, HEAD, OPTIONS, POST');
  assert.deepEqual(router.match('PATCH', '/any').value, { an: 'object' });
});

test('a route that is none', () => {
  assert.throws(() => router.add('GET', '/models/:name', 'twice'), { code: 'GW_ERR_ARGUMENT' });
  assert.throws(() => router.add('GET', 'models', 0), { code: 'GW_ERR_ARGUMENT' });
});
