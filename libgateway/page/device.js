// Who this browser is: an Ed25519 key that never leaves it, made once and kept in IndexedDB.
//
//     identity() ─► { id, publicKey, sign(text) }     or null where browsers have no such keys: pages that came over
//                                                      plain http from another machine, and old browsers
const encoder = new TextEncoder();

const base64url = (data) => btoa(String.fromCharCode(...new Uint8Array(data)))
  .replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
const hex = (data) => [...new Uint8Array(data)].map((byte) => byte.toString(16).padStart(2, '0')).join('');

const make = () => crypto.subtle.generateKey({ name: 'Ed25519' }, false, ['sign', 'verify']);

const done = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

async function keys() {
  const opening = indexedDB.open('gateway-page', 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore('keys');
  const database = await done(opening);
  try {
    const known = await done(database.transaction('keys').objectStore('keys').get('device'));
    if (known) return known;
    const made = await make();
    // Another tab may have been faster: its key is the one.
    const store = database.transaction('keys', 'readwrite').objectStore('keys');
    await done(store.add(made, 'device')).catch((error) => {
      if (error.name !== 'ConstraintError') throw error;
    });
    return await done(database.transaction('keys').objectStore('keys').get('device'));
  } finally {
    database.close();
  }
}

export async function identity() {
  if (!globalThis.crypto?.subtle || !globalThis.indexedDB) return null;
  try {
    // Where nothing may be stored, the key is this tab's.
    const pair = await keys().catch(make);
    const raw = await crypto.subtle.exportKey('raw', pair.publicKey);
    return {
      id: hex(await crypto.subtle.digest('SHA-256', raw)),
      publicKey: base64url(raw),
      sign: async (text) => base64url(await crypto.subtle.sign('Ed25519', pair.privateKey, encoder.encode(text))),
    };
  } catch {
    return null;
  }
}
