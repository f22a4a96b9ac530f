import * as ort from 'onnxruntime-node';
import { cardFor } from '../../src/collection/model-card.process.ts';
import { createSession, verifyModelFile } from '../../src/platform/onnx/session.ts';

/**
 * Rows, inner length and columns of the matrix products: a large one, and one like those in the middle of
 * EfficientNet-Lite0.
 */
const PRODUCTS = [
  [1_024, 1_024, 1_024],
  [784, 1_152, 192],
] as const;
const REPEATS = 25;
/** Crops in a pass. Other sizes are not faster. */
const CROPS = 2;

export interface ProcessorLimit {
  /** The best matrix product, in 10^9 floating-point operations a second of one thread. */
  readonly matrixProduct: number;
  /** The same for the forward passes of each model. */
  readonly models: Readonly<Record<string, number>>;
}

/**
 * Compares inference with what the processor can do: ONNX Runtime on one thread runs matrix products and models in turn,
 * and the best time of each counts. A multiply-add counts as two operations.
 */
export async function measureProcessorLimit(names: readonly string[]): Promise<ProcessorLimit> {
  const products = await Promise.all(PRODUCTS.map(productTask));
  const models = await Promise.all(names.map(modelTask));
  const best = new Map<Task, number>();
  for (let i = 0; i < REPEATS; i += 1) {
    for (const task of [...products, ...models]) {
      const startMs = performance.now();
      await task.run();
      best.set(task, Math.min(best.get(task) ?? Infinity, performance.now() - startMs));
    }
  }
  for (const { release } of [...products, ...models]) await release();
  const rate = (task: Task): number => task.operations / (best.get(task) ?? Infinity) / 1e6;
  return {
    matrixProduct: Math.max(...products.map(rate)),
    models: Object.fromEntries(models.map((task) => [task.name, rate(task)])),
  };
}

interface Task {
  readonly name: string;
  readonly operations: number;
  readonly run: () => Promise<unknown>;
  readonly release: () => Promise<void>;
}

async function productTask([rows, inner, columns]: (typeof PRODUCTS)[number]): Promise<Task> {
  const session = await createSession(matrixProduct(rows, inner, columns), { file: 'a matrix product' });
  const feeds = {
    a: new ort.Tensor('float32', new Float32Array(rows * inner).fill(0.5), [rows, inner]),
    b: new ort.Tensor('float32', new Float32Array(inner * columns).fill(0.25), [inner, columns]),
  };
  return {
    name: `${rows} x ${inner} x ${columns}`,
    operations: 2 * rows * inner * columns,
    run: () => session.run(feeds),
    release: () => session.release(),
  };
}

async function modelTask(name: string): Promise<Task> {
  const card = await cardFor(name);
  const { size, name: input } = card.input;
  const session = await createSession(await verifyModelFile(card.path, card.sha256), { file: card.path });
  const values = Float32Array.from({ length: CROPS * 3 * size * size }, (_, i) => Math.sin(i * 0.37));
  const feeds = { [input]: new ort.Tensor('float32', values, [CROPS, 3, size, size]) };
  return {
    name,
    operations: 2 * CROPS * (card.costs?.multiplyAddsPerCrop ?? 0),
    run: () => session.run(feeds, [card.outputs.logits]),
    release: () => session.release(),
  };
}

/** An ONNX model of one MatMul, c = a b, written as protocol buffers. */
function matrixProduct(rows: number, inner: number, columns: number): Buffer {
  const node = [...text(1, 'a'), ...text(1, 'b'), ...text(2, 'c'), ...text(4, 'MatMul')];
  const values = [
    ...field(11, value('a', [rows, inner])),
    ...field(11, value('b', [inner, columns])),
    ...field(12, value('c', [rows, columns])),
  ];
  const graph = [...field(1, node), ...text(2, 'product'), ...values];
  return Buffer.from([...number(1, 8), ...field(7, graph), ...field(8, number(2, 17))]);
}

/** A ValueInfoProto of a float32 tensor. */
function value(name: string, shape: readonly number[]): number[] {
  const dims = shape.flatMap((dim) => field(1, number(1, dim)));
  return [...text(1, name), ...field(2, field(1, [...number(1, 1), ...field(2, dims)]))];
}

function field(id: number, bytes: readonly number[]): number[] {
  return [...varint((id << 3) | 2), ...varint(bytes.length), ...bytes];
}

function text(id: number, content: string): number[] {
  return field(id, [...Buffer.from(content)]);
}

function number(id: number, content: number): number[] {
  return [...varint(id << 3), ...varint(content)];
}

function varint(content: number): number[] {
  const bytes: number[] = [];
  for (let rest = content; ; rest >>>= 7) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest & 127) | 128);
  }
}
