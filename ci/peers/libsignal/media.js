// SPDX-License-Identifier: GPL-3.0-or-later
// Files in messages: their keys, their encrypted form, the sidecar of what is played, and what the
// message says of them.
import crypto from 'node:crypto';
import { field, numberOf, octetsOf, readFields } from './protobuf.js';

export const kMostFileOctets = 100 << 20;
const kKeyOctets = 32;
const kHashOctets = 32;
const kMacOctets = 10;
const kBlock = 16;
const kWindow = 65536; // of the sidecar; each entry reads a block more
const kUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

// Where each field of a file stands; `member` is the field of the message.
const kForms = {
  image: { member: 3, info: 'Image', caption: 3, hash: 4, length: 5, key: 8, encHash: 9, time: 12 },
  video: { member: 9, info: 'Video', hash: 3, length: 4, seconds: 5, key: 6, caption: 7, flag: 8,
    encHash: 11, time: 14, sidecar: 18 },
  audio: { member: 8, info: 'Audio', hash: 3, length: 4, seconds: 5, flag: 6, key: 7, encHash: 8,
    time: 10, sidecar: 18 },
  document: { member: 7, info: 'Document', title: 3, hash: 4, length: 5, key: 7, name: 8,
    encHash: 9, time: 11, caption: 20 },
  sticker: { member: 26, info: 'Image', hash: 2, encHash: 3, key: 4, mimetype: 5, length: 9,
    time: 10 },
};
const kUrl = 1;
const kMimetype = 2; // where the form does not say another
// kind -> its form, and the kind that the form's flag makes of it.
const kBases = { image: 'image', video: 'video', gif: 'video', audio: 'audio', voice: 'audio',
  document: 'document', sticker: 'sticker' };
const kFlagged = { video: 'gif', audio: 'voice' };

export const kKinds = Object.keys(kBases);

// What <enc/> says beside the message.
export function mediatypeOf(kind) {
  return kind === 'voice' ? 'ptt' : kind;
}

function keysOf(mediaKey, kind) {
  const info = `WhatsApp ${kForms[kBases[kind]].info} Keys`;
  const octets = Buffer.from(crypto.hkdfSync('sha256', mediaKey, Buffer.alloc(0), info, 112));
  return { iv: octets.subarray(0, 16), cipher: octets.subarray(16, 48),
    mac: octets.subarray(48, 80) };
}

const sha256 = (octets) => crypto.createHash('sha256').update(octets).digest();

function mac(key, ...parts) {
  const hmac = crypto.createHmac('sha256', key);
  for (const part of parts) hmac.update(part);
  return hmac.digest().subarray(0, kMacOctets);
}

function sidecarOf(blob, key) {
  const entries = [];
  for (let at = 0; at < blob.length; at += kWindow) {
    entries.push(mac(key, blob.subarray(at, at + kWindow + kBlock)));
  }
  return Buffer.concat(entries);
}

export function sealedLength(length) {
  return length - length % kBlock + kBlock + kMacOctets;
}

// Encrypts under a key of its own: { blob, file }, where `file` is what a message says, but for
// its url.
export function sealFile(plain, kind) {
  const key = crypto.randomBytes(kKeyOctets);
  const keys = keysOf(key, kind);
  const cipher = crypto.createCipheriv('aes-256-cbc', keys.cipher, keys.iv);
  const ciphertext = Buffer.concat([cipher.update(plain), cipher.final()]);
  const blob = Buffer.concat([ciphertext, mac(keys.mac, keys.iv, ciphertext)]);
  const plays = kForms[kBases[kind]].sidecar !== undefined;
  return { blob, file: { kind, key, hash: sha256(plain), encHash: sha256(blob),
    length: plain.length, time: Math.floor(Date.now() / 1000),
    sidecar: plays ? sidecarOf(blob, keys.mac) : undefined } };
}

// What the message of `file` promises, or throws. Nothing is decrypted before it is proven.
export function openFile(blob, file) {
  const keys = keysOf(file.key, file.kind);
  const ciphertext = blob.subarray(0, -kMacOctets);
  if (blob.length !== sealedLength(file.length)) throw new Error('a file of another length');
  if (!crypto.timingSafeEqual(mac(keys.mac, keys.iv, ciphertext), blob.subarray(-kMacOctets))) {
    throw new Error('a MAC that does not fit');
  }
  if (!sha256(blob).equals(file.encHash)) throw new Error('another file than was announced');
  if (file.sidecar && !sidecarOf(blob, keys.mac).equals(file.sidecar)) {
    throw new Error('a sidecar that does not fit');
  }
  const decipher = crypto.createDecipheriv('aes-256-cbc', keys.cipher, keys.iv);
  const plain = Buffer.concat([decipher.update(ciphertext), decipher.final()]);
  if (plain.length !== file.length) throw new Error('a plaintext of another length');
  if (!sha256(plain).equals(file.hash)) throw new Error('another plaintext than was announced');
  return plain;
}

// --- what a message says ---

// The field of a message that holds `file`.
export function writeFile(file) {
  const form = kForms[kBases[file.kind]];
  const said = [[kUrl, file.url], [form.mimetype ?? kMimetype, file.mimetype], [form.title, file.name],
    [form.name, file.name], [form.caption, file.caption || undefined],
    [form.seconds, file.seconds], [form.flag, file.kind === kBases[file.kind] ? undefined : 1],
    [form.hash, file.hash], [form.length, file.length], [form.key, file.key],
    [form.encHash, file.encHash], [form.time, file.time], [form.sidecar, file.sidecar]];
  const fields = said.filter(([number, value]) => number !== undefined && value !== undefined)
    .sort(([a], [b]) => a - b).map(([number, value]) => field(number, value));
  return field(form.member, Buffer.concat(fields));
}

function exactly(fields, number, length) {
  const octets = octetsOf(fields, number);
  return octets?.length === length ? octets : undefined;
}

// The file of a message; undefined where it has none, or its caption or URL is no text. What is
// missing to prove it is undefined.
export function readFile(fields) {
  const base = Object.keys(kForms).find((each) => octetsOf(fields, kForms[each].member));
  if (!base) return undefined;
  const form = kForms[base];
  const said = readFields(octetsOf(fields, form.member));
  const text = (number) => kUtf8.decode(octetsOf(said, number) ?? Buffer.alloc(0));
  const length = numberOf(said, form.length);
  return {
    kind: form.flag && numberOf(said, form.flag) !== 0n ? kFlagged[base] : base,
    url: text(kUrl),
    caption: form.caption ? text(form.caption) : '',
    mimetype: octetsOf(said, form.mimetype ?? kMimetype)?.toString() ?? '',
    name: form.name ? (octetsOf(said, form.name) ?? octetsOf(said, form.title))?.toString() : '',
    length: length <= BigInt(kMostFileOctets) ? Number(length) : undefined,
    key: exactly(said, form.key, kKeyOctets),
    hash: exactly(said, form.hash, kHashOctets),
    encHash: exactly(said, form.encHash, kHashOctets),
    sidecar: form.sidecar ? octetsOf(said, form.sidecar) : undefined,
  };
}

// Whether the message says enough for the file to be proven.
export function isProvable({ length, key, hash, encHash }) {
  return [length, key, hash, encHash].every((each) => each !== undefined);
}
