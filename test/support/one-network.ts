import path from 'node:path';
import { repositoryRoot } from './winnow.ts';

/** The file of a collection like `demo`, with one network instead of two. */
export const ONE_NETWORK = path.join(repositoryRoot, 'test', 'fixtures', 'collections', 'one-network.yaml');
