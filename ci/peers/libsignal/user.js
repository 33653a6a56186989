// SPDX-License-Identifier: GPL-3.0-or-later
// One user of the client: its connections, and what it does with each stanza. Stanzas and requests
// are worked through one after another, so that the library's stores see one at a time.
import crypto from 'node:crypto';
import { Connection } from './connection.js';
import { Mail } from './mail.js';
import { keyPair } from './noise.js';
import { field } from './protobuf.js';
import { child, conditionOf, isUserJid, kServer, namesServer } from './stanza.js';

const kInteropProduct = 2;
const kIntegrator = 12;
const kMaxRequests = 1000;
const kFirstBackOffMs = 50; // doubled each time, with as much jitter again
const kMaxFailures = 3;
const kUnknownStanza = '488';

export class User {
  constructor(name, signal, notify) {
    this.name = name;
    this.notify = notify;
    this.work = Promise.resolve();
    this.staticKey = keyPair();
    this.mail = new Mail(this, signal);
  }

  tell(method, params) {
    if (!this.forgotten) this.notify(method, { user: this.name, ...params });
  }

  // Whatever reads or changes this user's state goes through here.
  enqueue(task) {
    const done = this.work.then(task);
    this.work = done.catch((error) => {
      if (error.code === undefined) console.error(`${this.name}: ${error.stack}`);
    });
    return done;
  }

  // --- connections ---

  connect(account) {
    this.abandon();
    this.account = account;
    this.failures = 0;
    this.open();
  }

  open() {
    const { account, mail } = this;
    this.requests = new Map();
    this.ready = this.closing = this.pinged = this.stays = false;
    const interop = Buffer.concat([field(1, BigInt(this.name)), field(2, account.token)]);
    const connection = new Connection({
      ...account,
      payload: Buffer.concat([field(20, kInteropProduct), field(38, interop)]),
      staticKey: this.staticKey,
      verify: (key, octets, signature) => mail.keys.publicKey(key).verify(octets, signature),
    }, {
      stanza: (node) => this.enqueue(() => this.is(connection) && this.take(node)),
      silence: () => this.enqueue(() => this.is(connection) && this.takeSilence()),
      end: (reason) => this.enqueue(() => this.is(connection) && this.takeEnd(reason)),
    });
    this.connection = connection;
  }

  is(connection) {
    return this.connection === connection;
  }

  get isConnected() {
    return this.ready && !this.closing && this.connection !== undefined && !this.connection.isOver;
  }

  // Nothing of the connection counts any more.
  abandon() {
    clearTimeout(this.again);
    const { connection } = this;
    this.connection = undefined;
    connection?.abort('abandoned');
  }

  forget() {
    this.forgotten = true;
    this.mail.forget();
    this.abandon();
  }

  takeEnd(reason) {
    const wasReady = this.ready;
    this.ready = false;
    this.connection = undefined;
    this.tell(wasReady ? 'closed' : 'refused', { reason: this.closing ? 'closed' : reason });
    this.failures = wasReady ? 0 : this.failures + 1;
    if (this.account.reconnect && !this.closing && !this.stays && this.failures < kMaxFailures) {
      const wait = kFirstBackOffMs * 2 ** this.failures;
      this.again = setTimeout(() => this.open(), wait + crypto.randomInt(wait));
    }
  }

  takeSilence() {
    if (!this.ready || this.pinged) {
      this.connection.abort(this.ready ? 'a ping was not answered' : 'no success in time');
    } else {
      this.pinged = true;
      this.ping();
    }
  }

  close() {
    if (!this.isConnected) {
      this.abandon();
      return;
    }
    this.presence(undefined, 'unavailable');
    this.closing = true;
    this.connection.endWith({ tag: 'xmlstreamend' }, 'closed');
  }

  // --- sending ---

  send(tag, attrs, content) {
    if (!this.closing) this.connection?.send({ tag, attrs, content });
  }

  // An iq of which the answer counts; `then(answer)` gets it.
  request(attrs, content, then) {
    const id = this.mail.nextId();
    this.requests.set(id, then);
    if (this.requests.size > kMaxRequests) this.requests.delete(this.requests.keys().next().value);
    this.send('iq', { id, to: kServer, ...attrs }, content);
  }

  ping() {
    this.request({ type: 'get', xmlns: 'w:p' }, undefined, (answer) => {
      const { id, from, type } = answer.attrs;
      const condition = type === 'error' ? conditionOf(answer) : undefined;
      this.pinged = false;
      this.tell('answered', { id, from: from ?? kServer, type, condition });
    });
  }

