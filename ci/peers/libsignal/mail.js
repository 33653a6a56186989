// SPDX-License-Identifier: GPL-3.0-or-later
// A user's messages: what goes out, encrypted, until it is acknowledged; what comes and is shown;
// the files that they are about; and the keys and retries that all need.
import crypto from 'node:crypto';
import { readContent, writeContent } from './content.js';
import { Correspondence, kBatch } from './correspondence.js';
import { download, upload } from './files.js';
import { isProvable, mediatypeOf, openFile, sealedLength, sealFile } from './media.js';
import { Names, safeType } from './names.js';
import {
  child, conditionOf, isUserJid, kServer, namesServer, octetsIn, parseJid,
} from './stanza.js';

const kFewPrekeys = 5;
const kMostRetries = 5;
const kFirstWithKeys = 2; // a retry that keys come with
const kMaxRemembered = 10000;
// Why a message is refused.
const kUnparsed = '487';
const kUnknownType = '490';
const kNoContent = '491';
const kUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const keyOf = ({ attrs }) => JSON.stringify([attrs.from, attrs.id]);

function sameUser(a, b) {
  const [left, right] = [a, b].map((jid) => parseJid(jid ?? ''));
  return left !== undefined && right !== undefined && left.user === right.user &&
    left.server === right.server && left.integrator === right.integrator;
}

// Forgets the oldest beyond the bound.
function remember(map, key, value) {
  map.set(key, value);
  if (map.size > kMaxRemembered) map.delete(map.keys().next().value);
}

// Why the message is none for this client, which perhaps takes files; undefined for one that is.
function unfit(message, takesFiles) {
  const children = Array.isArray(message.content) ? message.content : [];
  const enc = child(message, 'enc');
  if (!isUserJid(message.attrs.from) || child(message, 'participants') ||
      children.filter((each) => each.tag === 'enc').length !== 1) {
    return kUnparsed;
  }
  const isMedia = message.attrs.type === 'media' && takesFiles;
  if (message.attrs.type !== 'text' && !isMedia) return kUnknownType;
  const known = enc.attrs.v === '2' && (enc.attrs.type === 'msg' || enc.attrs.type === 'pkmsg');
  return known && (isMedia || enc.attrs.mediatype === undefined) && !Array.isArray(enc.content)
    ? undefined : kUnparsed;
}

export class Mail {
  // `user` sends stanzas, makes requests and tells what there is to tell.
  constructor(user, signal) {
    this.user = user;
    this.keys = new Correspondence(signal, user.name);
    this.published = false;
    this.outbox = new Map(); // id -> { id, to, text, file }: what the server has not acknowledged
    this.sent = new Map(); // id -> { id, to, text, file, resends }
    this.names = new Names();
    this.transfers = new Set(); // uploads and downloads, until they have been told of
    this.leaving = new AbortController();
    this.shown = new Map();
    this.asked = new Map(); // retry receipts sent for a message
    this.prefix = crypto.randomBytes(5).toString('hex') + '-';
    this.ids = 0;
  }

  nextId() {
    return this.prefix + ++this.ids;
  }

  // A session has begun. What was not acknowledged goes out again under its id.
  async begin({ encrypted, media }) {
    this.encrypted = encrypted;
    this.place = media;
    this.waiting = new Map(); // peer -> what goes out once its keys are there
    if (encrypted && !this.published) this.publishKeys();
    for (const message of [...this.outbox.values()]) await this.send(message);
  }

  forget() {
    this.leaving.abort();
  }

  // Beside the user's other work.
  transfer(task) {
    const done = task().catch((error) => console.error(`${this.user.name}: ${error.stack}`))
      .finally(() => this.transfers.delete(done));
    this.transfers.add(done);
  }

  // --- sending ---

  async write(to, text, id, file) {
    const message = { id: id ?? this.nextId(), to, text };
    if (file) this.transfer(() => this.writeFile(message, file));
    else await this.post(message);
  }

  async post(message) {
    remember(this.outbox, message.id, message);
    await this.send(message);
  }

