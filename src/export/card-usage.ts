import { countOf } from '../ui/shared/texts.ts';
import type { WrittenFile } from './output-folder.process.ts';
import type { Protocol } from './protocol.ts';

const python = (...lines: readonly string[]): string => ['```python', ...lines, '```'].join('\n');
const shell = (...lines: readonly string[]): string => ['```sh', ...lines, '```'].join('\n');

/** How to load the set with the usual libraries. Code for the other forms is there if they were written. */
export function loadingSection(protocol: Protocol, files: readonly WrittenFile[]): string {
  const { pixels, formats } = protocol.options;
  const parts = pixels ? [FOLDER] : [LINKS];
  const shards = files.filter(({ path }) => /^shards\/test-\d{6}\.tar$/.test(path)).length;
  if (formats.includes('webdataset') && shards > 0) parts.push(webDataset(shards));
  if (formats.includes('parquet')) parts.push(PARQUET);
  if (formats.includes('coco'))
    parts.push('`annotations/coco.json` has the set for COCO tools, with the licence of each photo.');
  return `## Load it\n\n${[...parts, ALWAYS].join('\n\n')}`;
}

const FOLDER = `In the folder of the set:

${python(
  '# torchvision: the labels are the positions of the folders',
  'from torchvision.datasets import ImageFolder',
  'photos = ImageFolder("test")',
  '',
  '# Hugging Face datasets: with the names of the classes, the rights and the evidence of each photo',
  'from datasets import load_dataset',
  'photos = load_dataset(".", split="test")',
)}`;

const LINKS = `The set has no pictures. This fetches those that have an address in \`source_url\`, changes them as the set has them
(without metadata, or as PNG) and checks the SHA-256 of the files, or of the pixels of converted ones:

${shell('python fetch.py')}

Then \`ImageFolder("test")\` of torchvision reads what was fetched. Hugging Face datasets reads the lines about them:

${python('from datasets import load_dataset', 'photos = load_dataset(".", split="test")')}`;

function webDataset(shards: number): string {
  const last = String(shards - 1).padStart(6, '0');
  const names = shards === 1 ? 'test-000000.tar' : `test-{000000..${last}}.tar`;
  return `WebDataset, from ${countOf(shards, 'shard')}:

${python(
  'import webdataset',
  `photos = webdataset.WebDataset("shards/${names}", shardshuffle=False)`,
  'photos = photos.decode("pil").to_tuple("jpg", "json")',
)}`;
}

const PARQUET = `Parquet:

${python('from datasets import load_dataset', 'photos = load_dataset("parquet", data_files={"test": "data/test-*.parquet"}, split="test")')}`;

const ALWAYS =
  '`test/metadata.jsonl` has a line for each photo: class, source, creator, licence, hashes, and what the models say. ' +
  '`croissant.json` describes the set for programs.';

export function verifySection({ options }: Protocol): string {
  const models = options.pixels
    ? 'It reads every file again, compares the checksums, and, if the models are installed, computes again that the rule keeps each photo.'
    : 'It compares the checksums of the files. Without pictures it cannot compute the rule again.';
  return `## Verify it

${shell('sha256sum --check --quiet SHA256SUMS', 'winnow verify .')}

The first line checks the files. The second one needs winnow. ${models}`;
}
