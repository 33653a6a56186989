// SPDX-License-Identifier: GPL-3.0-or-later
// What an encrypted message says: a protobuf of which a text or a file is read, and its padding.
import crypto from 'node:crypto';
import { readFile, writeFile } from './media.js';
import { field, octetsOf, readFields } from './protobuf.js';

const kConversation = 1;
const kExtendedText = 6;
const kMostPadding = 15;
const kUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function writeContent({ text, file }) {
  const count = crypto.randomInt(1, kMostPadding + 1);
  return Buffer.concat([file ? writeFile(file) : field(kConversation, text),
    Buffer.alloc(count, count)]);
}

// { text } or { text, file }. Throws for what is not padded, no protobuf, or has neither.
export function readContent(octets) {
  const count = octets.at(-1) ?? 0;
  const end = octets.length - count;
  if (count < 1 || count > kMostPadding || end < 0 ||
      octets.subarray(end).some((octet) => octet !== count)) {
    throw new Error('wrong padding');
  }
  const fields = readFields(octets.subarray(0, end));
  const extended = octetsOf(fields, kExtendedText);
  const text = octetsOf(fields, kConversation) ?? (extended && octetsOf(readFields(extended), 1));
  if (text !== undefined) return { text: kUtf8.decode(text) };
  const file = readFile(fields);
  if (!file) throw new Error('neither text nor file');
  return { text: file.caption, file };
}