  // A message about a file goes out once that is uploaded.
  async writeFile(message, { octets, ...said }) {
    try {
      const { blob, file } = sealFile(octets, said.kind);
      const url = await upload(this.place, blob, this.leaving.signal);
      message.file = { ...file, ...said, url, caption: message.text };
    } catch (error) {
      this.giveUp(message, error.message);
      return;
    }
    await this.user.enqueue(() => this.post(message));
  }

  async send(message) {
    if (!this.encrypted) {
      this.sendEnc(message, { type: 'msg', octets: Buffer.from(message.text) }, 0);
    } else if (await this.keys.hasSession(message.to)) {
      await this.sendSealed(message, 0);
    } else {
      this.fetchKeys(message, 0);
    }
  }

  // Each time with a key of its own: a message that goes out once more is encrypted once more.
  async sendSealed(message, count) {
    let sealed;
    try {
      sealed = await this.keys.seal(message.to, writeContent(message));
    } catch (error) {
      this.giveUp(message, error.message);
      return;
    }
    if (!this.sent.has(message.id)) remember(this.sent, message.id, { ...message, resends: 0 });
    this.sendEnc(message, sealed, count);
  }

  sendEnc(message, { type, octets }, count) {
    const { id, to, file } = message;
    const enc = { v: '2', type, count: count > 0 ? String(count) : undefined,
      mediatype: file && mediatypeOf(file.kind) };
    this.user.send('message', { id, to, type: file ? 'media' : 'text' },
      [{ tag: 'enc', attrs: enc, content: octets }]);
  }

  giveUp(message, condition) {
    this.outbox.delete(message.id);
    this.user.tell('answered', { id: message.id, from: message.to, type: 'error', condition });
  }

  takeAck({ attrs }) {
    const { from, id, error } = attrs;
    const message = attrs.class === 'message' ? this.outbox.get(id) : undefined;
    if (!message || !(from === undefined || namesServer(from) || from === message.to)) return;
    if (error === undefined) {
      this.outbox.delete(id);
      this.user.tell('answered', { id, from: message.to, type: 'result' });
    } else {
      this.giveUp(message, error);
    }
  }

  // --- keys ---

  publishKeys() {
    this.user.request({ type: 'set', xmlns: 'encrypt' }, [
      this.keys.registrationNode(), ...this.keys.identityNodes(),
      { tag: 'list', content: this.keys.drawPrekeys(kBatch) }, this.keys.signedNode(),
    ], (answer) => { this.published ||= answer.attrs.type === 'result'; });
  }

  // The server says how many one-time prekeys it has left.
  takeCount(count) {
    const value = count?.attrs.value ?? '';
    if (/^[0-9]+$/.test(value) && Number(value) < kFewPrekeys) this.publishKeys();
  }

  fetchKeys(message, count) {
    const peer = message.to;
    const queue = this.waiting.get(peer);
    if (queue) {
      queue.push([message, count]);
      return;
    }
    this.waiting.set(peer, [[message, count]]);
    this.user.request({ type: 'get', xmlns: 'encrypt' },
      [{ tag: 'key', content: [{ tag: 'user', attrs: { jid: peer } }] }],
      (answer) => this.takeKeys(peer, answer));
  }

  async takeKeys(peer, answer) {
    const queue = this.waiting.get(peer);
    this.waiting.delete(peer);
    const users = child(answer, 'list')?.content;
    const user = Array.isArray(users) ? users.find((each) => each.attrs.jid === peer) : undefined;
    let condition;
    if (answer.attrs.type === 'error' || !user) {
      condition = conditionOf(answer);
    } else if (child(user, 'error')) {
      condition = conditionOf(user);
    } else {
      condition = await this.keys.begin(peer, user).then(() => undefined, (error) => error.message);
    }
    for (const [message, count] of queue) {
      if (condition === undefined) await this.sendSealed(message, count);
      else this.giveUp(message, condition);
    }
  }

  // --- what comes ---

  async take(message) {
    if (!message.attrs.id || !message.attrs.from) return;
    const error = unfit(message, this.encrypted && this.place !== undefined);
    const octets = octetsIn(message, 'enc');
    if (error) {
      this.user.acknowledge(message, error);
    } else if (this.encrypted) {
      await this.takeSealed(message, octets);
    } else {
      this.takeContent(message, () => ({ text: kUtf8.decode(octets) }));
    }
  }

