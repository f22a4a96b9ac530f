import type { EvaluationResult, EvaluationTask } from '../engine/evaluated-photo.ts';
import type { EngineTally } from '../engine/engine-tally.ts';
import type { EngineSpec } from '../engine/messages.ts';
import { type FilterEngine, startEngine, THREAD_DIED } from '../engine/thread-pool.process.ts';
import { StopTheRun } from '../../kernel/errors.ts';
import { decodeLimit } from '../../platform/image/decode-limit.ts';
import { ChildProgram } from '../../platform/child/child-program.ts';
import type { EngineAnswer, EngineChildSpec, EngineRequest } from './engine-child.process.ts';

export const ENGINE_CHILD = new URL('engine-child.mjs', import.meta.url);

/** An engine in this process or, if there are several devices, one child process for each. @throws StopTheRun if a model cannot be loaded */
export async function startEngines(spec: EngineSpec, threads: number, tally: EngineTally): Promise<FilterEngine> {
  const { devices = [] } = spec;
  if (devices.length < 2) return startEngine(spec, threads, tally);
  const engines = new DeviceEngines({ ...spec, devices }, threads, tally);
  await engines.start();
  return engines;
}

interface Device {
  readonly number: number;
  readonly child: ChildProgram<EngineChildSpec, EngineRequest, EngineAnswer>;
  inFlight: number;
}

/** Gives each photo to the device with the fewest. If a process dies, this one must end too, as after the death of a thread. */
class DeviceEngines implements FilterEngine {
  readonly #devices: readonly Device[];
  readonly #tally: EngineTally;

  constructor(spec: EngineSpec & { readonly devices: readonly number[] }, threads: number, tally: EngineTally) {
    this.#tally = tally;
    this.#devices = spec.devices.map((number) => {
      const own = {
        engine: { ...spec, devices: [number] },
        threads: Math.ceil(threads / spec.devices.length),
        pixelsAtOnce: decodeLimit().share(spec.devices.length),
      };
      const child = new ChildProgram<EngineChildSpec, EngineRequest, EngineAnswer>({
        module: ENGINE_CHILD,
        spec: own,
        limitMs: Number.POSITIVE_INFINITY,
        isOnce: true,
      });
      return { number, child, inFlight: 0 };
    });
  }

  async start(): Promise<void> {
    const started = await Promise.allSettled(this.#devices.map(({ child }) => child.start()));
    const failed = started.find((one) => one.status === 'rejected');
    if (failed === undefined) return;
    await this.close();
    throw failed.reason;
  }

  async evaluate(tasks: readonly EvaluationTask[]): Promise<readonly EvaluationResult[]> {
    const shares = new Map<Device, EvaluationTask[]>();
    for (const task of tasks) {
      this.#tally.begin();
      const device = this.#devices.reduce((best, one) => (one.inFlight < best.inFlight ? one : best));
      device.inFlight += 1;
      shares.set(device, [...(shares.get(device) ?? []), task]);
    }
    const resultOf = new Map<EvaluationTask, EvaluationResult>();
    const ends = await Promise.allSettled(
      [...shares].map(async ([device, share]) => {
        const results = await this.#ask(device, share);
        for (const [i, result] of results.entries()) if (share[i] !== undefined) resultOf.set(share[i], result);
      }),
    );
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
    return tasks.flatMap((task) => resultOf.get(task) ?? []);
  }

  requestStop(): void {
    // A process that has died is reported by `evaluate`.
    for (const { child } of this.#devices) void child.ask('stop').catch(() => undefined);
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#devices.map(({ child }) => child.close('close')));
  }

  async #ask(device: Device, share: readonly EvaluationTask[]): Promise<readonly EvaluationResult[]> {
    const { number, child } = device;
    const reply = await child.ask(share).finally(() => (device.inFlight -= share.length));
    if ('answer' in reply) {
      this.#tally.add(reply.answer.work);
      return reply.answer.results;
    }
    const { how, said } = reply.death;
    throw new StopTheRun(`The process of the filter on device ${number} ended: ${how} ${said}`.trim(), {
      code: THREAD_DIED,
    });
  }
}
