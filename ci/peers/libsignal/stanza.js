// SPDX-License-Identifier: GPL-3.0-or-later
// The binary stanza form: { tag, attrs, content }, where content is octets, a list of nodes or
// undefined. Without a token dictionary: strings go literally, numbers of tokens are refused.
import { inflateSync } from 'node:zlib';

export const kServer = 's.whatsapp.net';
const kMaxOctets = 4 << 20;
const kMaxDepth = 64;
const kMaxNodes = 10000;
const kMaxAttributes = 64;
const kInterop = 'interop';
const kDomains = { 0: kServer, 1: 'lid', 128: 'hosted', 129: 'hosted.lid' };
const kServers = new Set([
  kServer, 'lid', 'g.us', 'c.us', 'broadcast', 'newsletter', 'hosted', 'hosted.lid', 'bot',
  'call', kInterop, 'msgr',
]);
const kUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

// --- addresses ---

// `[<integrator>-]<user>[:<device>]@<server>`; undefined for what is no address.
export function parseJid(text) {
  const at = text.lastIndexOf('@');
  if (at < 0 || at + 1 === text.length) return undefined;
  const server = text.slice(at + 1);
  let user = text.slice(0, at);
  let device = 0;
  let integrator;
  const withDevice = /^(.*):([1-9][0-9]{0,4})$/s.exec(user);
  if (withDevice && Number(withDevice[2]) < 65536) {
    user = withDevice[1];
    device = Number(withDevice[2]);
  }
  const withIntegrator = server === kInterop && /^(0|[1-9][0-9]{0,4})-(.*)$/s.exec(user);
  if (withIntegrator && Number(withIntegrator[1]) < 65536) {
    integrator = Number(withIntegrator[1]);
    user = withIntegrator[2];
  }
  return { user, device, integrator, server };
}

export function printJid({ user, device, integrator, server }) {
  return (integrator === undefined ? '' : integrator + '-') + user + (device ? ':' + device : '') +
    '@' + server;
}

// Somebody who can write to a user: a number at one of the two servers.
export function isUserJid(text) {
  const jid = text === undefined ? undefined : parseJid(text);
  if (!jid || !kServers.has(jid.server)) return false;
  if (jid.server === kInterop) {
    return jid.integrator >= 1 && jid.integrator <= 999 && /^[0-9]+$/.test(jid.user);
  }
  return jid.server === kServer ? /^[0-9]+$/.test(jid.user) : jid.user !== '';
}

export const namesServer = (jid) => jid === kServer || jid === '@' + kServer;

// --- reading ---

class Reader {
  constructor(octets) {
    this.octets = octets;
    this.at = 0;
    this.nodes = 0;
  }

  take(count) {
    if (count > this.octets.length - this.at) throw new Error('a stanza that is cut');
    const out = this.octets.subarray(this.at, this.at + count);
    this.at += count;
    return out;
  }

  number(octets) {
    return this.take(octets).readUIntBE(0, octets);
  }

  // undefined for what begins no list.
  listSize(tag) {
    return tag === 0 ? 0 : tag === 248 ? this.number(1) : tag === 249 ? this.number(2) : undefined;
  }

  node(depth) {
    if (depth > kMaxDepth || ++this.nodes > kMaxNodes) throw new Error('too large a tree');
    const size = this.listSize(this.number(1));
    if (!size) throw new Error('no node');
    if ((size - 1) / 2 > kMaxAttributes) throw new Error('too many attributes');
    const tag = this.name();
    const attrs = {};
    for (let i = 1; i + 1 < size; i += 2) {
      const key = this.name();
      if (Object.hasOwn(attrs, key)) throw new Error('an attribute twice');
      attrs[key] = kUtf8.decode(this.item(this.number(1), true));
    }
    return { tag, attrs, content: size % 2 === 0 ? this.content(depth) : undefined };
  }

  content(depth) {
    const tag = this.number(1);
    const count = this.listSize(tag);
    if (count === undefined) return this.item(tag, true);
    if (count * 3 > this.octets.length - this.at) throw new Error('a list that is cut');
    return Array.from({ length: count }, () => this.node(depth + 1));
  }

  name() {
    const text = kUtf8.decode(this.item(this.number(1), false));
    if (text === '') throw new Error('an empty name');
    return text;
  }

  text() {
    return kUtf8.decode(this.item(this.number(1), false));
  }

  item(tag, mayBeJid) {
    switch (tag) {
      case 0: return Buffer.alloc(0);
      case 251: return this.packed('0123456789ABCDEF');
      case 252: return this.take(this.number(1));
      case 253: return this.take(this.number(3) & 0xfffff);
      case 254: return this.take(this.number(4));
      case 255: return this.packed('0123456789-.');
    }
    if (!mayBeJid || tag < 244 || (tag > 247 && tag !== 250)) throw new Error(`the octet ${tag}`);
    return Buffer.from(printJid(this.jid(tag)));
  }

