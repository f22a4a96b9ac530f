import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeExport } from '../support/made-export.ts';
import { until } from '../support/until.ts';
import { startWinnow, winnow, withFolder } from '../support/winnow.ts';

describe('winnow verify', () => {
  it('passes an export from a folder without data, and reports each breach in a line of its own', async () => {
    await withFolder(async (cwd) => {
      await makeExport(path.join(cwd, 'set'));
      const good = await winnow(['verify', 'set', '--json'], { cwd });
      expect(good, good.stderr).toMatchObject({ code: 0 });
      expect(JSON.parse(good.stdout)).toMatchObject({ ok: true, photos: 5, skipped: [], breaches: [] });

      await writeFile(path.join(cwd, 'set/stray\u001b.txt'), 'x');
      const bad = await winnow(['verify', 'set', '--sample', '1'], { cwd });
      expect(bad, bad.stderr).toMatchObject({ code: 1 });
      expect(bad.stdout.split('\n')).toEqual([
        String.raw`stray-file  stray\u001b.txt: Expected only files of SHA256SUMS but it does not list this one`,
        expect.stringContaining('stray-file  stray'),
        'skipped  rule: --sample 1: recomputed for 1 of 5 photos',
        expect.stringMatching(/^not ok: 5 photos, \d+ kinds of checks, 2 breaches$/),
        '',
      ]);
    });
  });

  it('refuses what is no export, with the exit code of wrong usage', async () => {
    await withFolder(async (cwd) => {
      const cases = [
        { args: ['nowhere'], says: 'No such folder: nowhere. Give the folder that `winnow export --out` made' },
        { args: ['.'], says: "There is no protocol.json in '.', so it is no export of winnow" },
        { args: ['.', '--sample', 'some'], says: "Expected a whole number from 0 to 999999999 but received 'some'" },
      ];
      for (const { args, says } of cases) {
        const result = await winnow(['verify', ...args], { cwd });
        expect(result).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(says) });
      }
    });
  });

  it('ends with 130 after Ctrl-C', async (context) => {
    if (process.platform !== 'linux') context.skip('only Linux shows which libraries a process has loaded');
    await withFolder(async (cwd) => {
      await makeExport(path.join(cwd, 'set'));
      const running = startWinnow(['verify', 'set', '--json'], { cwd });
      let heard = '';
      running.child.stderr?.on('data', (text) => (heard += String(text)));
      // The library of ONNX Runtime is loaded when the models are, just before the first photo.
      const libraries = `/proc/${running.child.pid}/maps`;
      await until(async () => (await readFile(libraries, 'utf8').catch(() => '')).includes('onnxruntime'));
      running.killGroup('SIGINT');
      const { code, stdout } = await running.result;
      expect({ code, stdout }).toEqual({ code: 130, stdout: '' });
      expect(heard).toContain('finishing');
    });
  });
});
