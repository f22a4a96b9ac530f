import { access } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import type { Command } from 'commander';
import { checkBudgets, checkCrawlSettings } from '../../crawl/discover/crawl-checks.process.ts';
import { isToBePulled, listModels } from '../../models/library/inventory.process.ts';
import { readBudgets } from '../../crawl/network/politeness.process.ts';
import { proxySettings } from '../../crawl/network/http.process.ts';
import type { App } from '../../runtime/open/app.process.ts';
import { auditDataFolder, photosWithoutBlobs } from '../../operate/upkeep/audit.process.ts';
import { externalFilesOf } from '../../collection/cards/model-card.ts';
import type { FoundCard } from '../../collection/cards/model-card.process.ts';
import { displayPath, packageRoot } from '../../config/root.ts';
import { LOST_BYTES_CURE } from '../../kernel/blobs.ts';
import { codeOf, Interrupted, messageOf } from '../../kernel/errors.ts';
import type { BytesState } from '../../photo/photo.ts';
import { countBytes } from '../../photo/pruned.repository.ts';
import { requireExternalFiles } from '../../platform/onnx/external-data.ts';
import { availableProvider, type ProviderChoice } from '../../platform/onnx/providers.ts';
import { verifyModelFile } from '../../platform/onnx/session.ts';
import { listText } from '../../kernel/texts.ts';
import { bytesText, countText, plural, writeResult, EXIT } from '../text/output.ts';
import { builtProgram } from '../../../cli/built.mjs';
import { addCommand, runCommand, withApp, type CommandContext } from '../start/context.ts';
import { either } from '../start/flags.ts';
import { auditFinding, findingText, type Finding, checkServices } from './services.ts';

export function addDoctorCommand(parent: Command): void {
  addCommand(parent, 'doctor', 'Check what is installed, reachable and configured, and say how to fix the rest')
    .flags({
      deep: either(
        false,
        'also audit the data folder: every photo against its bytes, every decision against its evidence, every verdict against its events',
      ),
    })
    .addHelpText(
      'after',
      '\nA note is information, not a fault. The exit code is 1 only if a check failed.\n\nExamples:\n  winnow doctor\n  winnow doctor --deep --data data/demo\n',
    )
    .run(async (flags) => {
      const check = async (context: CommandContext): Promise<number> => {
        const findings = [
          platform(),
          program(),
          await executionProvider(context),
          await filterThreads(context),
          ...(await models()),
          ...checkCrawlSettings(context.loaded.config, proxySettings()),
          ...(await dataFolder(context, flags.deep)),
        ];
        if (context.signal.aborted) throw new Interrupted();
        await writeResult(flags, findings.map(toJson), () => findings.map(findingText).join(''));
        return findings.some(({ state }) => state === 'fail') ? EXIT.incomplete : EXIT.done;
      };
      // The settings of a collection are checked as its commands have them.
      await runCommand(flags, check, { collection: 'named' });
    });
}

/** Advises on the speed of the filter. Earlier versions measured it and stored the best settings in `tune.json`. */
async function filterThreads({ flags, loaded }: CommandContext): Promise<Finding> {
  const name = 'filter threads';
  const processors = availableParallelism();
  const { threads, batchCrops } = loaded.config.filter;
  const tuned = join(flags.data, 'tune.json');
  const hasTuned = await access(tuned).then(
    () => true,
    () => false,
  );
  if (hasTuned) {
    const detail = `${displayPath(tuned)} of an earlier version is ignored: to keep its values, set filter.threads and filter.batchCrops in config/local.yaml, then delete the file`;
    return { name, state: 'note', detail };
  }
  if (threads !== null && threads > processors) {
    const detail = `filter.threads is ${threads}, but this machine has ${plural(processors, 'processor')}: more threads take memory and are no faster`;
    return { name, state: 'note', detail };
  }
  const detail = `${plural(threads ?? processors, 'thread')}, ${plural(batchCrops, 'crop')} per pass; docs/filtering.md says how to find faster numbers`;
  return { name, state: 'ok', detail };
}

function toJson({ name, state, detail }: Finding): Finding & { ok: boolean } {
  return { name, ok: state !== 'fail', state, detail };
}

function platform(): Finding {
  const detail = `Node ${process.version} on ${process.platform}-${process.arch}, ${plural(availableParallelism(), 'processor')}`;
  return { name: 'platform', state: 'ok', detail };
}