  async takeSealed(message, octets) {
    let plain;
    try {
      plain = await this.keys.open(message.attrs.from, child(message, 'enc').attrs.type, octets);
    } catch (error) {
      if (process.env.DRIVER_LOG) {
        console.error(`${this.user.name}: ${message.attrs.id}: ${error.message}`);
      }
      const wasShown = this.shown.has(keyOf(message));
      if (!wasShown && !this.keys.isDuplicate(error)) this.askAgain(message);
      this.user.acknowledge(message);
      if (wasShown) this.sendReceipt(message);
      return;
    }
    this.takeContent(message, () => readContent(plain));
  }

  // Shown once; acknowledged each time that it comes.
  takeContent(message, read) {
    const { from, id, type } = message.attrs;
    let content;
    try {
      content = read();
    } catch {
      this.user.acknowledge(message, kNoContent);
      return;
    }
    const { text, file } = content;
    const isNew = !this.shown.has(keyOf(message));
    if (isNew) remember(this.shown, keyOf(message), true);
    this.user.acknowledge(message);
    if (isNew && file) {
      this.transfer(() => this.showFile(message, file));
      return;
    }
    if (isNew) this.user.tell('received', { from, type, text, id });
    this.sendReceipt(message);
  }

  // Once the file is fetched and proven, or known not to be had.
  async showFile(message, file) {
    const { from, id, type } = message.attrs;
    const { kind, url, length, caption: text } = file;
    let media = { kind, unavailable: true };
    try {
      if (!isProvable(file)) throw new Error('no proof of the file');
      const { signal } = this.leaving;
      const plain = openFile(await download(this.place, url, sealedLength(length), signal), file);
      const mimetype = safeType(kind, file.mimetype);
      const sha256 = crypto.createHash('sha256').update(plain).digest('hex');
      const name = this.names.give(kind, mimetype, file.name);
      media = { kind, mimetype, name, length: plain.length, sha256 };
    } catch (error) {
      if (process.env.DRIVER_LOG) console.error(`${this.user.name}: ${id}: ${error.message}`);
    }
    this.user.tell('received', { from, type, text, id, media });
    this.sendReceipt(message);
  }

  sendReceipt({ attrs }) {
    this.user.send('receipt', { id: attrs.id, to: attrs.from });
  }

  // --- retries ---

  askAgain(message) {
    const { id, from, t } = message.attrs;
    const count = (this.asked.get(keyOf(message)) ?? 0) + 1;
    if (count > kMostRetries) return;
    remember(this.asked, keyOf(message), count);
    const since = t ?? String(Math.floor(Date.now() / 1000));
    const content = [{ tag: 'retry', attrs: { count: String(count), id, t: since, v: '1' } },
      this.keys.registrationNode()];
    if (count >= kFirstWithKeys) {
      content.push({ tag: 'keys', content: [...this.keys.identityNodes(),
        ...this.keys.drawPrekeys(1), this.keys.signedNode()] });
    }
    this.user.send('receipt', { id, to: from, type: 'retry' }, content);
  }

  // Who asks twice has lost the session: another one begins with the keys that come along, or with
  // those that the server has.
  async takeRetry(receipt) {
    const retry = child(receipt, 'retry');
    const message = this.sent.get(receipt.attrs.id);
    if (!this.encrypted || !retry || !message || !sameUser(message.to, receipt.attrs.from) ||
        message.resends >= kMostRetries) {
      return;
    }
    const count = ++message.resends;
    const keys = child(receipt, 'keys');
    if (keys) {
      const registration = receipt.content.filter((each) => each.tag === 'registration');
      try {
        await this.keys.begin(message.to, { content: [...keys.content, ...registration] });
      } catch (error) {
        this.giveUp(message, error.message);
        return;
      }
    } else if (Number(retry.attrs.count) >= kFirstWithKeys ||
               !(await this.keys.hasSession(message.to))) {
      this.fetchKeys(message, count);
      return;
    }
    await this.sendSealed(message, count);
  }
}