  presence(to, type) {
    this.send('presence', { type: type ?? 'available', to });
  }

  chatstate(to, state) {
    this.send('chatstate', { to }, [{ tag: state }]);
  }

  acknowledge(node, error) {
    const { id, from, participant, type } = node.attrs;
    this.send('ack', { class: node.tag, id, to: from ?? kServer, participant,
      type: node.tag === 'message' ? undefined : type, error });
  }

  // --- what comes ---

  take(node) {
    switch (node.tag) {
      case 'stream:error': return this.takeStreamError(node);
      case 'xmlstreamend': return this.takeStreamEnd();
      case 'failure': return this.takeFailure(node);
    }
    if (this.closing) return undefined;
    if (!this.ready) return node.tag === 'success' ? this.begin() : undefined;
    switch (node.tag) {
      case 'iq': return this.takeIq(node);
      case 'message': return this.mail.take(node);
      case 'ack': return this.mail.takeAck(node);
      case 'presence': return this.takePresence(node);
      case 'chatstate': return this.takeChatstate(node);
    }
    return this.takeOther(node);
  }

  async begin() {
    this.ready = true;
    this.connection.waitFor(this.account.keepaliveMs);
    this.tell('connected', { jid: `${kIntegrator}-${this.name}@interop` });
    this.presence();
    await this.mail.begin(this.account);
  }

  takeStreamError(node) {
    const conflict = child(node, 'conflict');
    const { code } = node.attrs;
    this.stays = conflict !== undefined || (code !== '515' && code !== '503');
    this.connection.abort(conflict ? `conflict ${conflict.attrs.type}` : `stream error ${code}`);
  }

  takeStreamEnd() {
    this.stays = true;
    this.connection.endWith({ tag: 'xmlstreamend' }, 'closed by the server');
  }

  takeFailure({ attrs }) {
    this.stays = attrs.reason !== '503';
    this.connection.abort(`failure ${attrs.reason}`);
  }

  async takeIq(iq) {
    const { id, type, from } = iq.attrs;
    if (!id) {
      this.connection.endWith({ tag: 'stream:error', attrs: { code: '400' } }, 'an iq without id');
    } else if (type === 'result' || type === 'error') {
      const then = from === undefined || namesServer(from) ? this.requests.get(id) : undefined;
      if (then) {
        this.requests.delete(id);
        await then(iq);
      }
    } else {
      this.answer(iq);
    }
  }

  answer(iq) {
    const { id, type, from, xmlns } = iq.attrs;
    const attrs = { id, to: from ?? kServer };
    const refuse = (code, text) => this.send('iq', { ...attrs, type: 'error' },
      [{ tag: 'error', attrs: { code, text } }]);
    const payloads = Array.isArray(iq.content) ? iq.content.length : 0;
    const isPing = xmlns === 'w:p';
    if ((type !== 'get' && type !== 'set') || payloads > 1 || (payloads === 0 && !isPing)) {
      refuse('400', 'bad-request');
    } else if (isPing && type === 'get') {
      this.send('iq', { ...attrs, type: 'result' });
    } else {
      refuse('501', 'feature-not-implemented');
    }
  }

  takePresence({ attrs }) {
    const type = attrs.type ?? 'available';
    if (isUserJid(attrs.from) && (type === 'available' || type === 'unavailable')) {
      this.tell('presence', { from: attrs.from, type });
    }
  }

  takeChatstate({ attrs, content }) {
    const state = Array.isArray(content) && content.length === 1 ? content[0].tag : '';
    if (isUserJid(attrs.from) && (state === 'composing' || state === 'paused')) {
      this.tell('presence', { from: attrs.from, type: state });
    }
  }

  async takeOther(node) {
    if (!node.attrs.id || node.tag === 'success') return;
    const known = ['receipt', 'notification', 'call'].includes(node.tag);
    this.acknowledge(node, known ? undefined : kUnknownStanza);
    if (node.tag === 'receipt' && node.attrs.type === 'retry') await this.mail.takeRetry(node);
    if (node.tag === 'notification' && node.attrs.type === 'encrypt') {
      this.mail.takeCount(child(node, 'count'));
    }
  }

  // Until what the socket holds and what came from it is worked through.
  async settle() {
    for (let turn = 0; turn < 1000; turn++) {
      const before = this.connection?.received;
      // Two turns of the event loop: what lay in the socket has been read by then.
      await new Promise((done) => setImmediate(() => setImmediate(done)));
      const { work } = this;
      await Promise.all([work, ...this.mail.transfers]);
      if (this.connection?.received === before && this.work === work) return;
    }
  }
}
