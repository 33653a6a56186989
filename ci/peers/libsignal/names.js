// SPDX-License-Identifier: GPL-3.0-or-later
// What a file is kept as. Neither the name nor the type that a message says is trusted.
const kMostOctets = 120;
const kOctetStream = 'application/octet-stream';
const kType = /^[a-z]+\/[a-z0-9][a-z0-9.+-]{0,80}(; ?codecs=[a-z0-9.]{1,20})?$/i;
const kExtensions = {
  'image/jpeg': '.jpg', 'image/png': '.png', 'image/webp': '.webp', 'image/gif': '.gif',
  'video/mp4': '.mp4', 'video/3gpp': '.3gp', 'video/webm': '.webm',
  'audio/ogg': '.ogg', 'audio/mpeg': '.mp3', 'audio/mp4': '.m4a', 'audio/aac': '.aac',
  'audio/amr': '.amr',
};

// The type that a file of `kind` is treated as: what is played or looked at is of a known type.
export function safeType(kind, mimetype) {
  if (!kType.test(mimetype)) return kOctetStream;
  return kind === 'document' || essence(mimetype) in kExtensions ? mimetype : kOctetStream;
}

function essence(mimetype) {
  return mimetype.split(';')[0].toLowerCase();
}

// Without folders, controls, marks of direction, and what some file system reads in its own way.
function clean(name) {
  const last = name.split(/[\\/]/).at(-1);
  const kept = last.normalize('NFC').replace(/[\p{C}\p{Zl}\p{Zp}\ufffd<>:"|?*]/gu, '')
    .replace(/^[\s.]+|[\s.]+$/g, '');
  if (Buffer.byteLength(kept) <= kMostOctets) return kept;
  const extension = /\.[a-z0-9]{1,8}$/i.exec(kept)?.[0] ?? '';
  const stem = Buffer.from(kept.slice(0, kept.length - extension.length));
  return stem.subarray(0, kMostOctets - extension.length).toString().replace(/\ufffd$/, '') +
    extension;
}

// Names of one user's files, of which each is given once.
export class Names {
  taken = new Set();

  give(kind, type, said) {
    const wanted = (kind === 'document' && clean(said ?? '')) ||
      kind + (kExtensions[essence(type)] ?? '.bin');
    const dot = wanted.lastIndexOf('.');
    const [stem, extension] = dot > 0 ? [wanted.slice(0, dot), wanted.slice(dot)] : [wanted, ''];
    let name = wanted;
    for (let i = 2; this.taken.has(name.toLowerCase()); i++) name = `${stem} (${i})${extension}`;
    this.taken.add(name.toLowerCase());
    return name;
  }
}
