// A process of the sources starts here. One of the built program starts with the built part itself.
import { runPart } from '../../config/run-part.mjs';

await runPart('engine-child', () => import('./engine-child.process.ts'));
