import { parentPort, workerData } from 'node:worker_threads';
import { LearntCropOrder } from '../../decision/crop-order.ts';
import { PhotoStream, type EvaluationDeps, type RunnableMember } from '../../decision/evaluate.process.ts';
import { WorkTally } from '../../decision/evaluation-work.ts';
import type { BlobStore } from '../../kernel/blobs.ts';
import { codeOf, messageOf, RetryLater } from '../../kernel/errors.ts';
import { DECODING } from '../../photo/suspicion.ts';
import { openBlobs } from '../../platform/blobs/open-blobs.ts';
import { tell } from '../../platform/child/serve-parent.ts';
import { shareDecodeLimit } from '../../platform/image/decode-limit.ts';
import { useDecoded } from '../../platform/image/inspect.ts';
import { openSession, type OnnxSession } from '../../platform/onnx/session.ts';
import type { FromThread, MemberSpec, ThreadSpec, ToThread } from './messages.ts';
import { ReadAhead } from './read-ahead.ts';

/**
 * One filter thread: decodes, resizes and infers its own photos with sessions of its own, so that threads share
 * nothing but the bytes on disk. Messages: evaluate -> result | failed, in any order; close -> what is in hand is done,
 * the sessions are released and the thread ends by itself (it is never terminated during a run).
 */
async function main(spec: ThreadSpec): Promise<void> {
  shareDecodeLimit(spec.decodeLimit);
  const sessions: OnnxSession[] = [];
  for (const member of spec.members) {
    const { file, sha256, inputName, logitsName, input, format } = member;
    const { provider } = spec;
    sessions.push(await openSession({ file, sha256, inputName, logitsName, size: input.size, format, provider }));
  }
  const blobs = await openBlobs(spec.blobs);
  const tally = new WorkTally();
  const stream = new PhotoStream({ ...depsOf(spec, sessions, blobs), work: tally });
  parentPort?.on('message', (message: ToThread) => {
    if (message.kind === 'close') void close({ stream, sessions, blobs });
    else evaluate(message, stream, tally);
  });
  post({ kind: 'ready' });
}

function depsOf(spec: ThreadSpec, sessions: readonly OnnxSession[], blobs: BlobStore): EvaluationDeps {
  const bytes = new ReadAhead(blobs);
  const stop = new Int32Array(spec.stopFlag);
  return {
    members: spec.members.flatMap((member, i) => (sessions[i] === undefined ? [] : [runnable(member, sessions[i])])),
    policy: spec.policy,
    alsoUnder: spec.alsoUnder,
    evaluate: spec.evaluate,
    cropsPerPass: spec.cropsPerPass,
    order: new LearntCropOrder(spec.members.map(({ cost }) => cost)),
    readAhead: (sha256) => bytes.readAhead(sha256),
    decode: async (sha256, use) => useDecoded(await bytes.take(sha256), use),
    shouldStop: () => Atomics.load(stop, 0) === 1,
    ...(spec.tellsSteps === true ? stepsTold(spec, bytes) : {}),
  };
}

/** The same, but with a word before each step. */
function stepsTold({ members }: ThreadSpec, bytes: ReadAhead): Pick<EvaluationDeps, 'decode' | 'onPass'> {
  return {
    async decode(sha256, use) {
      const photo = await bytes.take(sha256);
      tell(DECODING);
      return useDecoded(photo, use);
    },
    onPass: (member, crops) => tell(`running ${members[member]?.name ?? 'a model'} on crop ${crops.join(', ')}`),
  };
}

function runnable(member: MemberSpec, session: OnnxSession): RunnableMember {
  const mask = Int32Array.from(member.mask);
  return {
    name: member.name,
    input: member.input,
    run: async (tensor, crops) => (await session.run(tensor, crops)).map((logits) => masked(logits, mask)),
  };
}

function masked(logits: Float32Array, mask: Int32Array): Float32Array {
  const out = new Float32Array(mask.length);
  for (let i = 0; i < mask.length; i += 1) out[i] = logits[mask[i] ?? -1] ?? Number.NaN;
  return out;
}

function evaluate({ id, task }: Extract<ToThread, { kind: 'evaluate' }>, stream: PhotoStream, tally: WorkTally): void {
  stream.push({
    task,
    settle: (result) => post({ kind: 'result', id, result, work: tally.work }),
    fail: (error) => post(failureOf(error, { id, code: 'evaluation' })),
  });
}

interface OpenedThread {
  readonly stream: PhotoStream;
  readonly sessions: readonly OnnxSession[];
  readonly blobs: BlobStore;
}

/** No session is released under a running forward pass: that would abort the process. */
async function close({ stream, sessions, blobs }: OpenedThread): Promise<void> {
  await stream.idle();
  for (const session of sessions) await session.close();
  await blobs.close();
  parentPort?.close();
}

/** What is posted of an error; `code` is for one that has none. */
function failureOf(error: unknown, { id, code }: { id: number | null; code: string }): FromThread {
  const mayPass = error instanceof RetryLater;
  return { kind: 'failed', id, message: messageOf(error), code: codeOf(error) ?? code, mayPass };
}

function post(message: FromThread): void {
  parentPort?.postMessage(message);
}

try {
  // The thread is started by engine.ts and nobody else: its data is a ThreadSpec.
  const spec: ThreadSpec = workerData;
  await main(spec);
} catch (error) {
  post(failureOf(error, { id: null, code: 'thread-start' }));
}
