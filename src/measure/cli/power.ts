import { InvalidArgumentError, type Command } from 'commander';
import * as z from 'zod';
import { addCommand, runOnCollection } from '../../core/cli/start/context.ts';
import { optional } from '../../core/cli/start/flags.ts';
import { linesText, percentText, writeResult } from '../../core/cli/text/output.ts';
import { powerText } from '../report/page/power-text.ts';
import { powerOf } from '../evaluate/metrics/power.ts';
import type { ReportedPower } from '../report/report.ts';
import { readReport } from '../report/stored-report.repository.ts';
import type { Workspace } from '../../core/models/workspace/workspace.process.ts';

const MOST_PHOTOS = 1_000_000;

const HELP = `
Says which difference of two models a paired test (the p of \`winnow report\`, below 0.05) finds in 80 of 100 sets like
this one, and how many photos it needs for differences of 1, 2 and 5 points. It goes by the models of the
newest report that did not filter: by the pair that disagrees most often, and by how much
photos of one creator resemble each other. A larger set is assumed to have more creators, not more photos of each.

Examples:
  winnow power --collection imagenet-a
  winnow power --collection imagenet-a --photos 7500 --difference 0.5 --json
`;

const POWER = {
  photos: optional(
    z.int().min(1).max(MOST_PHOTOS),
    'count',
    'how many photos the test has (default: those of the report)',
  ),
  difference: optional(z.number(), 'points', { help: 'another difference to count photos for', parse: points }),
};

function points(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && value > 0 && value <= 100) return value;
  throw new InvalidArgumentError(`Expected points above 0, at most 100, but received '${text}'.`);
}

export function addPowerCommand(program: Command): void {
  addCommand(program, 'power', 'Say how many photos a difference of two models needs')
    .flags(POWER)
    .addHelpText('after', HELP)
    .run((flags) =>
      runOnCollection(flags, { name: 'power', access: 'read' }, async (workspace) => {
        const power = await powerWith(workspace, flags);
        await writeResult(flags, power, () => textOf(power));
      }),
    );
}

async function powerWith(
  { app, scope, collection }: Workspace,
  { photos, difference }: { readonly photos?: number | undefined; readonly difference?: number | undefined },
): Promise<ReportedPower> {
  const reported = (await readReport(app.db, scope))?.report.power;
  if (reported === undefined)
    return {
      reason: `This version of winnow has made no report. Make one: winnow report --collection ${collection.name} --out DIR`,
    };
  if (!('photos' in reported)) return reported;
  const { discordantLow, discordantHigh, designEffect, photosPerCreator } = reported;
  const design = { discordantLow, discordantHigh, designEffect, photosPerCreator };
  return powerOf(design, photos ?? reported.photos, difference === undefined ? [] : [difference]);
}

function textOf(power: ReportedPower): string {
  if (!('designEffect' in power)) return linesText([powerText(power)]);
  const { discordantLow, discordantHigh, designEffect } = power;
  return linesText([
    powerText(power),
    `Of two models, one alone is right on ${percentText(discordantLow)} to ${percentText(discordantHigh)} of the photos; design effect by creators: ${designEffect.toFixed(2)}`,
  ]);
}
