import type { LinearLayer } from './head.ts';

/** The data of a safetensors file begins at a multiple of this. */
const ALIGNMENT = 8;

/**
 * A safetensors file with one linear layer, as PyTorch saves an `nn.Linear`: `weight` [classes, features] and `bias` [classes] in F32.
 * https://github.com/huggingface/safetensors#format
 */
export function linearLayerFile({ weight, bias }: LinearLayer): Buffer {
  const classes = bias.length;
  const shapes = { weight: [classes, weight.length / classes], bias: [classes] };
  const middle = 4 * weight.length;
  const header = JSON.stringify({
    weight: { dtype: 'F32', shape: shapes.weight, data_offsets: [0, middle] },
    bias: { dtype: 'F32', shape: shapes.bias, data_offsets: [middle, middle + 4 * classes] },
  });
  const padded = header.padEnd(Math.ceil(header.length / ALIGNMENT) * ALIGNMENT);
  const file = Buffer.alloc(8 + padded.length + middle + 4 * classes);
  file.writeBigUInt64LE(BigInt(padded.length));
  file.write(padded, 8);
  const start = 8 + padded.length;
  for (const [i, value] of weight.entries()) file.writeFloatLE(value, start + 4 * i);
  for (const [i, value] of bias.entries()) file.writeFloatLE(value, start + middle + 4 * i);
  return file;
}
