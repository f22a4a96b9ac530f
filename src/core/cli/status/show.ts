import type { Command } from 'commander';
import type { App } from '../../runtime/open/app.process.ts';
import { loadClassTable } from '../../collection/class-table.process.ts';
import { candidateTexts, decisionText, photoTexts, whyText } from '../../status/story-text.ts';
import { readClassNames, readStories, type Story, type StoryKey } from '../../status/story.repository.ts';
import type { StoryReview } from '../../status/not-counting.repository.ts';
import { NOT_COUNTING_TEXT } from '../../status/not-counting.ts';
import { UsageError } from '../../kernel/errors.ts';
import { groupBy } from '../../kernel/group-by.ts';
import { oneLine } from '../../kernel/printable.ts';
import { linesText, nonEmpty, writeResult } from '../text/output.ts';
import { addCommand, runCommand, withApp, type CommandContext } from '../start/context.ts';

export function addShowCommand(program: Command): void {
  addCommand(
    program,
    'show',
    'Tell the whole story of one photo: where it was found, its rights, what the models said, what was decided and reviewed',
  )
    .argument('<photo>', 'a SHA-256 of the photo or of its exported file (8 digits or more of it), or SOURCE:ID')
    .addHelpText(
      'after',
      "\nExamples:\n  winnow show 1f0c8a2e\n  winnow show 'folder:n02129165/lion.jpg@1f0c8a2e5d6b7c80' --json\n",
    )
    .run(async (flags, text: string) => {
      const show = (context: CommandContext): Promise<void> => {
        const key = keyOf(text);
        return withApp(context, { name: 'show', access: 'read' }, async (app) => {
          const stories = await readStories(app.db, key);
          const [story] = stories;
          if (story === undefined)
            throw new UsageError(`No photo or picture in the catalogue matches '${text}'. ${WHERE_IDS_ARE}`, {
              code: 'unknown-photo',
            });
          if (stories.length > 1)
            throw new UsageError(
              `Several photos begin with '${text}': ${stories.map((one) => (one.photo ?? one.reviews[0])?.sha256.slice(0, 16)).join(', ')}; give more digits`,
              { code: 'ambiguous-photo' },
            );
          const shown = context.collection === null ? story : storyFor(context.collection.name, story);
          await writeResult(flags, shown, async () => storyText(shown, await classNames(app)));
        });
      };
      await runCommand(flags, show, { collection: 'named' });
    });
}

/** With `--collection`: what other collections decided and their reviewers said is left out. */
function storyFor(collection: string, story: Story): Story {
  const isOfIt = (one: { readonly collection: string }): boolean => one.collection === collection;
  return { ...story, decisions: story.decisions.filter(isOfIt), reviews: story.reviews.filter(isOfIt) };
}

const WHERE_IDS_ARE =
  '`winnow candidates` lists the ids of all photos, `winnow shortlist --format csv` those of the listed ones, and the name of an exported picture begins with one.';

function keyOf(text: string): StoryKey {
  if (/^[0-9a-f]{8,64}$/i.test(text)) return { sha256Prefix: text.toLowerCase() };
  const colon = text.indexOf(':');
  if (colon > 0) return { source: text.slice(0, colon), sourceId: text.slice(colon + 1) };
  throw new UsageError(
    `'${text}' is not the id of a photo: a SHA-256 (8 hex digits or more) or SOURCE:ID. ${WHERE_IDS_ARE}`,
    {
      code: 'photo-key',
    },
  );
}

async function classNames({ db }: App): Promise<(wnid: string) => string> {
  const { byWnid } = await loadClassTable();
  const own = await readClassNames(db, byWnid);
  return (wnid) => {
    // The name of a concept without a WordNet id is its id.
    const isConcept = wnid !== '' && !/^n\d{8}$/.test(wnid);
    const name = own.get(wnid) ?? byWnid.get(wnid)?.name ?? (isConcept ? null : 'unknown class');
    return name === null ? `'${wnid}'` : `${name} (${wnid === '' ? "''" : wnid})`;
  };
}

const indented = (text: string): string => `  ${text}`;

function storyText(
  { photo, candidates, decisions, evidence, reviews }: Story,
  nameOf: (wnid: string) => string,
): string {
  const lines: string[] = [];
  if (photo !== null) {
    lines.push(`photo ${photo.sha256}`, ...photoTexts(photo).map(indented));
  }
  for (const candidate of candidates) {
    const [first = '', ...others] = candidateTexts(candidate, nameOf);
    lines.push(first, ...others.map(indented));
  }
  lines.push(
    ...decisions.map((decision) => decisionText(decision, nameOf)),
    ...reviews.map((review) => reviewText(review, nameOf)),
    ...evidenceLines(evidence, nameOf),
  );
  return linesText(lines.map(oneLine));
}

/** Grouped by class list, because the top class among 1,000 need not be the top among 200. */
function evidenceLines(evidence: Story['evidence'], nameOf: (wnid: string) => string): string[] {
  return [...groupBy(evidence, ({ classList }) => classList)].flatMap(([classList, crops]) => {
    const whose = crops[0]?.collections ?? [];
    const of = whose.length === 0 ? 'that no collection uses now' : `of ${whose.join(', ')}`;
    return [
      `evidence over the classes ${of} (list ${classList.slice(0, 12)}):`,
      ...crops.map(({ model, executionProvider, crop, top1, pTop1, pTrue, decides }) => {
        const provider = executionProvider === 'imported' ? ' (imported)' : ` on ${executionProvider}`;
        const where = executionProvider === 'cpu' ? '' : provider;
        const probs = Object.entries(pTrue).map(([wnid, p]) => `p(${nameOf(wnid)}) ${p.toFixed(4)}`);
        const decided = decides.map(({ collection, wnid }) => `${collection}, ${wnid}`).join('; ');
        return `  ${model}${where} crop ${crop}: ${[`${nameOf(top1)} ${pTop1.toFixed(4)}`, ...probs].join(', ')}${decided === '' ? '' : `  <- decides ${decided}`}`;
      }),
    ];
  });
}

function reviewText(review: StoryReview, nameOf: (wnid: string) => string): string {
  const { collection, wnid, sha256, state, reason, decidedBy, reviews, whyNot } = review;
  const said = reviews.map((one) => `${one.reviewer}: ${one.verdict}`).join(', ');
  return nonEmpty([
    `review for ${collection}, ${nameOf(wnid)}: ${state}${whyText({ reason, detail: null })}`,
    decidedBy === 'adjudication' && 'by adjudication',
    said,
    whyNot !== null && NOT_COUNTING_TEXT[whyNot],
    whyNot === 'taken-down' && `photo ${sha256}`,
  ]).join(', ');
}
