// SPDX-License-Identifier: GPL-3.0-or-later
// Where files lie: upload to the own server, download from the hosts that are allowed. Each request
// is bounded in octets, time and attempts; redirects are not followed.
import https from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';

const kMostAttempts = 3;
const kFirstBackOffMs = 100; // doubled each time
const kMostMs = 8000; // for all attempts together
const kMostAnswerOctets = 16384;

class Again extends Error {}

function secure(text) {
  const url = new URL(text);
  if (url.protocol !== 'https:' || url.username || url.password) {
    throw new Error('a URL that is not https:');
  }
  return url;
}

// The octets of an answer with `status`. Throws Again for what another attempt may mend.
function exchange(url, options, { status, body, most, exact }) {
  return new Promise((resolve, reject) => {
    const request = https.request(url, { agent: false, ...options }, (response) => {
      const stop = (error) => {
        request.destroy();
        reject(error);
      };
      if (response.statusCode !== status) {
        const fails = response.statusCode >= 500;
        stop(new (fails ? Again : Error)(`answered with ${response.statusCode}`));
        return;
      }
      const said = response.headers['content-length'];
      if (exact && said !== undefined && Number(said) !== most) {
        stop(new Error('a body of another length'));
        return;
      }
      const parts = [];
      let octets = 0;
      response.on('data', (part) => {
        octets += part.length;
        parts.push(part);
        if (octets > most) stop(new Error('a body that is too long'));
      });
      response.on('end', () => {
        if (exact && octets !== most) reject(new Error('a body that is too short'));
        else resolve(Buffer.concat(parts));
      });
      response.on('error', (error) => reject(new Again(error.message)));
    });
    request.on('error', (error) => {
      reject(error.code === 'ECONNRESET' ? new Again(error.message) : error);
    });
    request.end(body);
  });
}

// Does `attempt` until it succeeds, fails for good, or has been done often enough.
async function patiently(signal, attempt) {
  const bound = new AbortController();
  const end = () => bound.abort();
  const timer = setTimeout(end, kMostMs);
  signal.addEventListener('abort', end);
  if (signal.aborted) end();
  try {
    return await repeatedly(bound.signal, attempt);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
  }
}

async function repeatedly(bound, attempt) {
  for (let i = 1; ; i++) {
    try {
      return await attempt(bound);
    } catch (error) {
      if (!(error instanceof Again) || i === kMostAttempts || bound.aborted) throw error;
    }
    await sleep(kFirstBackOffMs * 2 ** (i - 1), undefined, { signal: bound });
  }
}

// `place` is what the driver's `connect` says as `media`, with the PEM text as `ca`.
// The URL at which `blob` lies afterwards.
export async function upload(place, blob, signal) {
  const url = secure(place.upload);
  const headers = { Authorization: `Bearer ${place.upload_token}`,
    'Content-Type': 'application/octet-stream', 'Content-Length': blob.length };
  const answer = await patiently(signal, (bound) => exchange(url,
    { method: 'POST', headers, ca: place.ca, signal: bound },
    { status: 201, body: blob, most: kMostAnswerOctets }));
  const { url: where } = JSON.parse(answer.toString()) ?? {};
  if (typeof where !== 'string') throw new Error('no URL');
  secure(where);
  return where;
}

// The `length` octets at `text`.
export async function download(place, text, length, signal) {
  const url = secure(text);
  if (!place.hosts.some((host) => new URL(host).origin === url.origin)) {
    throw new Error('a host that is not allowed');
  }
  const headers = { Authorization: `Bearer ${place.download_token}` };
  return patiently(signal, (bound) => exchange(url, { headers, ca: place.ca, signal: bound },
    { status: 200, most: length, exact: true }));
}
