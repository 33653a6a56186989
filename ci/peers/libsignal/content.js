// SPDX-License-Identifier: GPL-3.0-or-later
// What an encrypted message says: a protobuf of which a text is read, and its padding.
import crypto from 'node:crypto';
import { field, octetsOf, readFields } from './protobuf.js';

const kConversation = 1;
const kExtendedText = 6;
const kMostPadding = 15;
const kUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function writeText(text) {
  const count = crypto.randomInt(1, kMostPadding + 1);
  return Buffer.concat([field(kConversation, text), Buffer.alloc(count, count)]);
}

// Throws for what is not padded, no protobuf, or has no text.
export function readText(octets) {
  const count = octets.at(-1) ?? 0;
  const end = octets.length - count;
  if (count < 1 || count > kMostPadding || end < 0 ||
      octets.subarray(end).some((octet) => octet !== count)) {
    throw new Error('wrong padding');
  }
  const fields = readFields(octets.subarray(0, end));
  const extended = octetsOf(fields, kExtendedText);
  const text = octetsOf(fields, kConversation) ?? (extended && octetsOf(readFields(extended), 1));
  if (text === undefined) throw new Error('no text');
  return kUtf8.decode(text);
}
