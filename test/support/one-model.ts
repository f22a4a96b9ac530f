import path from 'node:path';
import { repositoryRoot } from './winnow.ts';

/** The file of a collection like `demo`, with one model instead of two. */
export const ONE_MODEL = path.join(repositoryRoot, 'test', 'fixtures', 'collections', 'one-model.yaml');
