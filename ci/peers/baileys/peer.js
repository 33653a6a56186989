// SPDX-License-Identifier: GPL-3.0-or-later
// Compares our binary stanza form with that of the npm package in PACKAGE: it writes random trees
// with the package, has them read and written again by EXCHANGE, and reads those with the package.
// Arguments: PACKAGE (unpacked), EXCHANGE (the program), DIR (for the token file). The token list is
// taken from the package at run time. Exit codes: 0 all equal, 1 not.
'use strict';
const { spawnSync } = require('child_process');
const fs = require('fs');
const path = require('path');

const [packageDir, exchange, dir] = process.argv.slice(2);
const load = (file) => require(path.resolve(packageDir, 'lib/WABinary', file));
const constants = load('constants.js');
const { encodeBinaryNode } = load('encode.js');
const { decodeBinaryNode } = load('decode.js');

// harness/wire/tokens.h describes the file.
const line = (token) => (token ? '\\' + token : '~') + '\n';
const tokenFile = path.join(dir, 'tokens');
fs.writeFileSync(tokenFile, '[single]\n' + constants.SINGLE_BYTE_TOKENS.slice(1).map(line).join('') +
  constants.DOUBLE_BYTE_TOKENS.map((list, i) => `[double ${i}]\n` + list.map(line).join('')).join(''));

// mulberry32: the same trees on every machine.
let state = 1;
function below(bound) {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) % bound;
}
const pick = (list) => list[below(list.length)];
const tokens = [...constants.SINGLE_BYTE_TOKENS.slice(1), ...constants.DOUBLE_BYTE_TOKENS.flat()];
const characters = (set, length) => Array.from({ length }, () => pick(set)).join('');
const digits = () => '1' + characters('0123456789', below(15));
// The package writes any '@' as a JID, keeps only two servers with a device, and reads '_' as more.
const texts = [
  () => pick(tokens), () => pick(tokens),
  () => characters('0123456789-.', 1 + below(130)), () => characters('0123456789ABCDEF', 1 + below(130)),
  () => characters('abcé€ <&xyz', 1 + below(400)), () => '',
];
const jids = [
  () => digits() + '@' + pick(['s.whatsapp.net', 'lid', 'g.us', 'broadcast', 'newsletter']),
  () => '@' + pick(['s.whatsapp.net', 'g.us']),
  () => digits() + ':' + (1 + below(255)) + '@' + pick(['s.whatsapp.net', 'lid']),
];
const names = () => pick([() => pick(tokens), () => 'x' + characters('abcdef0123', 8)])();

function tree(depth) {
  const node = { tag: names(), attrs: {} };
  for (let i = below(depth === 0 ? 200 : 6); i > 0; i--) {
    node.attrs['k' + i + names().slice(0, 3)] = pick([...texts, ...jids])();
  }
  const kind = depth < 4 ? below(3) : 1;
  if (kind === 0) {
    node.content = Array.from({ length: depth === 1 && below(10) === 0 ? 256 + below(50) : below(4) }, () => tree(depth + 2));
  } else if (kind === 1) {
    const size = below(100) === 0 ? 1 << 20 : pick([0, 1, 255, 256, 300]);
    node.content = Buffer.from(Array.from({ length: size }, () => below(256)));
  }
  return node;
}

const hex = (text) => Buffer.from(text).toString('hex');
function shown(node) {
  const attrs = Object.keys(node.attrs).map((k) => hex(k) + '=' + hex(node.attrs[k]) + ',').join('');
  const content = Array.isArray(node.content) ? node.content.map((n) => '(' + shown(n) + ')').join('')
    : node.content && node.content.length ? ':' + node.content.toString('hex') : '';
  return hex(node.tag) + '{' + attrs + '}' + content;
}

async function main() {
  const trees = Array.from({ length: 400 }, (_, i) => tree(i % 2));
  const sent = trees.map((node) => encodeBinaryNode(node).toString('hex'));
  const run = spawnSync(exchange, [tokenFile], { input: sent.join('\n') + '\n', maxBuffer: 1 << 30 });
  if (run.status !== 0) {
    throw new Error('exchange: ' + run.stderr);
  }
  const answers = run.stdout.toString().trimEnd().split('\n');
  let failed = 0;
  let sameOctets = 0;
  for (let i = 0; i < trees.length; i++) {
    const [read, written] = (answers[i] || '').split(' ');
    const wanted = shown(trees[i]);
    let back = '';
    try {
      back = shown(await decodeBinaryNode(Buffer.from(written || '', 'hex')));
    } catch (error) {
      back = String(error);
    }
    sameOctets += written === sent[i] ? 1 : 0;
    if (read !== wanted || back !== wanted) {
      failed++;
      if (failed <= 3) {
        const cut = (text) => text.slice(0, 200);
        console.error(`tree ${i}\n  wanted ${cut(wanted)}\n  read   ${cut(answers[i] || '')}\n  back   ${cut(back)}`);
      }
    }
  }
  console.log(`${trees.length} trees, ${sameOctets} written with the same octets`);
  console.log(`${trees.length - failed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}
main();
