import { basename } from 'node:path';
import { loadClassTable } from '../collection/class-table.process.ts';
import { allowedHyponyms } from '../collection/collection.repository.ts';
import { version } from '../config/version.ts';
import type { WrittenFile } from './output-folder.process.ts';
import { choicesOf, EXPORT_FORMAT, type Protocol } from './protocol.ts';
import { providersOfKept } from './revisions/revision.repository.ts';
import { idOf } from './revisions/revision-id.ts';
import { toSha256 } from '../kernel/ids.ts';
import { inputOf } from '../models/engine/ensemble.process.ts';
import { hasSigmoid } from '../models/evidence/member.ts';
import type { Workspace } from '../models/workspace/workspace.process.ts';
import { EXPORT_MODES } from './modes.ts';
import type { ExportOptions } from './options.ts';
import type { WrittenPhotos } from './revisions/write-photos.process.ts';
import type { RevisionPlan } from './select/plan.process.ts';
import { MODES } from '../collection/modes.ts';

interface RevisionParts {
  readonly plan: RevisionPlan;
  readonly options: ExportOptions;
  readonly written: Omit<WrittenPhotos, 'linked'> & {
    readonly tables: readonly WrittenFile[];
    readonly controlBytes: number;
  };
}

/** The folders of files of the curators' own are of no use to others. */
function collectionOf({ name, sha256, sources, modules }: Workspace['collection']) {
  const own = modules.flatMap((one) =>
    one.name === null || one.sha256 === null
      ? []
      : [{ name: one.name, file: basename(one.path), sha256: toSha256(one.sha256) }],
  );
  return {
    name,
    sha256,
    sources: [...sources, ...own.map((one) => one.name)],
    ...(own.length > 0 && { modules: own }),
  };
}

export async function protocolOf(workspace: Workspace, { plan, options, written }: RevisionParts): Promise<Protocol> {
  const { collection, scope, app } = workspace;
  const { tables, controlBytes, ...counts } = written;
  const { secondPass, target } = app.config.review;
  const protocol: Omit<Protocol, 'id'> = {
    format: EXPORT_FORMAT,
    winnow: version,
    collection: { ...collectionOf(collection), decisionSha256: toSha256(scope.decisionSha256) },
    frozenAt: plan.frozenAt,
    rule: ruleOf(workspace, plan.cap),
    nearDuplicates: { distance: plan.nearDuplicateDistance, cosine: collection.policy.nearDuplicateCosine },
    models: await modelsOf(workspace),
    among: [...collection.evidenceClasses.wnids],
    searched: [...collection.classes.wnids],
    folders: EXPORT_MODES[collection.mode].foldersBy(options.by),
    classes: plan.classes,
    photos: plan.photos,
    ...counts,
    ...(plan.control === null ? {} : { control: { ...plan.control, bytes: controlBytes } }),
    ...(plan.imported === null ? {} : { imported: { ...plan.imported, imports: plan.imports } }),
    leftOut: plan.leftOut,
    licences: plan.licences,
    restrictions: plan.restrictions,
    domains: plan.domains,
    dates: plan.dates,
    sources: plan.sources,
    tags: plan.tags,
    collected: plan.collected,
    review: { ...plan.review, ...plan.human, criteria: plan.criteria, secondPass, target },
    funnel: { ...plan.funnel },
    options: {
      formats: [...options.formats],
      names: options.names,
      pixels: options.pixels,
      thumbnails: options.thumbnails,
      keepMetadata: options.keepMetadata,
      licences: options.licences === null ? null : [...options.licences],
    },
    tombstones: plan.tombstones,
    choices: await choicesFor(workspace),
    card: { ...collection.card },
    files: Object.fromEntries(tables.map(({ path, sha256 }) => [path, sha256])),
  };
  return { ...protocol, id: idOf(protocol) };
}

export async function choicesFor(workspace: Workspace): Promise<string[]> {
  const sigmoid = workspace.ensemble.identities.filter(hasSigmoid).map(({ modelName }) => modelName);
  return choicesOf(workspace.collection.mode, { allowed: await allowedConcepts(workspace), sigmoid });
}

/** Mode O: the allowed concepts below one of the 1,000 classes, as `baby grand (n02766792)` and `stretch limousine`. */
async function allowedConcepts({ app, scope }: Pick<Workspace, 'app' | 'scope'>): Promise<string[]> {
  const wnids = await allowedHyponyms(app.db, scope.collectionId);
  const { wordNet } = await loadClassTable();
  return wnids.map((wnid) => {
    const name = wordNet().byWnid.get(wnid)?.names?.[0];
    return name === undefined ? wnid.replaceAll('_', ' ') : `${name} (${wnid})`;
  });
}

export function ruleOf({ collection: { mode, policy } }: Workspace, cap: number): Protocol['rule'] {
  return { ...MODES[mode].ruleOf(policy), cap };
}

async function modelsOf({ app, scope, ensemble }: Workspace): Promise<Protocol['models']> {
  return Promise.all(
    ensemble.cards.map(async ({ card }, i) => {
      const { name, sha256, bytes, licence, source, trainingData } = card;
      return {
        name,
        sha256,
        bytes,
        preprocessing: ensemble.identities[i]?.preprocessing ?? '',
        executionProvider: (await providersOfKept(app.db, scope, ensemble.memberIds[i] ?? -1)).join(' and '),
        licence,
        source,
        ...(trainingData && { trainingData }),
        ...inputOf(card),
      };
    }),
  );
}
