// The one encoding of CBOR (container, 6.1). Integers are BigInt, maps are Map.

import { Refusal, ascii, demand, join, number } from "./primitives.mjs";

const MAX_DEPTH = 8;

export function decode(data) {
  const reader = new Reader(data);
  const value = reader.value(0);
  demand(reader.at === data.length, "malformed");
  return value;
}

class Reader {
  constructor(data) {
    this.data = data;
    this.at = 0;
  }

  take(size) {
    demand(size <= this.data.length - this.at, "malformed");
    this.at += size;
    return this.data.subarray(this.at - size, this.at);
  }

  /** The argument of a head: refused when a shorter one would do. */
  argument(code) {
    if (code < 24) return BigInt(code);
    demand(code < 28, "malformed");
    const bytes = this.take(1 << (code - 24));
    const value = BigInt(`0x${bytes.toString("hex")}`);
    demand(value >= (code === 24 ? 24n : 1n << BigInt(4 * bytes.length)), "malformed");
    return value;
  }

  value(depth) {
    demand(depth <= MAX_DEPTH, "malformed");
    const [head] = this.take(1), major = head >> 5;
    if (major === 7) {
      demand(head === 0xf4 || head === 0xf5, "malformed");
      return head === 0xf5;
    }
    const count = this.argument(head & 31);
    if (major === 0) return count;
    if (major === 1) return -1n - count;
    demand(major !== 6 && count <= BigInt(this.data.length), "malformed");
    const size = Number(count);
    if (major === 2) return Buffer.from(this.take(size));
    if (major === 3) return utf8(this.take(size));
    if (major === 4) return Array.from({ length: size }, () => this.value(depth + 1));
    const map = new Map();
    for (let i = 0, last = -1; i < size; i++) {
      const [key] = this.take(1);
      demand(key < 24 && key > last, "malformed");
      last = key;
      map.set(key, this.value(depth + 1));
    }
    return map;
  }
}

function utf8(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Refusal("malformed");
  }
}

export function encode(value) {
  if (typeof value === "boolean") return Buffer.of(value ? 0xf5 : 0xf4);
  if (typeof value === "bigint") return head(0, value);
  if (typeof value === "string") return join(head(3, BigInt(Buffer.byteLength(value))), Buffer.from(value));
  if (Buffer.isBuffer(value)) return join(head(2, BigInt(value.length)), value);
  if (Array.isArray(value)) return join(head(4, BigInt(value.length)), ...value.map(encode));
  const keys = [...value.keys()].sort((a, b) => a - b);
  return join(head(5, BigInt(keys.length)), ...keys.flatMap((key) => [number(key, 1), encode(value.get(key))]));
}

function head(major, value) {
  if (value < 24n) return Buffer.of((major << 5) | Number(value));
  const code = [1, 2, 4, 8].findIndex((size) => value < 1n << BigInt(8 * size));
  const digits = value.toString(16).padStart(2 << code, "0");
  return join(Buffer.of((major << 5) | (24 + code)), Buffer.from(digits, "hex"));
}

/** The fields of a map, each taken once, with its type and bounds; ``end`` refuses what is left. */
export class Fields {
  constructor(value) {
    demand(value instanceof Map, "malformed");
    this.rest = new Map(value);
  }

  static of(data) {
    return new Fields(decode(data));
  }

  take(key, fits) {
    demand(this.rest.has(key), "malformed");
    const value = this.rest.get(key);
    this.rest.delete(key);
    demand(fits(value), "malformed");
    return value;
  }

  integer(key, least = 0n, most = (1n << 64n) - 1n) {
    return this.take(key, (value) => typeof value === "bigint" && value >= least && value <= most);
  }

  version() {
    demand(this.integer(0) === 1n, "unsupported");
  }

  boolean(key) {
    return this.take(key, (value) => typeof value === "boolean");
  }

  bytes(key, size) {
    return this.take(key, (value) => Buffer.isBuffer(value) && (size === undefined || value.length === size));
  }

  text(key, most = 4096) {
    return this.take(key, (value) => typeof value === "string" && [...value].length <= most);
  }

  list(key, most) {
    return this.take(key, (value) => Array.isArray(value) && value.length <= most);
  }

  map(key) {
    return new Fields(this.take(key, (value) => value instanceof Map));
  }

  end() {
    demand(this.rest.size === 0, "malformed");
  }
}

export const MAGIC = (letter) => join(Buffer.of(0x89), ascii(`VS${letter}\r\n`), Buffer.of(0x1a, 0x0a));
