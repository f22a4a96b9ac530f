// A thread of the sources starts here. A thread of the built program starts with the built part itself.
import { runPart } from '../../config/run-part.mjs';

await runPart('filter-thread', () => import('./filter-thread.process.ts'));
