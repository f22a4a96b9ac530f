const SIGNATURES: readonly { readonly starts: Uint8Array; readonly at?: number; readonly what: string }[] = [
  {
    starts: Buffer.from('version https://git-lfs'),
    what: 'a Git LFS pointer: the model itself was not fetched (git lfs pull)',
  },
  {
    starts: Buffer.from('PK\x03\x04'),
    what: 'a ZIP archive, as PyTorch checkpoints (.pt, .pth) are: export it to ONNX',
  },
  { starts: Buffer.of(0x89, 0x48, 0x44, 0x46), what: 'HDF5, as Keras weights (.h5) are: export it to ONNX' },
  { starts: Buffer.of(0x1f, 0x8b), what: 'a gzip archive: unpack it' },
  { starts: Buffer.from('TFL3'), at: 4, what: 'a TensorFlow Lite model: convert it to ONNX' },
  { starts: Buffer.of(0x80, 0x02), what: 'a Python pickle, as old PyTorch checkpoints are: export it to ONNX' },
  { starts: Buffer.from('{"'), at: 8, what: 'safetensors, weights without a graph: export the model to ONNX' },
];

const WEB_PAGE = /^\s*<(?:!doctype|html)/i;
const TEXT = /^[\t\n\r\u0020-\u007E]+$/;

/** A sentence about what bytes look like that are not an ONNX model. */
export function sniffText(bytes: Uint8Array): string {
  if (bytes.length === 0) return 'The file is empty.';
  const head = Buffer.from(bytes.subarray(0, 512)).toString('latin1');
  const known = SIGNATURES.find(({ starts, at = 0 }) => starts.every((byte, i) => bytes[at + i] === byte));
  if (known !== undefined) return `It looks like ${known.what}.`;
  if (WEB_PAGE.test(head)) return 'It looks like a web page: the download was answered with an error or a login page.';
  if (TEXT.test(head)) return 'It looks like a text file.';
  return 'It may be cut off or damaged.';
}
