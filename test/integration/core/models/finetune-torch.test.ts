import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { runOnPictures } from '../../../../src/core/filter/engine/run-backbone.process.ts';
import { addModel } from '../../../../src/core/models/library/add.process.ts';
import { cardFor } from '../../../../src/core/collection/cards/model-card.process.ts';
import { packageRoot } from '../../../../src/core/config/root.ts';
import { sha256Of } from '../../../support/sha256.ts';
import { until } from '../../../support/until.ts';
import { testFolder } from '../../../support/test-app.ts';

/** A Python with scripts/interop/requirements.txt, which `npm run test:interop` installs. */
const PYTHON = process.env['WINNOW_INTEROP_PYTHON'] ?? '';
const WITHOUT_PYTHON = 'WINNOW_INTEROP_PYTHON names no Python (npm run test:interop installs one)';
const SCRIPT = path.join(packageRoot, 'scripts', 'finetune_torch.py');
const SAMPLES = path.join(packageRoot, 'test', 'fixtures', 'samples', 'photos');
const WNIDS = ['n01440764', 'n01443537'];
/** For the import of PyTorch, on a busy machine. */
const TIMEOUT_MS = 900_000;

const run = promisify(execFile);

it(
  'a network that finetune_torch.py trained is a model of winnow, by its card and by models add',
  { timeout: TIMEOUT_MS },
  async (context) => {
    context.skip(PYTHON === '', WITHOUT_PYTHON);
    const folder = await testFolder();
    for (const wnid of WNIDS) await cp(path.join(SAMPLES, wnid), path.join(folder, 'train', wnid), { recursive: true });
    const sizes = [
      '--model',
      'shufflenet_v2_x0_5',
      '--weights',
      'none',
      '--batch',
      '3',
      '--epochs',
      '2',
      '--workers',
      '0',
    ];
    const train = (...flags: readonly string[]) =>
      run(PYTHON, [SCRIPT, '--train', 'train', '--val', 'train', ...sizes, ...flags], { cwd: folder });
    const { stdout } = await train('--name', 'trained');
    expect(stdout).toContain('epoch 2 of 2: loss');
    const local = path.join(folder, 'config', 'local', 'models');
    expect(await readdir(local)).toEqual(['trained']);

    const card = await cardFor('trained', folder);
    const [, flags = ''] = /models add (.*)/.exec(stdout) ?? [];
    const flag = (name: string): string => new RegExp(`--${name} (\\S+)`).exec(flags)?.[1] ?? '';
    await addModel({
      file: flags.split(' ')[0] ?? '',
      given: {
        name: 'added',
        classes: flag('classes'),
        normalise: flag('normalise'),
        resize: Number(flag('resize')),
      },
      // After two epochs it knows nothing.
      allowChance: true,
      inPlace: false,
      ask: null,
      workingDir: folder,
    });
    const added = await cardFor('added', folder);
    const facts = ({ sha256, resize, normalise, outputs }: typeof card) => ({
      sha256,
      resize,
      normalise,
      outputs: { ...outputs, values: outputs.values ?? 'logits' },
    });
    expect(facts(added)).toEqual(facts(card));

    const [photo = ''] = await readdir(path.join(SAMPLES, WNIDS[0] ?? ''));
    const bytes = await readFile(path.join(SAMPLES, WNIDS[0] ?? '', photo));
    const given = runOnPictures({
      card,
      outputs: ['logits', 'features'],
      pictures: [{ sha256: sha256Of(bytes), bytes }],
      crops: [4],
      threads: 1,
      cropsPerPass: 1,
      signal: new AbortController().signal,
    });
    for await (const { outputs } of given)
      expect(outputs).toMatchObject({ problem: null, crops: [{ logits: { length: 2 }, features: { length: 1024 } }] });

    const interrupted = train('--name', 'cut', '--epochs', '1000');
    interrupted.catch(() => undefined);
    const checkpoint = path.join(local, '.cut.partial', 'checkpoint.pt');
    await until(() => existsSync(checkpoint) || interrupted.child.exitCode !== null, TIMEOUT_MS);
    interrupted.child.kill('SIGKILL');
    await expect(interrupted).rejects.toMatchObject({ signal: 'SIGKILL' });
    await expect(train('--name', 'cut', '--epochs', '1000', '--lr', '0.5')).rejects.toMatchObject({
      code: 2,
      stderr:
        "'config/local/models/.cut.partial/checkpoint.pt' is of another training (lr 0.01, not 0.5); repeat that command, or remove the file\n",
    });

    await expect(train('--name', 'trained')).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining("Expected a new name for --name but 'config/local/models/trained' exists"),
    });
    await expect(train('--name', 'x', '--classes', 'nothing.txt')).rejects.toMatchObject({
      code: 2,
      stderr: "Expected imagenet-a, imagenet-o or a file for --classes but received 'nothing.txt'\n",
    });
  },
);
