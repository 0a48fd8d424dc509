/*
 * A frame on a byte stream: length of the body 4 (big-endian) | type 1 | body.
 */

const headerBytes = 5;

/** The bytes of one frame. */
export function encodeFrame(type: number, text: string): Buffer {
  const length = Buffer.byteLength(text);
  const frame = Buffer.allocUnsafe(headerBytes + length);
  frame.writeUInt32BE(length, 0);
  frame[4] = type;
  frame.write(text, headerBytes);
  return frame;
}

/** Cuts a stream of bytes into frames. */
export class FrameReader {
  readonly #bodyBytesMax: number;
  readonly #onFrame: (type: number, body: Buffer) => void;
  /** The beginning of a frame, in pieces, so that a large one is copied once only. */
  #pieces: Buffer[] = [];
  #bytes = 0;
  /** How many bytes must be there before it is worth to look again. */
  #wanted = headerBytes;

  constructor(bodyBytesMax: number, onFrame: (type: number, body: Buffer) => void) {
    this.#bodyBytesMax = bodyBytesMax;
    this.#onFrame = onFrame;
  }

  /** Takes what arrived and calls back for each whole frame; false where a frame is larger than allowed. */
  push(chunk: Buffer): boolean {
    this.#pieces.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes < this.#wanted) return true;
    const data = this.#pieces.length === 1 ? chunk : Buffer.concat(this.#pieces, this.#bytes);
    this.#pieces = [];
    let at = 0;
    this.#wanted = headerBytes;
    while (data.length - at >= headerBytes) {
      const length = data.readUInt32BE(at);
      if (length > this.#bodyBytesMax) return false;
      const end = at + headerBytes + length;
      if (end > data.length) {
        this.#wanted = headerBytes + length;
        break;
      }
      this.#onFrame(data[at + 4] ?? 0, data.subarray(at + headerBytes, end));
      at = end;
    }
    this.#bytes = data.length - at;
    if (this.#bytes > 0) this.#pieces.push(data.subarray(at));
    return true;
  }
}

/** The JSON value of a body, or undefined where it is none (`null` is none either). */
export function parseBody(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8')) ?? undefined;
  } catch {
    return undefined;
  }
}
