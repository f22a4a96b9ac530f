import { copyFile, mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { PhotoRow } from '../../src/core/export/select/photo-row.ts';
import type { Split } from '../../src/core/export/select/select.ts';
import { sorted, type Copy, type Damage } from '../integration/core/export/damages.ts';

/** Damages to what people said and to controls. All hashes are made right again, so that only the content shows them. */
export const QUALITY_DAMAGES: readonly Omit<Damage, 'mode' | 'needsModels'>[] = [
  {
    title: 'a photo that both people rejected, as accepted by them',
    check: 'metadata',
    file: /^decisions\.csv$/,
    detail: /Expected the state 'accepted' of 92fea.* n03160309, as its reviews give it/,
    change: async (copy) => editDecisions(copy, (line) => line.replace(/,reject,wrong-class,/, ',accept,,')),
  },
  {
    title: 'a smaller label error',
    check: 'count',
    file: /^protocol\.json$/,
    detail: /Expected review\.acceptance\.labelErrorHigh 0, as decisions\.csv gives it/,
    change: async (copy) =>
      copy.editProtocol(({ review }) => ({
        review: { ...review, acceptance: { ...review.acceptance, labelErrorHigh: 0.01 } } as typeof review,
      })),
  },
  {
    title: 'a look at a review that is not complete',
    check: 'count',
    file: /^protocol\.json$/,
    detail: /Expected review\.acceptance\.unfinished 1, as decisions\.csv gives it, but received 0/,
    change: async (copy) => {
      // The second of the two people who accepted the last photo of the set has said nothing.
      await copy.edit('decisions.csv', (text) => {
        const lines = text.split('\n');
        const second = lines.findLastIndex((line) => line.includes(',2,accept,') && line.endsWith(',test'));
        return lines.filter((_, i) => i !== second).join('\n');
      });
      await copy.seal();
    },
  },
  {
    title: 'a person who is better in the quiz than the answers say',
    check: 'count',
    file: /^protocol\.json$/,
    detail: /Expected the accuracy and interval 0, .* of C, as 0 right of 2 give them, but received 0\.9/,
    change: async (copy) =>
      copy.editProtocol(({ review }) => {
        const people = review.human?.people.map((one) => ({ ...one, accuracy: 0.9 }));
        return { review: { ...review, human: { ...review.human, people } } as typeof review };
      }),
  },
  {
    title: 'a further class that nobody named',
    check: 'metadata',
    file: /^decisions\.csv:2$/,
    detail: /Expected the also_wnids 'n01440764'.*but received 'n01443537'/,
    change: async (copy) => copy.editRow(0, () => ({ also_wnids: ['n01440764'] })),
  },
  {
    title: 'a control moved to the set',
    check: 'rule',
    file: /^test\/metadata\.jsonl:\d+$/,
    detail: /Expected a max_true_prob of at most the threshold 0\.15/,
    change: async (copy) => move(copy, 'control', 'test'),
  },
  {
    title: 'a photo of the set as a control',
    check: 'metadata',
    file: /^decisions\.csv:2$/,
    detail: /Expected a photo of test\/metadata\.jsonl but 6e75de71bac899ff/,
    change: async (copy) => move(copy, 'test', 'control'),
  },
  {
    title: 'a control without its file',
    check: 'missing-file',
    file: /^control\/n/,
    detail: /Expected the photo of a row of control\/metadata\.jsonl but there is none/,
    change: async (copy) => rm(copy.of(`control/${(await first(copy, 'control')).file_name}`)),
  },
  {
    title: 'a control without its row',
    check: 'metadata',
    file: /^decisions\.csv:6$/,
    detail: /Expected a photo of control\/metadata\.jsonl but 93e87064a121413b/,
    change: async (copy) => copy.editRows((rows) => rows.slice(1), 'control'),
  },
  {
    title: 'a control that its row puts into the set',
    check: 'metadata',
    file: /^control\/metadata\.jsonl:1$/,
    detail: /Expected the split 'control' but received 'test'/,
    change: async (copy) => editFirst(copy, { split: 'test' }),
  },
  {
    title: 'a control that decisions.csv puts into the set',
    check: 'metadata',
    file: /^decisions\.csv:6$/,
    detail: /Expected a photo of test\/metadata\.jsonl but 93e87064a121413b/,
    change: async (copy) => editDecisions(copy, (line) => line.replace(/,control$/, ',test')),
  },
  {
    title: 'a control that the models take for another class',
    check: 'rule',
    file: /^control\/metadata\.jsonl:1$/,
    detail: /the prediction is 'n01440764' and not 'n03160309'/,
    change: async (copy) => editFirst(copy, { predicted_wnid: 'n01440764' }),
  },
  {
    title: 'more accepted controls than decisions.csv has',
    check: 'count',
    file: /^protocol\.json$/,
    detail: /Expected 4 accepted controls, as decisions\.csv has them, but received 9/,
    change: async (copy) =>
      copy.editProtocol(({ control }) => ({ control: { ...control, accepted: 9 } as typeof control })),
  },
  {
    title: 'the picture of another control',
    check: 'metadata',
    file: /^control\/n/,
    detail: /Expected the SHA-256 93e87064.* of its row but the file has a2135049/,
    change: async (copy) => {
      const [one, other] = await copy.rows('control');
      await copyFile(copy.of(`control/${other?.file_name}`), copy.of(`control/${one?.file_name}`));
      await copy.seal();
    },
  },
];

async function first(copy: Copy, split: Split): Promise<PhotoRow> {
  const [row] = await copy.rows(split);
  if (row === undefined) throw new Error(`Expected a photo in ${split}/`);
  return row;
}

async function editFirst(copy: Copy, changes: Partial<PhotoRow>): Promise<void> {
  await copy.editRows(([row, ...rest]) => [{ ...row, ...changes } as PhotoRow, ...rest], 'control');
}

/** Changes lines of decisions.csv. */
async function editDecisions(copy: Copy, change: (line: string) => string): Promise<void> {
  await copy.edit('decisions.csv', (text) => text.split('\n').map(change).join('\n'));
  await copy.seal();
}

/** Moves the first photo of one folder to the other, with its row. */
async function move(copy: Copy, from: Split, to: Split): Promise<void> {
  const row = await first(copy, from);
  const forged = to === 'control' ? { predicted_wnid: row.wnid, predicted_prob: row.max_true_prob ?? 0 } : {};
  await mkdir(path.dirname(copy.of(`${to}/${row.file_name}`)), { recursive: true });
  await rename(copy.of(`${from}/${row.file_name}`), copy.of(`${to}/${row.file_name}`));
  await copy.editRows(([, ...rest]) => rest, from);
  await copy.editRows((rows) => sorted([...rows, { ...row, ...forged, split: to }]), to);
}
