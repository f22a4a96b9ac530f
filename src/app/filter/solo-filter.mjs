// As filter-thread.mjs: a program of its own, which tsx has to be registered in.
import { register } from 'tsx/esm/api';

register();
await import('./solo-filter.ts');
