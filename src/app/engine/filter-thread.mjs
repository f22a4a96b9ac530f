// A worker thread cannot be started from TypeScript on Node 20, not even under tsx: this stub registers the loader first.
import { register } from 'tsx/esm/api';

register();
await import('./filter-thread.ts');
