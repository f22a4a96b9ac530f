// See filter-thread.mjs: this thread must register tsx as well.
import { register } from 'tsx/esm/api';

register();
await import('./computation-thread.ts');
