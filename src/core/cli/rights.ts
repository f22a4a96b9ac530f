import type { Command } from 'commander';
import * as z from 'zod';
import { givenLicence, UNKNOWN_LICENCE } from '../collection/licence.ts';
import { UsageError } from '../kernel/errors.ts';
import { nextLines } from '../status/status.process.ts';
import type { Workspace } from '../models/workspace/workspace.process.ts';
import { stateRights, type RightsStated } from '../operate/upkeep/state-rights.repository.ts';
import { recorded } from '../runtime/activity/activity.repository.ts';
import { localActor } from '../runtime/activity/local-actor.process.ts';
import { CRAWL } from '../library/options.ts';
import { classesOf } from '../library/wanted.process.ts';
import { addCommand, runOnCollection } from './start/context.ts';
import { neededText, option, optionalText, type FlagsOf } from './start/flags.ts';
import { nonEmpty, plural, writeResult } from './text/output.ts';

const RIGHTS = {
  licence: neededText('id', 'an SPDX id such as CC-BY-4.0, Public-Domain or all-rights-reserved'),
  creator: optionalText('name', 'whom to credit, for photos whose source names no creator'),
  class: CRAWL.shape.class,
  sourceId: option(
    z.string().default('*'),
    'pattern',
    "only photos with these ids, such as 'jay/2024-*' (* any characters, ? one)",
  ),
};

type RightsFlags = FlagsOf<typeof RIGHTS>;

const HELP = `
Use this for photos of a folder or of a list of addresses whose licence you know. Photos that have no
licence are not exported. A licence that labels.csv or the list states is never replaced, and photos from
sites keep what the site says. winnow show and the attribution of an export say that the curator stated
the licence. A later crawl of the folder keeps it. --licence unknown takes it back.

Examples:
  winnow rights set --collection birds --licence CC-BY-4.0 --creator "Ana"
  winnow rights set --collection birds --licence CC0-1.0 --class 'jay, kite'
  winnow rights set --collection birds --licence CC0-1.0 --source-id 'jay/2024-*'
`;

export function addRightsCommand(program: Command): void {
  const rights = program.command('rights').description('State the licence of photos whose source gives none');
  addCommand(rights, 'set', 'State the licence and creator of photos whose source gives no licence')
    .flags(RIGHTS)
    .addHelpText('after', HELP)
    .run((flags) =>
      runOnCollection(flags, { name: 'rights', access: 'use' }, async (workspace) => {
        const result = await setRights(workspace, flags);
        await writeResult(flags, result, async () => resultText(result) + (await nextLines(workspace)));
      }),
    );
}

type Result = RightsStated & { readonly collection: string; readonly licence: string };

async function setRights({ app, scope, collection }: Workspace, flags: RightsFlags): Promise<Result> {
  const { class: labels, sourceId, creator = null } = flags;
  const licence = givenLicence(flags.licence, '--licence');
  if (licence.id === UNKNOWN_LICENCE && creator !== null)
    throw new UsageError(
      `Expected no --creator with --licence unknown, which takes a statement back, but received '${creator}'`,
      { code: 'creator-of-unknown' },
    );
  const detail = { licence: licence.id, ...(creator === null ? {} : { creator }), ...choiceOf(flags) };
  const counts = await recorded(
    app.db,
    {
      ...localActor(),
      action: 'rights-set',
      collection: collection.name,
      detail,
      resultOf: (result) => ({ ...result }),
    },
    async () => {
      const wnids = labels === undefined ? null : classesOf(collection, labels);
      const stated = await stateRights(app.db, scope, { licence, creator, wnids, sourceId });
      if (Object.values(stated).some((count) => count > 0)) return stated;
      throw new UsageError(
        `No photo of '${collection.name}' matches${labels === undefined ? '' : ` --class '${labels.join(', ')}' and`} --source-id '${sourceId}'; nothing was changed. winnow candidates lists the ids.`,
        { code: 'no-photo-matches' },
      );
    },
  );
  return { collection: collection.name, licence: licence.id, ...counts };
}

function choiceOf({ class: labels, sourceId }: RightsFlags): Record<string, unknown> {
  return { ...(labels === undefined ? {} : { class: labels }), ...(sourceId === '*' ? {} : { sourceId }) };
}

function resultText({ collection, licence, changed, replaced, unchanged, statedBySource, fromSites }: Result): string {
  const what = licence === UNKNOWN_LICENCE ? 'statement taken back' : `licence ${licence} set`;
  const parts = nonEmpty([
    changed === 0 ? 'nothing changed' : `${what} for ${plural(changed, 'photo')} of ${collection}`,
    replaced > 0 && licence !== UNKNOWN_LICENCE && `${plural(replaced, 'photo')} of them had other stated rights`,
    unchanged > 0 && `${plural(unchanged, 'photo')} had it already`,
    statedBySource > 0 && `${plural(statedBySource, 'photo')} left alone, because their source states a licence`,
    fromSites > 0 && `${plural(fromSites, 'photo')} from sites left alone`,
  ]);
  return `${parts.join('; ')}\n`;
}
