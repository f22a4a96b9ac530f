import { parentPort, workerData } from 'node:worker_threads';
import { LearntCropOrder } from '../../decision/crop-order.ts';
import { evaluateBatch, type EvaluationDeps, type RunnableMember } from '../../decision/evaluate.process.ts';
import { codeOf, messageOf } from '../../kernel/errors.ts';
import { openBlobFolder } from '../../platform/blobs/blob-folder.ts';
import { decodeRgb } from '../../platform/image/inspect.ts';
import { openSession, type OnnxSession } from '../../platform/onnx/session.ts';
import type { FromThread, MemberSpec, ThreadSpec, ToThread } from './messages.ts';

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
  const deps = depsOf(spec, sessions);
  // One message after the other: sessions must not be released while a batch still uses them.
  let work: Promise<void> = Promise.resolve();
  parentPort?.on('message', (message: ToThread) => {
    work = work.then(() => (message.kind === 'close' ? close(sessions) : evaluate(message, deps)));
  });
  post({ kind: 'ready' });
}

function depsOf(spec: ThreadSpec, sessions: readonly OnnxSession[]): EvaluationDeps {
  const blobs = openBlobFolder(spec.blobsDir);
  const stop = new Int32Array(spec.stopFlag);
  return {
    members: spec.members.flatMap((member, i) => (sessions[i] === undefined ? [] : [runnable(member, sessions[i])])),
    policy: spec.policy,
    alsoUnder: spec.alsoUnder,
    evaluate: spec.evaluate,
    cropsPerPass: spec.cropsPerPass,
    order: new LearntCropOrder(spec.members.map(({ cost }) => cost)),
    decode: async (sha256) => decodeRgb(await blobs.read(sha256)),
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

async function evaluate(message: Extract<ToThread, { kind: 'evaluate' }>, deps: EvaluationDeps): Promise<void> {
  try {
    post({ kind: 'result', id: message.id, results: await evaluateBatch(message.tasks, deps) });
  } catch (error) {
    post({ kind: 'failed', id: message.id, message: messageOf(error), code: codeOf(error) ?? 'evaluation' });
  }
}

async function close(sessions: readonly OnnxSession[]): Promise<void> {
  for (const session of sessions) await session.close();
  parentPort?.close();
}

function post(message: FromThread): void {
  parentPort?.postMessage(message);
}

try {
  // The thread is started by engine.ts and nobody else: its data is a ThreadSpec.
  const spec: ThreadSpec = workerData;
  await main(spec);
} catch (error) {
  post({ kind: 'failed', id: null, message: messageOf(error), code: codeOf(error) ?? 'thread-start' });
}
