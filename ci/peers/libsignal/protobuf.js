// SPDX-License-Identifier: GPL-3.0-or-later
// Fields of a protobuf message without generated code. What cannot be read to its end throws:
// field 0, groups (no message here has one), numbers beyond 64 bits, lengths beyond the end.
const kVarint = 0;
const kFixed64 = 1;
const kOctets = 2;
const kFixed32 = 5;

function readVarint(octets, at) {
  let value = 0n;
  for (let i = 0; i < 10; i++) {
    if (at + i >= octets.length) throw new Error('a number that is cut');
    const octet = octets[at + i];
    value |= BigInt(octet & 0x7f) << BigInt(7 * i);
    if (octet < 0x80) {
      if (value >> 64n) break;
      return [value, at + i + 1];
    }
  }
  throw new Error('a number beyond 64 bits');
}

// [{ number, type, value }] in their order; `value` is a BigInt or octets.
export function readFields(octets) {
  const fields = [];
  let at = 0;
  while (at < octets.length) {
    let key, value;
    [key, at] = readVarint(octets, at);
    const number = Number(key >> 3n);
    const type = Number(key & 7n);
    if (number === 0 || number > 0x1fffffff) throw new Error(`field ${number}`);
    if (type === kVarint) {
      [value, at] = readVarint(octets, at);
    } else {
      let length = type === kFixed64 ? 8n : type === kFixed32 ? 4n : undefined;
      if (type === kOctets) [length, at] = readVarint(octets, at);
      if (length === undefined) throw new Error(`wire type ${type}`);
      if (length > BigInt(octets.length - at)) throw new Error('a field that is cut');
      value = octets.subarray(at, at + Number(length));
      at += Number(length);
    }
    fields.push({ number, type, value });
  }
  return fields;
}

// The octets of field `number`, the last where there are more; undefined without one.
export function octetsOf(fields, number) {
  const found = fields.filter((field) => field.number === number).at(-1);
  if (found && found.type !== kOctets) throw new Error(`field ${number} holds no octets`);
  return found?.value;
}

// The number in field `number`; 0n without one.
export function numberOf(fields, number) {
  const found = fields.filter((field) => field.number === number).at(-1);
  if (found && found.type !== kVarint) throw new Error(`field ${number} holds no number`);
  return found?.value ?? 0n;
}

function varint(value) {
  const out = [];
  let rest = BigInt(value);
  do {
    out.push(Number(rest & 0x7fn) | (rest > 0x7fn ? 0x80 : 0));
    rest >>= 7n;
  } while (rest > 0n);
  return Buffer.from(out);
}

// One field: a number, octets or text.
export function field(number, value) {
  if (typeof value === 'number' || typeof value === 'bigint') {
    return Buffer.concat([varint((number << 3) | kVarint), varint(value)]);
  }
  const octets = Buffer.from(value);
  return Buffer.concat([varint((number << 3) | kOctets), varint(octets.length), octets]);
}
