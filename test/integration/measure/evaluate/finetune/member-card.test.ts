import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { memberCard } from '../../../../../src/core/collection/cards/model-card.process.ts';
import { testFolder } from '../../../../support/test-app.ts';

/** A working folder in which `mine` is a head over that model. */
async function withHead(backbone: string): Promise<string> {
  const folder = await testFolder();
  const head = { file: 'mine.head.safetensors', sha256: '0'.repeat(64), bytes: 1 };
  const card = { name: 'mine', backbone, head, licence: 'CC0-1.0', source: 'this test', trained: true };
  const local = path.join(folder, 'config/local/models/mine');
  await mkdir(local, { recursive: true });
  await writeFile(path.join(local, 'card.yaml'), JSON.stringify({ ...card, classes: 'imagenet-a' }));
  return folder;
}

const heads = (name: string, backbone: string) => ({ heads: new Map([[name, { backbone, classes: 'imagenet-a' }]]) });

it('a member that is a head over another model than the collection declares is refused', async () => {
  const folder = await withHead('efficientnet-lite0');
  expect(await memberCard('mine', heads('mine', 'efficientnet-lite0'), folder)).toMatchObject({
    name: 'mine',
    backbone: 'efficientnet-lite0',
  });
  await expect(memberCard('mine', heads('mine', 'efficientnet-lite1'), folder)).rejects.toMatchObject({
    code: 'other-backbone',
    message: expect.stringMatching(
      /^Expected a head over 'efficientnet-lite1' for the member 'mine', .* \(config\/local\/models\/mine\/card\.yaml\) is a head over 'efficientnet-lite0'\. .*: winnow models remove mine, then winnow finetune --backbone efficientnet-lite1 --train DIR --classes imagenet-a --name mine$/,
    ),
  });
  const whole = memberCard('efficientnet-lite2', heads('efficientnet-lite2', 'efficientnet-lite1'), folder);
  await expect(whole).rejects.toThrow(/efficientnet-lite2\.yaml\) is not a head\. /);
});

it('a fitted head whose backbone has no card is not called a head to fit: the error names the backbone', async () => {
  const folder = await withHead('gone');
  await expect(memberCard('mine', heads('mine', 'gone'), folder)).rejects.toMatchObject({
    code: 'bad-model-card',
    message: expect.stringMatching(
      /^The head 'mine' \(config\/local\/models\/mine\/card\.yaml\) needs its backbone 'gone', which has no model card\. /,
    ),
  });
  await expect(memberCard('other', heads('other', 'gone'), folder)).rejects.toMatchObject({ code: 'head-to-fit' });
});
