// SPDX-License-Identifier: GPL-3.0-or-later
// driver.js PACKAGE: Parley's driver of a client on the Signal library that PACKAGE names. JSON-RPC
// 2.0 on the standard streams, one message a line: harness/sut/DRIVER.md.
import { readFileSync } from 'node:fs';
import { kKinds, kMostFileOctets } from './media.js';
import { User } from './user.js';

const kFeatures = ['noise-xx', 'noise-ik', 'noise-xxfallback', 'websocket', 'encryption', 'prekeys',
  'receipts', 'chatstate', 'deflate', 'routing', 'reconnect', 'keepalive', 'last-tokens-unassigned',
  'media-send', 'media-receive', 'media-sidecar', 'media-stickers', 'media-large'];
const kMaxLine = 1 << 20;
const kKeepaliveMs = 30000;
const kParseError = -32700;
const kInvalidRequest = -32600;
const kMethodNotFound = -32601;
const kInvalidParams = -32602;
const kInternalError = -32603;
const kNotConnected = -32000;

class RpcError extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

const packageName = process.argv[2];
const imported = await import(packageName);
const signal = imported.default ?? imported; // CommonJS once, a module later
const version = JSON.parse(readFileSync(
  new URL(`node_modules/${packageName}/package.json`, import.meta.url))).version;
const users = new Map();

function write(message) {
  process.stdout.write(JSON.stringify({ jsonrpc: '2.0', ...message }) + '\n');
}

function text(params, name, optional) {
  const value = params[name];
  if (typeof value === 'string' || (optional && value === undefined)) return value;
  throw new RpcError(kInvalidParams, `${name} is a string`);
}

function hex(params, name, octets, optional) {
  const value = text(params, name, optional) ?? '';
  if (!/^([0-9a-f]{2})*$/i.test(value) || (octets !== undefined && value.length !== 2 * octets)) {
    throw new RpcError(kInvalidParams, `${name} is octets in hex`);
  }
  return Buffer.from(value, 'hex');
}

function userOf(params) {
  const user = users.get(text(params, 'user'));
  if (!user) throw new RpcError(kInvalidParams, `unknown user: ${params.user}`);
  return user;
}

// What the server's static key was on an earlier connection, while its certificate lasts.
function knownStatic(params) {
  const key = hex(params, 'server_static', undefined, true);
  const lasts = Number(text(params, 'server_static_until', true) ?? 0) >= Date.now() / 1000;
  return key.length === 32 && lasts ? key : undefined;
}

function websocketOf(params) {
  if (text(params, 'transport', true) !== 'websocket') return undefined;
  return { path: text(params, 'path'), origin: text(params, 'origin') };
}

// Where files lie; undefined for a client that has none.
function mediaOf({ media }) {
  if (media === undefined) return undefined;
  const hosts = media.hosts ?? [];
  if (!Array.isArray(hosts) || hosts.some((host) => typeof host !== 'string')) {
    throw new RpcError(kInvalidParams, 'hosts is a list of strings');
  }
  return { hosts, upload: text(media, 'upload'), upload_token: text(media, 'upload_token'),
    download_token: text(media, 'download_token', true), ca: readFileSync(text(media, 'ca')) };
}

// The file to send; undefined for a text.
function fileOf({ media }) {
  if (media === undefined) return undefined;
  const times = media.times ?? 1;
  const part = hex(media, 'file');
  if (!kKinds.includes(media.kind)) throw new RpcError(kInvalidParams, `kind is ${kKinds}`);
  if (!Number.isInteger(times) || times < 0 || times * part.length > kMostFileOctets) {
    throw new RpcError(kInvalidParams, `a file has at most ${kMostFileOctets} octets`);
  }
  return { kind: media.kind, octets: Buffer.concat(Array(times).fill(part)),
    mimetype: text(media, 'mimetype'), name: text(media, 'name', true), seconds: media.seconds };
}

// Has `does(user)` done by a user who is connected.
async function act(params, does) {
  const user = userOf(params);
  await user.enqueue(() => {
    if (!user.isConnected) throw new RpcError(kNotConnected, `${user.name} is not connected`);
    return does(user);
  });
  return {};
}

