import { parentPort, workerData } from 'node:worker_threads';
import { LearntCropOrder } from '../../decision/crop-order.ts';
import { evaluateBatch, type EvaluationDeps, type RunnableMember } from '../../decision/evaluate.process.ts';
import { codeOf, messageOf, RetryLater } from '../../kernel/errors.ts';
import { openBlobs } from '../../platform/blobs/open-blobs.ts';
import { decodeRgb } from '../../platform/image/inspect.ts';
import { openSession, type OnnxSession } from '../../platform/onnx/session.ts';
import type { FromThread, MemberSpec, ThreadSpec, ToThread } from './messages.ts';
import { ReadAhead } from './read-ahead.ts';

/** Photos on their way from a store that is not on this machine: its answers take as long as evaluating a few of them. */
const READS_AT_ONCE = 8;

/**
 * One filter thread: decodes, resizes and infers its own photos with sessions of its own, so that threads share
 * nothing but the bytes on disk. Messages: evaluate -> result | failed; close -> the sessions are released and the
 * thread ends by itself (it is never terminated during a run).
 */
async function main(spec: ThreadSpec): Promise<void> {
  const sessions: OnnxSession[] = [];
  for (const member of spec.members) {
    const { file, sha256, inputName, logitsName, input, format } = member;
    const { provider } = spec;
    sessions.push(await openSession({ file, sha256, inputName, logitsName, size: input.size, format, provider }));
  }
  const blobs = await openBlobs(spec.blobs);
  // A disk is quick enough, and reading all at once would only make it seek.
  const photos = new ReadAhead(blobs, spec.blobs.kind === 'folder' ? 0 : READS_AT_ONCE);
  const deps = depsOf(spec, sessions, photos);
  // One message after the other: sessions must not be released while a batch still uses them.
  let work: Promise<void> = Promise.resolve();
  parentPort?.on('message', (message: ToThread) => {
    work = work.then(async () => {
      if (message.kind === 'evaluate') return evaluate(message, deps, photos);
      await blobs.close();
      return close(sessions);
    });
  });
  post({ kind: 'ready' });
}

function depsOf(spec: ThreadSpec, sessions: readonly OnnxSession[], photos: ReadAhead): EvaluationDeps {
  const stop = new Int32Array(spec.stopFlag);
  return {
    members: spec.members.flatMap((member, i) => (sessions[i] === undefined ? [] : [runnable(member, sessions[i])])),
    policy: spec.policy,
    alsoUnder: spec.alsoUnder,
    evaluate: spec.evaluate,
    cropsPerPass: spec.cropsPerPass,
    order: new LearntCropOrder(spec.members.map(({ cost }) => cost)),
    decode: async (sha256) => decodeRgb(await photos.read(sha256)),
    shouldStop: () => Atomics.load(stop, 0) === 1,
  };
}

function runnable(member: MemberSpec, session: OnnxSession): RunnableMember {
  const mask = Int32Array.from(member.mask);
  return {
    input: member.input,
    run: async (tensor, crops) =>
      (await session.run(tensor, crops)).map((logits) => Float32Array.from(mask, (at) => logits[at] ?? Number.NaN)),
  };
}

async function evaluate(
  message: Extract<ToThread, { kind: 'evaluate' }>,
  deps: EvaluationDeps,
  photos: ReadAhead,
): Promise<void> {
  try {
    photos.begin(message.tasks.map(({ sha256 }) => sha256));
    post({ kind: 'result', id: message.id, results: await evaluateBatch(message.tasks, deps) });
  } catch (error) {
    post(failureOf(error, { id: message.id, code: 'evaluation' }));
  }
}

async function close(sessions: readonly OnnxSession[]): Promise<void> {
  for (const session of sessions) await session.close();
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
