// SPDX-License-Identifier: GPL-3.0-or-later
// A third party's identity service on the npm packages jose and express: discovery document and
// keys over HTTPS, tokens and the rest by the driver protocol. Arguments: the folder of server.pem,
// server.key and ca.pem; `example` to sign and publish as the examples of jose's documentation do.
import { createServer } from 'node:https';
import { readFileSync } from 'node:fs';
import { BlockList, isIP } from 'node:net';
import { createInterface } from 'node:readline';
import { randomUUID } from 'node:crypto';
import express from 'express';
import * as jose from 'jose';

const dir = process.argv[2];
const example = process.argv[3] === 'example';
const ALGORITHMS = ['ES256', 'ES384', 'ES512', 'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'EdDSA'];
const RSA = 'RS256'; // its key signs by all of RSA
const LIFE = '5m';

async function newKey(alg) {
  const { publicKey, privateKey } = await jose.generateKeyPair(alg, { modulusLength: 2048, extractable: true });
  const jwk = await jose.exportJWK(publicKey);
  const names = { use: 'sig', kid: await jose.calculateJwkThumbprint(jwk), ...(alg === RSA ? {} : { alg }) };
  return { alg, privateKey, jwk: example ? jwk : { ...jwk, ...names } };
}

// The key that signs by itself, the one that follows it, those before it; one of each other kind.
const keys = { signing: await newKey(ALGORITHMS[0]), next: null, old: [] };
const others = Promise.all( // whose RSA key takes its time
  [RSA, 'ES384', 'ES512', 'EdDSA'].map(newKey));
const users = new Map(); // by number: { identifier, in, suspended }
let gatekeeper = { audience: '', secret: '' };

const app = express();
app.disable('x-powered-by');
app.get('/.well-known/openid-configuration', (_, response) => {
  response.json({ issuer, jwks_uri: issuer + '/jwks', id_token_signing_alg_values_supported: ALGORITHMS });
});
app.get('/jwks', async (_, response) => {
  const published = [keys.signing, ...(keys.next ? [keys.next] : []), ...keys.old, ...(await others)];
  response.json({ keys: published.map((key) => key.jwk) });
});

const server = createServer({
  cert: readFileSync(dir + '/server.pem'), key: readFileSync(dir + '/server.key'),
}, app);
await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
const issuer = `https://localhost:${server.address().port}`;

class Refused extends Error {
  constructor(code, message) { super(message); this.code = code; }
}

function known(user) {
  if (!users.has(user)) throw new Refused(-32602, 'there is no such user');
  return users.get(user);
}

// Where its users may be: an IPv4 address is one in the form of an IPv6 address too.
function isInside(address) {
  const [first, length] = (gatekeeper.inside ?? '').split('/');
  const region = new BlockList();
  if (isIP(first)) region.addSubnet(first, Number(length));
  return isIP(address) !== 0 && region.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

async function token({ user, algorithm, address }) {
  const account = users.get(user);
  if (!account || !account.in || account.suspended || (address && !isInside(address))) return {};
  const kind = /^[RP]S/.test(algorithm) ? RSA : algorithm;
  const key = [keys.signing, ...(await others)].find((one) => !kind || one.alg === kind);
  if (!key) throw new Refused(-32001, `no key signs with ${algorithm}`);
  const alg = algorithm ?? key.alg;
  return {
    token: await new jose.SignJWT()
      .setProtectedHeader(example ? { alg } : { alg, kid: key.jwk.kid, typ: 'JWT' })
      .setIssuer(issuer).setSubject(account.identifier).setAudience(gatekeeper.audience)
      .setIssuedAt().setExpirationTime(example ? '2h' : LIFE).setJti(randomUUID())
      .sign(key.privateKey),
  };
}

async function rotate({ stage }) {
  if (stage === 'publish') {
    keys.old.push(...(keys.next ? [keys.next] : []));
    keys.next = await newKey(ALGORITHMS[0]);
  } else if (stage === 'sign' && keys.next) {
    keys.old.push(keys.signing);
    [keys.signing, keys.next] = [keys.next, null];
  } else if (stage === 'withdraw') {
    keys.old = [];
  } else if (stage !== 'sign') {
    throw new Refused(-32602, `there is no stage ${stage}`);
  }
}

// An address's domain in lower case, as everybody compares it.
const normalised = (text) => text.replace(/@[^@]*$/, (domain) => domain.toLowerCase());

const methods = {
  describe: () => ({
    name: 'jose and express', version: '1.0', party: 'third-party.server',
    features: ['published-keys', 'key-rotation', 'key-algorithms', 'opt-in', 'suspension', 'email-identifiers', 'renaming', 'user-location'],
    endpoints: { keys: issuer, issuer, ca: dir + '/ca.pem' },
  }),
  gatekeeper: (named) => { gatekeeper = named; },
  enlist: ({ user }) => { users.set(user, { identifier: user, in: true, suspended: false }); },
  reset: ({ user }) => { users.delete(user); },
  opt: ({ user, in: wanted }) => { known(user).in = wanted === true; },
  suspend: ({ user }) => { known(user).suspended = true; },
  restore: ({ user }) => { known(user).suspended = false; },
  rename: ({ user, identifier }) => { known(user).identifier = normalised(identifier); },
  token, rotate,
};

async function answer(line) {
  const { id, method, params } = JSON.parse(line);
  try {
    if (!Object.hasOwn(methods, method)) throw new Refused(-32601, 'no such method');
    return { jsonrpc: '2.0', id, result: (await methods[method](params ?? {})) ?? {} };
  } catch (error) {
    return { jsonrpc: '2.0', id, error: { code: error.code ?? -32603, message: error.message } };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(JSON.stringify(await answer(line)) + '\n');
}
process.exit(0);
