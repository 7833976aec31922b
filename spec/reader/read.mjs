// Reads every vector in the folders given, and says where it disagrees: node spec/reader/read.mjs FOLDER...
// One line of JSON at the end: how many vectors of each kind were read. Exit 1 on any disagreement, or on none read.

import { readFileSync, readdirSync } from "node:fs";
import { join as path } from "node:path";
import { inflateSync } from "node:zlib";
import { SealedFile, inspect, openPiece, sourceId } from "./container.mjs";
import {
  openAnchored, openCertificate, openChallenge, openEnvelope, openManifest, openRevocationList, openSecurityFile,
} from "./credential.mjs";
import { checkAcquire, openDigests, openLicense } from "./license.mjs";
import { checkStamp } from "./stamp.mjs";
import { CHUNK, Refusal, sha256 } from "./primitives.mjs";

const hex = (text) => Buffer.from(text, "hex");
const list = (text) => text.split(",").filter(Boolean).map(hex);

function load(file) {
  const raw = readFileSync(file), end = raw.indexOf("\n\n");
  const head = raw.subarray(0, end).toString().split("\n");
  const given = Object.fromEntries(head.map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim()]));
  return { given, data: inflateSync(raw.subarray(end + 2)) };
}

/** What a way of reading gives out until it ends or fails, and the word for how it ended. */
function outcome(way) {
  const given = [];
  try {
    for (const piece of way()) given.push(piece);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { word: error.message, plain: Buffer.concat(given) };
  }
  return { word: "ok", plain: Buffer.concat(given) };
}

function* inSteps(file, step, from = 0, until = Infinity) {
  for (let at = from, piece; at < until && (piece = file.read(at, Math.min(step, until - at))).length; at += piece.length) yield piece;
}

/** Chunk after chunk from the end of what may be given out, then the byte behind it. */
function* backwards(file, size) {
  const pieces = [];
  for (let at = Math.floor(size / CHUNK) * CHUNK; at >= 0; at -= CHUNK) pieces.unshift(...inSteps(file, CHUNK, at, Math.min(at + CHUNK, size)));
  yield* pieces;
  yield file.read(size, 1);
}

const whole = (open) => function* () { yield open(); };

/** By the word in a vector's head: every way to read such a thing, by name. */
const READERS = {
  file: ({ given, data }) => {
    const open = () => new SealedFile(data, hex(given.key)), size = Number(given.released);
    return {
      stream: function* () { yield* inSteps(open(), 4096); },
      seek: function* () { yield* backwards(open(), size); },
      whole: whole(() => Buffer.concat([...inSteps(open(), CHUNK)])),
    };
  },
  piece: ({ given, data }) => {
    const download = sha256("vector download id").subarray(0, 16);
    const source = sourceId("/v/7.ts", 0, 0, "AES-128", Buffer.alloc(16));
    return { open: whole(() => openPiece(hex(given.key), download, 7, 0, source, data)) };
  },
  envelope: ({ given, data }) => ({ open: whole(() => openEnvelope(data, Number(given.type), list(given.keys))) }),
  "anchored-envelope": ({ given, data }) => ({ open: whole(() => openAnchored(data, Number(given.type)).body) }),
  "security-file": ({ given, data }) => ({
    open: whole(() => openSecurityFile(data, {
      kind: Number(given.kind), identifier: hex(given.identifier), now: given.now, level: given.level,
      string: given["private-string"], wrappingKey: hex(given["wrapping-key"]),
    })),
  }),
  manifest: ({ data }) => ({ open: whole(() => openManifest(data)) }),
  certificate: ({ given, data }) => ({ open: whole(() => openCertificate(data, list(given.keys))) }),
  challenge: ({ given, data }) => ({
    open: whole(() => openChallenge(data, {
      appKey: hex(given["app-key"]), nonce: hex(given.nonce), deviceId: hex(given["device-id"]),
    })),
  }),
  "revocation-list": ({ given, data }) => ({
    open: whole(() => openRevocationList(data, list(given.keys), given.now)),
  }),
  license: ({ given, data }) => ({
    open: whole(() => openLicense(data, {
      keys: list(given.keys), deviceSigningKey: hex(given["device-signing-key"]), download: hex(given["download-id"]),
      fingerprint: hex(given.fingerprint), deviceId: hex(given["device-id"]), now: given.now,
      appKey: hex(given["app-key"]), deviceKey: hex(given["device-key"]),
    })),
  }),
  stamp: ({ given, data }) => ({
    open: whole(() => checkStamp(data.toString("latin1"), {
      method: given.method, path: given.path, parameters: JSON.parse(given.parameters), serial: hex(given.serial),
      key: hex(given["device-signing-key"]), now: given.now,
    })),
  }),
  acquire: ({ given, data }) => ({
    open: whole(() => checkAcquire(data, {
      video: given.video, job: given.job, download: hex(given["download-id"]), serial: hex(given.serial),
      kem: hex(given["device-kem-key"]), signing: hex(given["device-signing-key"]),
    })),
  }),
  digests: ({ given, data }) => ({
    open: whole(() => openDigests(data, { keys: list(given.keys), video: given.video, job: given.job, list: hex(given.list) })),
  }),
};

function* disagreements({ given, data }) {
  for (const [name, way] of Object.entries(READERS[given.reader]({ given, data }))) {
    const { word, plain } = outcome(way);
    const silent = given.expect !== "ok" && (name === "whole" || name === "open");
    const fits = silent ? plain.length === 0
      : plain.length === Number(given.released) && sha256(plain).toString("hex") === given.sha256;
    if (word !== given.expect || !fits) yield `${name} says ${word} after ${plain.length} bytes, not ${given.expect} after ${given.released}`;
  }
  if (given.reader !== "file") return;
  const { word } = outcome(whole(() => inspect(data)));
  if (word !== given.inspect) yield `inspect says ${word}, not ${given.inspect}`;
}

const count = {};
let wrong = 0;
for (const folder of process.argv.slice(2)) {
  for (const name of readdirSync(folder).filter((each) => each.endsWith(".vec")).sort()) {
    const vector = load(path(folder, name));
    count[vector.given.reader] = (count[vector.given.reader] ?? 0) + 1;
    for (const what of disagreements(vector)) {
      wrong++;
      console.error(`${name}: ${what}`);
    }
  }
}
console.log(JSON.stringify(count));
process.exitCode = wrong || !Object.keys(count).length ? 1 : 0;
