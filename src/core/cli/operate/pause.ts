import { Argument, type Command } from 'commander';
import { recorded } from '../../runtime/activity/activity.repository.ts';
import { localActor } from '../../runtime/activity/local-actor.process.ts';
import type { App } from '../../runtime/open/app.process.ts';
import { sleepUnlessAborted } from '../../runtime/open/outage.process.ts';
import { endPauses, pauseStages, readPauses } from '../../collection/pause.repository.ts';
import { PAUSABLE_STAGES, pausesText, type PausableStage, type Pause } from '../../collection/pause.ts';
import { listText } from '../../kernel/texts.ts';
import { EXIT, linesText, plural, writeData, writeOut, writeResult } from '../text/output.ts';
import { addCommand, runCommand, runOnCollection, withApp, type CommandContext } from '../start/context.ts';
import { either, type GlobalFlags } from '../start/flags.ts';

interface PauseOrder extends GlobalFlags {
  readonly endWorkers: boolean;
  readonly wait: boolean;
  readonly stages: readonly PausableStage[];
  readonly collectionId: number | null;
}

type StageWord = PausableStage | 'all';

const WAIT_LOOK_MS = 1_000;

export function addPauseCommand(program: Command): void {
  addCommand(
    program,
    'pause',
    'Stop a stage from taking new work, in every process, until winnow unpause; jobs in flight finish',
  )
    .addArgument(stagesArgument())
    .flags({
      endWorkers: either(false, 'long-running workers (workers/) exit once their jobs in flight are done'),
      wait: either(false, 'return once nothing is in flight any more'),
    })
    .addHelpText(
      'after',
      `
A pause is stored in the catalogue. It holds for every process on every machine, also for those that start
later or again. Commands that are running say why they wait, and continue when the pause ends. With
--collection the pause is for that collection, otherwise for all. Pausing twice changes nothing.

  discover   queries at sources, and walks over folders, lists and dumps (up to their next page of photos)
  fetch      downloads: each connection finishes its current picture
  filter     models: the pages of 64 photos in flight are decided

These are not stages and do not wait: shortlist, prune, what-if --fill.
Workers that start after --end-workers wait like the others, so it is safe if a supervisor restarts them.

Examples:
  winnow pause fetch
  winnow pause filter --collection imagenet-a
  winnow pause all --end-workers --wait && systemctl stop postgresql
`,
    )
    .run(async (flags, words: readonly StageWord[]) => {
      await inCatalogue(flags, 'pause', (app, context, collectionId) =>
        pause(app, context, { ...flags, stages: stagesOf(words), collectionId }),
      );
    });
}

export function addUnpauseCommand(program: Command): void {
  addCommand(program, 'unpause', 'End a pause of a stage (winnow pause)')
    .addArgument(stagesArgument())
    .addHelpText(
      'after',
      `
Ends the pause that was made with the same arguments: without --collection the pause of all collections,
with it the pause of that collection. Stages that are not paused stay as they are. (winnow resume is
something else: it rebuilds the queues.)

Examples:
  winnow unpause all
  winnow unpause filter --collection imagenet-a
`,
    )
    .run(async (flags, words: readonly StageWord[]) => {
      await inCatalogue(flags, 'unpause', async (app, context, collectionId) => {
        const stages = stagesOf(words);
        const collection = context.collection?.name ?? null;
        const ended = await recorded(
          app.db,
          { ...localActor(), action: 'unpause', collection, detail: { stages }, resultOf: (all) => ({ ended: all }) },
          () => endPauses(app.db, { stages, collectionId }),
        );
        const pauses = await readPauses(app.db, collectionId);
        await writeResult(flags, { ended, pauses }, () => unpausedText({ stages, ended, pauses }));
      });
    });
}

function stagesArgument(): Argument {
  return new Argument('<stages...>', 'the stage').choices([...PAUSABLE_STAGES, 'all']);
}

function stagesOf(words: readonly StageWord[]): readonly PausableStage[] {
  return PAUSABLE_STAGES.filter((stage) => words.includes('all') || words.includes(stage));
}

async function inCatalogue(
  flags: GlobalFlags,
  name: string,
  action: (app: App, context: CommandContext, collectionId: number | null) => Promise<void | number>,
): Promise<void> {
  if (flags.collection === undefined) {
    await runCommand(flags, (context) =>
      withApp(context, { name, access: 'use' }, (app) => action(app, context, null)),
    );
  } else {
    await runOnCollection(flags, { name, access: 'use' }, ({ app, scope }, context) =>
      action(app, context, scope.collectionId),
    );
  }
}

async function giveOrder({ db }: App, order: PauseOrder, collection: string | null): Promise<void> {
  const { stages, collectionId, endWorkers } = order;
  const actor = localActor();
  await recorded(db, { ...actor, action: 'pause', collection, detail: { stages, endWorkers } }, () =>
    pauseStages(db, { stages, collectionId, by: actor.who, endWorkers }),
  );
}

async function pause(app: App, { signal, collection }: CommandContext, order: PauseOrder): Promise<number> {
  const { stages, collectionId, json } = order;
  await giveOrder(app, order, collection?.name ?? null);
  const ofOrder = async (): Promise<readonly Pause[]> => {
    const pauses = await readPauses(app.db, collectionId);
    return pauses.filter((one) => stages.includes(one.stage));
  };
  let pauses = await ofOrder();
  if (json !== true) await writeOut(pausesLine(pauses));
  if (order.wait) {
    while (!signal.aborted && !pauses.every(({ isDrained }) => isDrained)) {
      await sleepUnlessAborted(WAIT_LOOK_MS, signal);
      const before = handText(pauses);
      pauses = await ofOrder();
      if (handText(pauses) !== before) console.error(handText(pauses));
    }
    if (json !== true && !signal.aborted) await writeOut(`${handText(pauses)}\n`);
  }
  if (json === true) await writeData(`${JSON.stringify({ pauses })}\n`);
  return signal.aborted ? EXIT.interrupted : EXIT.done;
}

export function pausesLine(pauses: readonly Pause[]): string {
  return pauses.length === 0 ? '' : `${pausesText(pauses)}: ${handText(pauses)}\n`;
}

/** `draining, 3 jobs in flight (fetch)` or `drained` */
function handText(pauses: readonly Pause[]): string {
  if (pauses.every(({ isDrained }) => isDrained)) return 'drained, nothing is in flight';
  const busy = new Map<PausableStage, number>();
  for (const { stage, inHand } of pauses) busy.set(stage, Math.max(inHand, busy.get(stage) ?? 0));
  const parts = [...busy].filter(([, jobs]) => jobs > 0).map(([stage, jobs]) => `${plural(jobs, 'job')} of ${stage}`);
  return parts.length === 0 ? 'draining' : `draining, ${listText(parts)} in flight`;
}

interface Unpaused {
  readonly stages: readonly PausableStage[];
  readonly ended: readonly PausableStage[];
  readonly pauses: readonly Pause[];
}

function unpausedText({ stages, ended, pauses }: Unpaused): string {
  const others = stages.filter((stage) => !ended.includes(stage));
  const holding = pauses.filter(({ stage }) => stages.includes(stage));
  return linesText([
    ended.length > 0 && `ended the pause of ${listText(stages.filter((stage) => ended.includes(stage)))}`,
    others.length > 0 && `${listText(others)} had no such pause`,
    holding.length > 0 && `but ${pausesText(holding)}`,
  ]);
}