function program(): Finding {
  if (builtProgram(packageRoot) !== null) return { name: 'program', state: 'ok', detail: 'built' };
  return {
    name: 'program',
    state: 'note',
    detail: 'runs from its sources, which are newer than its build; `npm run build` makes every command start sooner',
  };
}

/** A model that is not downloaded yet is no fault. One with wrong bytes is. */
async function models(): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { name, card, state, problem } of await listModels()) {
    if (isToBePulled({ state, card })) {
      findings.push({
        name: `model ${name}`,
        state: 'note',
        detail: `not downloaded; run \`winnow models pull ${name}\``,
      });
    } else if (card === null || state === 'absent') {
      findings.push({ name: `model ${name}`, state: 'fail', detail: problem ?? state });
    } else {
      findings.push(await checkedModel(name, card));
    }
  }
  return findings;
}

async function checkedModel(name: string, card: FoundCard): Promise<Finding> {
  try {
    const { path, sha256, head, references } = card;
    const external = externalFilesOf(card);
    const listed = external.map(({ name: file }) => file);
    requireExternalFiles(await verifyModelFile(path, sha256), path, listed);
    for (const { file, sha256: hash } of external) await verifyModelFile(file, hash);
    for (const file of [head, references]) if (file !== undefined) await verifyModelFile(file.path, file.sha256);
    return { name: `model ${name}`, state: 'ok', detail: `sha256 ${card.sha256.slice(0, 16)} as its card says` };
  } catch (error) {
    return { name: `model ${name}`, state: 'fail', detail: messageOf(error) };
  }
}

async function executionProvider({ loaded }: CommandContext): Promise<Finding> {
  const { executionProvider: wanted, providerFallback, devices } = loaded.config.filter;
  const name = 'execution provider';
  let choice: ProviderChoice;
  try {
    choice = await availableProvider(wanted, devices);
  } catch (error) {
    return { name, state: 'fail', detail: messageOf(error) };
  }
  const { provider, problem } = choice;
  const gpus =
    devices.length === 0 ? '' : `, on ${devices.length === 1 ? 'device' : 'devices'} ${listText(devices.map(String))}`;
  const otherwise = providerFallback
    ? 'Models run on the cpu (filter.providerFallback)'
    : 'Commands that run models end with this message';
  return {
    name,
    state: problem === null ? 'ok' : providerFallback ? 'note' : 'fail',
    detail: problem === null ? `models run on ${provider}${gpus}` : `${problem}. ${otherwise}`,
  };
}

async function dataFolder(context: CommandContext, deep: boolean): Promise<Finding[]> {
  try {
    return await withApp(context, { name: 'doctor', access: 'read' }, async (app) => [
      ...(await checkServices(app, context)),
      ...(await bytes(app, context.signal)),
      ...checkBudgets(await readBudgets(app)),
      ...(deep ? (await auditDataFolder(app, context.signal)).map(auditFinding) : []),
    ]);
  } catch (error) {
    // Before the first crawl there is no data folder, which is normal.
    const state = codeOf(error) === 'no-data' ? 'note' : 'fail';
    return [{ name: 'data folder', state, detail: messageOf(error) }];
  }
}

async function lostText(app: App, signal: AbortSignal): Promise<string | null> {
  try {
    const { lost, examples } = await photosWithoutBlobs(app, signal);
    if (lost === 0) return null;
    return `${countText(lost)} have lost their bytes, such as ${examples.join(', ')}: ${LOST_BYTES_CURE}`;
  } catch (error) {
    return `it is unknown how many have their bytes: ${messageOf(error)}`;
  }
}

async function bytes(app: App, signal: AbortSignal): Promise<Finding[]> {
  const { db, config } = app;
  const counts = await countBytes(db);
  if (counts.length === 0) return [];
  const textOf = (state: BytesState): string => {
    const { photos = 0, bytes: size = 0 } = counts.find((count) => count.state === state) ?? {};
    return `${plural(photos, 'photo')} (${bytesText(size)})`;
  };
  const lost = await lostText(app, signal);
  if (lost !== null) return [{ name: 'bytes', state: 'fail', detail: `of ${textOf('stored')} ${lost}` }];
  const detail = `${textOf('stored')} stored, ${textOf('pruned')} pruned; blobs.retain is ${config.blobs.retain}`;
  if (!counts.some(({ state }) => state === 'pruning')) return [{ name: 'bytes', state: 'ok', detail }];
  const left = `${textOf('pruning')} left by an interrupted prune: winnow prune deletes them`;
  return [{ name: 'bytes', state: 'note', detail: `${detail}; ${left}` }];
}
