// The thread starts here if the sources run. The built program starts the built part instead.
import { runPart } from '../../config/run-part.mjs';

await runPart('filter-thread', () => import('./filter-thread.ts'));
