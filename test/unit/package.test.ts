import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import * as z from 'zod';
import { packageRoot } from '../../src/core/config/root.ts';

const lockSchema = z.object({ packages: z.record(z.string(), z.object({ hasInstallScript: z.boolean().optional() })) });

it('package-lock.json keeps npm 10 from running the install script of onnxruntime-node', () => {
  const text = readFileSync(path.join(packageRoot, 'package-lock.json'), 'utf8');
  const entry = lockSchema.parse(JSON.parse(text)).packages['node_modules/onnxruntime-node'];
  expect(entry, 'RELEASING.md says what to do').toEqual({});
});
