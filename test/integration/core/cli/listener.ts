/** A process that listens for interrupts as a command (`command`) or a worker (`worker`) does, and has a job in flight that never ends. */
import { setInterval } from 'node:timers';
import { listenForInterrupt } from '../../../../src/core/cli/start/interrupt.ts';

listenForInterrupt({ isWorker: process.argv[2] === 'worker' });
setInterval(() => undefined, 1_000);
process.stdout.write('listening\n');
