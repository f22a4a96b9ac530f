import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { repositoryRoot } from '../winnow.ts';
import type { NotRun } from './blocks.ts';

export interface Example {
  readonly place: string;
  readonly command: string;
  readonly mark: NotRun | null;
}

/** Why examples of `--help` are not run: that text has no place for marks. The first pattern that fits counts. */
const NOT_RUN_EXAMPLES: readonly (readonly [RegExp, NotRun])[] = [
  [/^HF_TOKEN=/, 'key'],
  [/s3:\/\/|postgres:\/\/|systemctl|0\.0\.0\.0/, 'service'],
  [/--source inaturalist/, 'network'],
  [/models pull|clip-|siglip|resnet18/, 'weights'],
  [/^winnow demo/, 'minutes'],
  [
    /--snapshot|jays\.txt|my-source\.mjs|export diff|sessions end|project-1|exported\/|\.onnx|vit\.|imagenet-o|mine|lite1-a|models remove|collection forget|--draw|\| jq/,
    'own',
  ],
];

/** The examples of all commands, without what is behind three spaces: a remark. */
export function helpExamples(): readonly Example[] {
  const root = path.join(repositoryRoot, 'src');
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => /^(?:demo|[a-z]+\/cli\/.*)\.ts$/.test(name))
    .toSorted()
    .flatMap((name) => {
      const source = readFileSync(path.join(root, name), 'utf8');
      const blocks = [...source.matchAll(/Examples?:\n((?: {2}\S.*\n)+)/g)].flatMap(([, lines = '']) =>
        lines.split('\n'),
      );
      return blocks
        .map((line) => line.trim().split(/ {3,}(?=\w)/)[0] ?? '')
        .filter((command) => command !== '')
        .map((command) => ({ place: `src/${name}`, command, mark: markOf(command) }));
    });
}

function markOf(command: string): NotRun | null {
  return NOT_RUN_EXAMPLES.find(([pattern]) => pattern.test(command))?.[1] ?? null;
}
