import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { cardFor } from '../../../../../src/core/collection/cards/model-card.process.ts';
import { openSession, verifyModelFile, type SessionOptions } from '../../../../../src/core/platform/onnx/session.ts';
import { sha256Of } from '../../../../support/sha256.ts';
import { testFolder } from '../../../../support/test-app.ts';

async function options(changes: Partial<SessionOptions> = {}): Promise<SessionOptions> {
  const card = await cardFor('efficientnet-lite0');
  const { path: file, sha256, input, outputs } = card;
  return {
    file,
    sha256,
    inputName: input.name,
    outputs: [{ name: outputs.logits ?? '' }],
    size: input.size,
    ...changes,
  };
}

async function modelFile(bytes: Buffer): Promise<Pick<SessionOptions, 'file' | 'sha256'>> {
  const file = path.join(await testFolder(), 'model.onnx');
  await writeFile(file, bytes);
  return { file, sha256: sha256Of(bytes) };
}

describe('an ONNX session', () => {
  it('gives one row of logits for each crop, the same alone as together', async () => {
    const session = await openSession(await options());
    onTestFinished(() => session.close());
    const values = 3 * 224 * 224;
    const tensor = Float32Array.from({ length: 3 * values }, (_, i) => Math.sin(i / 7 + Math.floor(i / values)));
    const rows = (await session.run(tensor, 3)).flat();
    expect(rows.map((row) => row.length)).toEqual([1000, 1000, 1000]);
    for (const [i, row] of rows.entries()) {
      const [[alone = row] = []] = await session.run(tensor.slice(i * values, (i + 1) * values), 1);
      const largest = alone.reduce((most, logit, at) => Math.max(most, Math.abs(logit - (row[at] ?? Number.NaN))), 0);
      expect(largest).toBeLessThan(1e-4);
      // A copy, because the next run must not write into it.
      expect(row.buffer.byteLength).toBe(4_000);
    }
    expect(rows[0]).not.toEqual(rows[1]);
  });

  it('gives what the last linear layer takes, also if the graph does not list it as an output', async () => {
    const inputOf = 'input of logits';
    const listed = await openSession(await options({ outputs: [{ name: 'features' }, { name: inputOf }] }));
    onTestFinished(() => listed.close());
    const pixels = Float32Array.from({ length: 3 * 224 * 224 }, (_, i) => Math.sin(i / 7));
    const [[features, same] = []] = await listed.run(pixels, 1);
    expect(features?.length).toBe(1280);
    expect(same).toEqual(features);

    const { path: file, sha256, input } = await cardFor('resnet50-structure');
    const resnet = { file, sha256, inputName: input.name };
    const plain = await openSession(await options({ ...resnet, outputs: [{ name: 'logits' }] }));
    onTestFinished(() => plain.close());
    const both = await openSession(await options({ ...resnet, outputs: [{ name: '*' }, { name: 'input of *' }] }));
    onTestFinished(() => both.close());
    expect(both.outputs).toMatchObject([
      { name: 'logits', shape: ['batch', 1000] },
      { name: '/Flatten_output_0', shape: ['batch', 2048] },
    ]);
    const [[logits, inner] = []] = await both.run(pixels, 1);
    expect(inner?.length).toBe(2048);
    expect([[logits]]).toEqual(await plain.run(pixels, 1));
  });

  it('refuses features of a graph whose last layer is not linear', async () => {
    const named = (output: string) => options({ outputs: [{ name: `input of ${output}` }] });
    await expect(openSession(await named('feature_map'))).rejects.toMatchObject({
      code: 'model-names',
      message: expect.stringMatching(
        /^Expected a linear layer \(Gemm or MatMul\) before the output 'feature_map' in the model '.*' but there is the operator \w+;/,
      ),
    });
    await expect(openSession(await named('nothing'))).rejects.toMatchObject({
      message: expect.stringContaining('but there is no such output'),
    });
  });

  it('refuses a file with another hash than its card says', async () => {
    const { file } = await options();
    const cut = (await readFile(file)).subarray(0, 1_000_000);
    const { file: cutFile } = await modelFile(cut);
    await expect(openSession(await options({ file: cutFile }))).rejects.toMatchObject({
      name: 'StopTheRun',
      code: 'model-sha256',
      message: expect.stringMatching(
        /^Expected sha256 c5d9f\w+ for the model '.*model\.onnx' but its 1000000 bytes have/,
      ),
    });
  });

  it('refuses a file that is not a model although its hash is right', async () => {
    const { file } = await options();
    const cut = (await readFile(file)).subarray(0, 100_000);
    for (const bytes of [cut, Buffer.from('<html>not found</html>'), Buffer.alloc(0)]) {
      await expect(openSession(await options(await modelFile(bytes)))).rejects.toMatchObject({
        name: 'StopTheRun',
        code: 'model-invalid',
        message: expect.stringContaining('model.onnx'),
      });
    }
  });

  it('refuses names that the model does not have, and says which it has', async () => {
    await expect(openSession(await options({ outputs: [{ name: 'scores' }] }))).rejects.toMatchObject({
      code: 'model-names',
      message: expect.stringMatching(/output 'scores'.*inputs image and outputs .*logits/),
    });
    await expect(openSession(await options({ inputName: 'picture' }))).rejects.toMatchObject({ code: 'model-names' });
  });

  it('reports a missing file', async () => {
    const { sha256 } = await options();
    await expect(verifyModelFile('/nowhere/model.onnx', sha256)).rejects.toMatchObject({
      name: 'StopTheRun',
      code: 'model-unreadable',
      message: expect.stringMatching(/'\/nowhere\/model\.onnx'.*ENOENT/),
    });
  });
});
