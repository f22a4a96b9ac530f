import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startPhotoServer } from '../support/photo-server.ts';
import { repositoryRoot, winnow, withFolder } from '../support/winnow.ts';

const BUNDLED = path.join(repositoryRoot, 'assets/models/efficientnet-lite0.onnx');

/** A project with a card of the bundled model under another name, and a mirror on loopback that has its file. */
async function projectWithMirror(cwd: string, change: (card: string) => string): Promise<readonly string[]> {
  const model = await readFile(BUNDLED);
  const server = await startPhotoServer((_request, response) =>
    response.writeHead(200, { 'content-length': model.length }).end(model),
  );
  onTestFinished(() => server.close());
  const card = await readFile(path.join(repositoryRoot, 'config/models/efficientnet-lite0.yaml'), 'utf8');
  const own = card.replace('name: efficientnet-lite0', 'name: mine').replace('file: assets/models/', 'file: own/');
  await mkdir(path.join(cwd, 'config/models'), { recursive: true });
  await writeFile(path.join(cwd, 'config/models/mine.yaml'), change(own));
  return ['--set', `models.mirrors=["${server.origin}"]`];
}

describe('winnow models pull', () => {
  it('prints the accuracy on the sample photos, as text and as JSON', async () => {
    await withFolder(async (cwd) => {
      const mirror = await projectWithMirror(cwd, (card) => card);
      const pulled = await winnow(['models', 'pull', 'mine', '--json', ...mirror], { cwd });
      expect(pulled, pulled.stderr).toMatchObject({ code: 0 });
      const { trial } = JSON.parse(pulled.stdout);
      expect(trial).toMatchObject({ photos: 32, measured: 32, verdict: 'ok' });
      expect(trial.right).toBeGreaterThan(16);
      const again = await winnow(['models', 'pull', 'mine', ...mirror], { cwd });
      expect(again.stdout).toMatch(/already there.*`winnow models verify mine` tries it on sample photos/);
      const shown = await winnow(['models', 'show', 'mine'], { cwd });
      expect(shown.stdout).toMatch(/^ {2}page +https:\/\/\S+ \(documents its preprocessing\)$/m);
    });
  });

  it('says what was seen of a model whose card reads pictures wrongly, and what to do', async () => {
    await withFolder(async (cwd) => {
      const wrong = (card: string) => card.replace('mean: [127, 127, 127]', 'mean: [1000000, 1000000, 1000000]');
      const mirror = await projectWithMirror(cwd, wrong);
      const pulled = await winnow(['models', 'pull', 'mine', ...mirror], { cwd });
      expect(pulled).toMatchObject({
        code: 1,
        stdout: '',
        stderr: expect.stringMatching(
          /'mine' .*(chance: \d of 32|finite|same values).*compare .* in config\/models\/mine\.yaml with https:\/\/.*kept as 'own\/efficientnet-lite0\.onnx\.part'/,
        ),
      });
      await writeFile(
        path.join(cwd, 'config/models/mine.yaml'),
        (await readFile(path.join(cwd, 'config/models/mine.yaml'), 'utf8')).replace(
          /mean: \[.*?\]/,
          'mean: [127, 127, 127]',
        ),
      );
      const corrected = await winnow(['models', 'pull', 'mine', ...mirror], { cwd });
      expect(corrected.stdout).toMatch(
        /^mine: 9,308,152 bytes downloaded by an earlier call, sha256 as its card says, \d\d of 32 sample photos right \(by chance: 0\.03\): own\//,
      );
    });
  });
});