const methods = {
  describe: () => ({ name: 'libsignal-client', version, party: 'third-party.client',
    profile: 'whatsapp', features: kFeatures }),

  async connect(params) {
    const name = text(params, 'user');
    if (!/^[0-9]{1,19}$/.test(name)) throw new RpcError(kInvalidParams, 'user is a number');
    if (!Number.isInteger(params.port) || params.port < 1 || params.port > 65535) {
      throw new RpcError(kInvalidParams, 'port is a number from 1 to 65535');
    }
    const account = {
      host: text(params, 'host'), port: params.port, root: hex(params, 'ca', 32),
      token: text(params, 'password'), routing: hex(params, 'routing', undefined, true),
      reconnect: params.reconnect === true, keepaliveMs: params.keepalive_ms ?? kKeepaliveMs,
      encrypted: params.content === 'signal', known: knownStatic(params),
      websocket: websocketOf(params), media: mediaOf(params),
    };
    let user = users.get(name);
    if (!user) {
      user = new User(name, signal, (method, told) => write({ method, params: told }));
      users.set(name, user);
    }
    await user.enqueue(() => user.connect(account));
    return {};
  },

  send: (params) => {
    const [to, id, file] = [text(params, 'to'), text(params, 'id', true), fileOf(params)];
    const body = text(params, 'text', file !== undefined) ?? '';
    return act(params, (user) => user.mail.write(to, body, id, file));
  },

  ping: (params) => act(params, (user) => { user.ping(); }),

  presence: (params) => {
    const [to, type] = [text(params, 'to', true), text(params, 'type', true)];
    return act(params, (user) => user.presence(to, type));
  },

  chatstate: (params) => {
    const [to, state] = [text(params, 'to'), text(params, 'state')];
    if (state !== 'composing' && state !== 'paused') {
      throw new RpcError(kInvalidParams, 'state is composing or paused');
    }
    return act(params, (user) => user.chatstate(to, state));
  },

  async close(params) {
    const user = userOf(params);
    await user.enqueue(() => user.close());
    return {};
  },

  reset(params) {
    const name = text(params, 'user');
    users.get(name)?.forget();
    users.delete(name);
    return {};
  },

  async sync(params) {
    await userOf(params).settle();
    return {};
  },
};

async function serve(line) {
  let request;
  try {
    request = JSON.parse(line);
  } catch (error) {
    write({ id: null, error: { code: kParseError, message: error.message } });
    return;
  }
  const { id, method } = request ?? {};
  const params = request?.params ?? {};
  const fail = (code, message) => {
    if (id !== undefined) write({ id, error: { code, message } });
  };
  if (request?.jsonrpc !== '2.0' || typeof method !== 'string') {
    const message = 'not a JSON-RPC 2.0 request';
    write({ id: id ?? null, error: { code: kInvalidRequest, message } });
  } else if (!Object.hasOwn(methods, method)) {
    fail(kMethodNotFound, `no such method: ${method}`);
  } else if (typeof params !== 'object' || Array.isArray(params)) {
    fail(kInvalidParams, 'params is an object');
  } else {
    try {
      const result = await methods[method](params);
      if (id !== undefined) write({ id, result });
    } catch (error) {
      if (!(error instanceof RpcError)) console.error(error.stack);
      fail(error instanceof RpcError ? error.code : kInternalError, error.message);
    }
  }
}

// Standard input in lines; one that is too long is skipped and refused.
let held = [];
let heldOctets = 0;
process.stdin.on('data', (octets) => {
  for (let end; (end = octets.indexOf(10)) >= 0; octets = octets.subarray(end + 1)) {
    const line = Buffer.concat([...held, octets.subarray(0, end)]);
    const tooLong = heldOctets + end > kMaxLine;
    held = [];
    heldOctets = 0;
    if (tooLong) {
      write({ id: null, error: { code: kInvalidRequest, message: 'a message is at most 1 MiB' } });
    } else if (line.length > 0) {
      serve(line.toString());
    }
  }
  heldOctets += octets.length;
  if (heldOctets <= kMaxLine) held.push(octets);
});
process.stdin.on('end', () => process.exit(0));