  packed(letters) {
    const length = this.number(1);
    const octets = this.take(length & 0x7f);
    const halves = [...octets].flatMap((octet) => [octet >> 4, octet & 15]);
    if (length & 0x80) halves.pop();
    if (halves.some((half) => half >= letters.length)) throw new Error('a half octet of no letter');
    return Buffer.from(halves.map((half) => letters[half]).join(''));
  }

  jid(tag) {
    if (tag === 250) return { user: this.text(), device: 0, server: this.text() };
    if (tag === 247) {
      const server = kDomains[this.number(1)];
      const device = this.number(1);
      if (!server) throw new Error('a domain that nobody knows');
      return { user: this.text(), device, server };
    }
    const user = this.text();
    const device = this.number(2);
    if (tag === 246) {
      if (this.text() !== 'msgr') throw new Error('an address of another server');
      return { user, device, server: 'msgr' };
    }
    const integrator = this.number(2);
    if (tag === 244) {
      if (this.number(1) !== 0) throw new Error('a domain that nobody knows');
    } else {
      this.skipInterop();
    }
    return { user, device, integrator, server: kInterop };
  }

  // Some clients write the server's name after the address and some do not.
  skipInterop() {
    const before = this.at;
    try {
      if (this.text() === kInterop) return;
    } catch {
      // something else follows
    }
    this.at = before;
  }
}

export function decodeStanza(octets) {
  if (octets.length === 0) throw new Error('nothing');
  if (octets[0] & ~2) throw new Error('unknown flags');
  let body = octets.subarray(1);
  if (octets[0] & 2) {
    const { buffer, engine } = inflateSync(body, { maxOutputLength: kMaxOctets, info: true });
    if (engine.bytesWritten !== body.length) throw new Error('more than a stanza');
    body = buffer;
  }
  if (body.length > kMaxOctets) throw new Error('too large a stanza');
  const reader = new Reader(body);
  const node = reader.node(1);
  if (reader.at !== body.length) throw new Error('more than a stanza');
  return node;
}

// --- writing ---

function sized(tag8, octets) {
  if (octets.length < 256) return Buffer.concat([Buffer.from([tag8, octets.length]), octets]);
  const head = Buffer.alloc(5);
  if (octets.length < 1 << 20) {
    head.writeUInt8(253, 0);
    head.writeUIntBE(octets.length, 1, 3);
    return Buffer.concat([head.subarray(0, 4), octets]);
  }
  head.writeUInt8(254, 0);
  head.writeUInt32BE(octets.length, 1);
  return Buffer.concat([head, octets]);
}

const literal = (value) => sized(252, Buffer.from(value));
const inner = (text) => (text === '' ? Buffer.from([0]) : literal(text));
const u16 = (value) => Buffer.from([value >> 8, value & 255]);

function value(text) {
  const jid = parseJid(text);
  if (!jid || !kServers.has(jid.server)) return literal(text);
  if (jid.integrator !== undefined) {
    return Buffer.concat([Buffer.from([245]), inner(jid.user), u16(jid.device),
      u16(jid.integrator), literal(kInterop)]);
  }
  const domain = Object.keys(kDomains).find((key) => kDomains[key] === jid.server);
  if (jid.device > 0 && jid.device < 256 && domain !== undefined) {
    return Buffer.concat([Buffer.from([247, Number(domain), jid.device]), inner(jid.user)]);
  }
  const at = text.lastIndexOf('@');
  return Buffer.concat([Buffer.from([250]), inner(text.slice(0, at)), literal(jid.server)]);
}

function list(size) {
  return size < 256 ? Buffer.from([248, size]) : Buffer.concat([Buffer.from([249]), u16(size)]);
}

function write(node) {
  const attrs = Object.entries(node.attrs ?? {}).filter(([, text]) => text !== undefined);
  const parts = [list(2 * attrs.length + 1 + (node.content === undefined ? 0 : 1)),
    literal(node.tag)];
  for (const [key, text] of attrs) parts.push(literal(key), value(text));
  if (Array.isArray(node.content)) {
    parts.push(list(node.content.length), ...node.content.map(write));
  } else if (node.content !== undefined) {
    parts.push(literal(node.content));
  }
  return Buffer.concat(parts);
}

export function encodeStanza(node) {
  return Buffer.concat([Buffer.from([0]), write(node)]);
}

export function child(node, tag) {
  return Array.isArray(node?.content) ? node.content.find((each) => each.tag === tag) : undefined;
}

// What a child holds; nothing where it is not there or holds others.
export function octetsIn(node, tag) {
  const found = child(node, tag);
  return Buffer.isBuffer(found?.content) ? found.content : Buffer.alloc(0);
}

// What the <error/> of an answer says.
export function conditionOf(node) {
  const error = child(node, 'error');
  return error?.attrs.text || error?.attrs.code || 'undefined-condition';
}
