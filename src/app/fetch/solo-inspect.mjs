// See engine/filter-thread.mjs: this program must register tsx as well.
import { register } from 'tsx/esm/api';

register();
await import('./solo-inspect.ts');
