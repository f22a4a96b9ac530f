import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../../../src/core/config/root.ts';

describe('config/classes/wordnet.jsonl', () => {
  it('is what scripts/make-wordnet-table.ts generates from WordNet 3.0', async (context) => {
    if (!existsSync('/usr/share/wordnet/data.noun')) context.skip('the Debian package wordnet-base is not installed');
    const script = path.join(packageRoot, 'scripts/make-wordnet-table.ts');
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', script], {
      cwd: packageRoot,
      maxBuffer: 16e6,
    });
    expect(stdout).toBe(await readFile(path.join(packageRoot, 'config/classes/wordnet.jsonl'), 'utf8'));
  });
});
