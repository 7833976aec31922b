// The sealed file (container, 2 to 7) and the staged piece (9).

import { Fields, MAGIC, encode } from "./cbor.mjs";
import { CHUNK, Message, PREFIX, TAG, demand, expand, hmac, join, number, same, sha256 } from "./primitives.mjs";

const HEADER = 4096, PART = 512 * CHUNK, SEALED_PART = PREFIX + 512 * (CHUNK + TAG) + TAG;
const ZERO16 = Buffer.alloc(16);

/** Steps 1 and 2: what can be said of any file. */
function frame(data) {
  demand(same(data.subarray(0, 8), MAGIC("L")), "not-sealed");
  demand(data.length >= HEADER, "truncated");
  demand(data.subarray(8, 16).equals(Buffer.of(1, 0, 1, 14, 0, 0, 2, 0)), "unsupported");
}

/** Step 5: the lengths, which agree or are refused. */
function lengths(data) {
  const size = data.readBigUInt64BE(64), count = size / BigInt(PART) + 1n;
  const tail = size % BigInt(PART);
  const metaAt = BigInt(HEADER) + (count - 1n) * BigInt(SEALED_PART)
    + BigInt(PREFIX) + tail + BigInt(TAG) * (tail / BigInt(CHUNK) + 1n);
  const metaSize = data.readUInt32BE(80);
  demand(data.subarray(48, 64).equals(ZERO16) && data.readBigUInt64BE(88) === 0n, "malformed");
  demand(size < ((1n << 32n) - 1n) * BigInt(PART), "malformed");
  demand(data.readBigUInt64BE(72) === metaAt && BigInt(data.readUInt32BE(84)) === count, "malformed");
  demand(metaSize >= PREFIX + 1 + TAG && metaSize <= 67108864, "malformed");
  return { size, metaAt, metaSize };
}

/** Without a key: a claim (7.2). */
export function inspect(data) {
  frame(data);
  lengths(data);
  return data.subarray(32, 48);
}

export class SealedFile {
  constructor(data, key) {
    frame(data);
    this.data = data;
    this.key = key;
    this.id = data.subarray(16, 32);
    demand(same(this.derived("kcv", 16), data.subarray(96, 112)), "wrong-key");
    demand(same(hmac(this.derived("hdr"), data.subarray(0, 112)), data.subarray(112, 144)), "tampered");
    const { size, metaAt, metaSize } = lengths(data);
    demand(BigInt(data.length) === metaAt + BigInt(metaSize), "truncated");
    demand(data.subarray(144, HEADER).every((byte) => byte === 0), "tampered");
    this.size = Number(size);
    this.table = this.meta(data.subarray(Number(metaAt)));
    this.parts = new Map();
    this.opened = {};
    if (this.size % PART === 0) this.part(this.size / PART); // no read would come to it
  }

  derived(what, size = 32) {
    return expand(this.key, join(`vodseal1/${what}\0`, this.id), size);
  }

  meta(sealed) {
    const fields = Fields.of(Message.open(this.derived("meta"), join("vodseal1/meta\0", this.id), sealed));
    fields.version();
    demand(fields.integer(1) === BigInt(this.size), "malformed");
    const table = fields.bytes(2, PREFIX * (Math.floor(this.size / PART) + 1));
    fields.text(3);
    for (const key of [4, 10]) if (fields.rest.has(key)) fields.bytes(key, 32);
    fields.text(5);
    fields.integer(6);
    for (const each of fields.list(7, 64)) track(new Fields(each));
    fields.integer(11);
    fields.text(12);
    fields.end();
    return table;
  }

  /** A part, once its place and its length are proved (7.3). */
  part(i) {
    if (!this.parts.has(i)) {
      const at = HEADER + i * SEALED_PART, prefix = this.table.subarray(i * PREFIX, (i + 1) * PREFIX);
      const sealed = this.data.subarray(at, at + SEALED_PART);
      demand(same(sealed.subarray(0, PREFIX), prefix), "tampered");
      const context = join("vodseal1/part\0", this.id, number(i, 4));
      const message = new Message(this.derived("part"), context, prefix, Math.min(PART, this.size - i * PART));
      message.chunk(message.last, sealed);
      this.parts.set(i, { message, sealed });
    }
    return this.parts.get(i);
  }

  /** At most ``length`` bytes from ``at``: fewer only at the end, and never across a chunk. */
  read(at, length) {
    if (at >= this.size) return Buffer.alloc(0);
    const index = Math.floor(at / CHUNK);
    if (this.opened.index !== index) {
      const { message, sealed } = this.part(Math.floor(at / PART));
      this.opened = { index, plain: message.chunk(index % 512, sealed) };
    }
    return this.opened.plain.subarray(at % CHUNK, (at % CHUNK) + length);
  }
}

function track(fields) {
  fields.integer(0, 1n, 3n);
  fields.text(1);
  for (const key of [2, 3, 4, 5]) fields.integer(key);
  fields.text(6);
  fields.end();
}

export const sourceId = (path, start, length, method, iv) =>
  sha256(encode(new Map([[0, path], [1, [BigInt(start), BigInt(length)]], [2, method], [3, iv]])));

export function openPiece(key, download, sequence, piece, source, sealed) {
  const context = join("vodseal1/stage\0", download, number(sequence, 4), number(piece, 4), source);
  return Message.open(key, context, sealed);
}
