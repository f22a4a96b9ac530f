// A thread of the sources starts here. A thread of the built program starts with the built part itself.
import { runPart } from '../../../core/config/run-part.mjs';

await runPart('computation-thread', () => import('./computation-thread.process.ts'));
