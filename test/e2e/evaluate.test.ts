import { copyFile, cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parse } from 'csv-parse/sync';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Evaluation } from '../../src/measure/evaluate/evaluation.ts';
import { makeCopies } from '../support/copies.ts';
import { makeExport } from '../support/made-export.ts';
import { suiteFolder } from '../support/process-tree.ts';
import { until } from '../support/until.ts';
import { repositoryRoot, startWinnow, winnow } from '../support/winnow.ts';

const folder = suiteFolder();
const SAMPLES = path.join(repositoryRoot, 'test', 'fixtures', 'samples');
const OOD = path.join(repositoryRoot, 'test', 'fixtures', 'ood');
const IMAGENET = path.join(repositoryRoot, 'config', 'classes', 'imagenet-1k.jsonl');
const MODEL = ['--model', 'efficientnet-lite1'];

interface Sample {
  readonly file: string;
  readonly wnid: string;
}
let samples: Sample[] = [];
let imagenet: string[] = [];

/** A folder of some samples by wnid, as a user has them. */
async function makeSet(name: string, some: readonly Sample[]): Promise<string> {
  for (const { file, wnid } of some) {
    await mkdir(folder.at(name, wnid), { recursive: true });
    await copyFile(path.join(SAMPLES, file), folder.at(name, wnid, path.basename(file)));
  }
  return folder.at(name);
}

beforeAll(async () => {
  samples = parse<Sample>(await readFile(path.join(SAMPLES, 'labels.csv')), { columns: true });
  imagenet = (await readFile(IMAGENET, 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line): string => JSON.parse(line).wnid);
});

async function evaluate(...args: readonly string[]): Promise<{ readonly result: Evaluation; readonly stderr: string }> {
  const { code, stdout, stderr } = await winnow(['evaluate', ...args, '--json'], { cwd: folder.at() });
  expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
  return { result: JSON.parse(stdout) as Evaluation, stderr };
}

/** Files as `readdir` sorts them: all names are ASCII. */
function sortedFiles(some: readonly Sample[]): { readonly name: string; readonly wnid: string }[] {
  const named = some.map(({ file, wnid }) => ({ name: `${wnid}/${path.basename(file)}`, wnid }));
  return named.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** A csv with rows of 1,000 logits, in which the given class of each photo stands out by `logit`. */
function csvOf(rows: readonly { readonly name: string; readonly seen: string; readonly logit: number }[]): string {
  return rows
    .map(({ name, seen, logit }) => [name, ...imagenet.map((wnid) => (wnid === seen ? logit - 1 : -1))].join(','))
    .join('\n');
}

describe('winnow evaluate', () => {
  it('measures a model on a folder of photos, the same as from the logits of that model', async () => {
    const some = samples.slice(0, 24);
    await makeSet('set', some);
    const { result } = await evaluate('set', ...MODEL);
    expect(Object.keys(result).join(' ')).toBe(
      'model photos accuracy accuracyLow accuracyHigh top5Accuracy top5AccuracyLow top5AccuracyHigh macroAccuracy rmsCalibrationError rmsCalibrationErrorUpstream rmsCalibrationErrorIfCalibrated signedGap aurra softF1 aurraLow aurraHigh softF1Low softF1High perClass ood fitted',
    );
    expect(result).toMatchObject({ model: 'efficientnet-lite1', photos: 24, ood: null });
    const right = result.perClass.reduce((sum, { photos, accuracy }) => sum + photos * accuracy, 0);
    expect(right / 24).toBeCloseTo(result.accuracy ?? -1, 12);
    expect(right).toBeGreaterThan(4);
    expect(right).toBeLessThan(24);
    expect(result.perClass.map(({ wnid }) => wnid)).toEqual([...new Set(some.map(({ wnid }) => wnid))].toSorted());

    const text = await winnow(['evaluate', 'set', ...MODEL], { cwd: folder.at() });
    expect(text.stdout).toContain(`accuracy               ${((result.accuracy ?? 0) * 100).toFixed(1)} %`);
    expect(text.stdout).toContain(`top-5 accuracy         ${((result.top5Accuracy ?? 0) * 100).toFixed(1)} %`);
    expect(result.top5Accuracy).toBeGreaterThan(result.accuracy ?? 1);
    expect(text.stdout).toContain('the model chooses among the 1,000 classes of ImageNet-1k');
  });

  it('reads logits by the names of classes in a header, in any order, and refuses a name of two classes', async () => {
    const some = samples.slice(0, 12);
    await makeSet('named', some);
    const rows = sortedFiles(some).map(({ name, wnid }) => ({ name, seen: wnid, logit: 5 }));
    const names: string[] = (await readFile(IMAGENET, 'utf8'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).name);
    const byName = (header: readonly string[]) => `file,${header.map((name) => `"${name}"`).join(',')}\n${csvOf(rows)}`;
    const turned = byName(names)
      .split('\n')
      .map((line) =>
        line.replace(
          /^([^,]*),(.*)$/,
          (_, first: string, rest: string) => `${first},${rest.split(',').toReversed().join(',')}`,
        ),
      );
    await writeFile(folder.at('named.csv'), turned.join('\n'));
    const among = [...new Set(samples.map(({ wnid }) => wnid))];
    expect(among).toContain('n02012849');
    await writeFile(folder.at('known.txt'), among.join('\n'));
    const { result, stderr } = await evaluate('named', '--logits', 'named.csv', '--among', 'known.txt');
    expect(result).toMatchObject({ photos: 12, accuracy: 1 });
    expect(stderr).toContain("by the names of classes in the header ('toilet tissue'");
    const twice = names.map((name) => (name === 'crane bird' ? 'crane' : name));
    await writeFile(folder.at('twice.csv'), byName(twice));
    const flags = ['--logits', 'twice.csv', '--among', 'known.txt'];
    const refused = await winnow(['evaluate', 'named', ...flags], { cwd: folder.at() });
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toContain("'crane' (column 135) and 'crane' (column 518) may mean n02012849 or n03126707");
    const whole = await winnow(['evaluate', 'named', '--logits', 'named.csv'], { cwd: folder.at() });
    expect(whole.stderr).toContain(
      "'cardigan' (column 526) and 'Cardigan' (column 736) may mean n02113186 or n02963159",
    );
    await writeFile(folder.at('other.csv'), byName(names.map((_, i) => `${i} score`)));
    const other = await winnow(['evaluate', 'named', '--logits', 'other.csv'], { cwd: folder.at() });
    expect(other.stderr).toContain("names of classes or numbers in its header but received '0 score', '1 score'");
  });

  it('gives no AURRA without a right answer, and beside the RMS error that of a calibrated model and the signed gap', async () => {
    await makeSet('wrong', samples.slice(0, 9));
    const rows = sortedFiles(samples.slice(0, 9));
    const wrong = imagenet.find((wnid) => rows.every((row) => row.wnid !== wnid)) ?? '';
    await writeFile(folder.at('wrong.csv'), csvOf(rows.map(({ name }) => ({ name, seen: wrong, logit: 20 }))));
    const { result } = await evaluate('wrong', '--logits', 'wrong.csv');
    expect(result).toMatchObject({ accuracy: 0, aurra: null, aurraLow: null, aurraHigh: null });
    expect(result.signedGap).toBeCloseTo(result.rmsCalibrationError ?? -1, 12);
    expect(result.rmsCalibrationErrorIfCalibrated).toBeLessThan(0.01);
    const { stdout } = await winnow(['evaluate', 'wrong', '--logits', 'wrong.csv'], { cwd: folder.at() });
    expect(stdout).toMatch(/^AURRA +- +no answer is right; the accuracy is at most 29\.9 % \(Wilson\)$/m);
    expect(stdout).toMatch(/^signed gap +100\.0 points +mean confidence minus accuracy$/m);
    expect(stdout).toMatch(/^RMS calibration error +100\.0 % +a calibrated model shows at most 0\.0 % in 95 of 100/m);
  });

  it('measures detection with photos in the distribution, and then a plain folder has no accuracy', async () => {
    await makeSet('out', samples.slice(0, 9));
    await makeSet('in', samples.slice(20, 26));
    const outRows = sortedFiles(samples.slice(0, 9)).map(({ name, wnid }, i) => ({ name, seen: wnid, logit: i }));
    const inRows = sortedFiles(samples.slice(20, 26)).map(({ name, wnid }) => ({ name, seen: wnid, logit: 20 }));
    await writeFile(folder.at('out.csv'), csvOf(outRows));
    await writeFile(folder.at('in.csv'), csvOf(inRows));
    const flags = ['--logits', 'out.csv', '--in-distribution', 'in', '--in-logits', 'in.csv'];
    const { result, stderr } = await evaluate('out', ...flags);
    expect(result).toMatchObject({ accuracy: null, accuracyLow: null, rmsCalibrationError: null, perClass: [] });
    expect(result.ood).toMatchObject({ positives: 9, negatives: 6, auroc: 1, fpr95First: 0 });
    expect(result.ood?.aupr).toBeCloseTo(1, 12);
    expect(result.ood?.chance.aupr).toBeCloseTo(9 / 15, 12);
    expect(stderr).toContain('the photos show none of these classes, so there is no accuracy');
    const text = await winnow(['evaluate', 'out', ...flags], { cwd: folder.at() });
    expect(text.stdout).toMatch(/^AUROC +100\.0 %.*chance 50\.0 %$/m);
  });

  // expected.json is scikit-learn's, of other code for pixels and softmax: test/fixtures/ood/make.py.
  it.each(['efficientnet-lite0', 'efficientnet-lite1', 'efficientnet-lite2'])(
    'measures detection by %s over the classes of --among, with photos of these only, as scikit-learn does',
    { timeout: 120_000 },
    async (model) => {
      const read = async (name: string) => JSON.parse(await readFile(path.join(OOD, name), 'utf8'));
      const { classes, outside, others } = await read('set.json');
      const expected = (await read('expected.json'))[model];
      const of = (wnids: readonly string[]) => samples.filter(({ wnid }) => wnids.includes(wnid));
      await makeSet('outside', of(outside));
      await makeSet('inside', of(classes));
      await makeSet('more', of([...classes, ...others]));
      await writeFile(folder.at('few.txt'), classes.join('\n'));
      const flags = ['--model', model, '--in-distribution'];
      const { result, stderr } = await evaluate('outside', ...flags, 'more', '--among', 'few.txt');
      const close = ({ auroc, aupr, ...counts }: { auroc: number; aupr: number }) => ({
        ...counts,
        auroc: expect.closeTo(auroc, 6),
        aupr: expect.closeTo(aupr, 6),
      });
      const lists = { among: 'few.txt', amongClasses: 20, ruleAmong: null };
      expect(result.ood).toMatchObject({ ...close(expected.classes), ...lists });
      expect(stderr).toContain("left out photos of other classes in 'more'");
      const whole = await evaluate('outside', ...flags, 'inside');
      expect(whole.result.ood).toMatchObject({ ...close(expected['imagenet-1k']), among: 'imagenet-1k' });
    },
  );

  it('takes the own classes of an export of mode O for detection, and says that the rule is over 1,000', async () => {
    await makeExport(folder.at('own'), { mode: 'O' });
    const protocol = JSON.parse(await readFile(folder.at('own', 'protocol.json'), 'utf8'));
    const searched = [...new Set(samples.map(({ wnid }) => wnid))].toSorted().slice(0, 30);
    await writeFile(folder.at('own', 'protocol.json'), JSON.stringify({ ...protocol, searched }));
    const some = samples.filter(({ wnid }) => searched.includes(wnid));
    await makeSet('in-own', [...some, ...samples.filter(({ wnid }) => wnid === 'n07930864')]);
    await writeFile(folder.at('own.txt'), searched.join('\n'));
    const flags = [...MODEL, '--in-distribution', 'in-own'];
    const { result } = await evaluate('own', ...flags);
    const lists = { amongClasses: 30, ruleAmong: 'imagenet-1k', ruleAmongClasses: 1000 };
    expect(result.ood).toMatchObject({ negatives: some.length, ...lists, among: protocol.collection.name });
    const { result: given } = await evaluate('own', ...flags, '--among', 'own.txt');
    expect(given.ood).toEqual({ ...result.ood, among: 'own.txt' });
    const text = await winnow(['evaluate', 'own', ...flags], { cwd: folder.at() });
    expect(text.stdout).toMatch(/^AUROC [^\n]+\nAUPR [^\n]+chance \d+\.\d %$/m);
    expect(text.stdout).toContain("softmax over 30 classes (demo); the filter's rule is over 1,000 (imagenet-1k)");
    const none = await winnow(
      ['evaluate', 'own', ...MODEL, '--in-distribution', 'in-own', '--among', 'n03924679,n04590129'],
      {
        cwd: folder.at(),
      },
    );
    expect(none).toMatchObject({ code: 2, stderr: expect.stringContaining("but 'in-own' has none") });
  });

  it('leaves rows of logits of other classes in the distribution out of detection', async () => {
    const [wanted = '', other = ''] = [...new Set(samples.map(({ wnid }) => wnid))];
    const inSet = samples.filter(({ wnid }) => [wanted, other].includes(wnid));
    await makeSet('rows-out', samples.slice(40, 44));
    await makeSet('rows-in', inSet);
    const outRows = sortedFiles(samples.slice(40, 44)).map(({ name }) => ({ name, seen: wanted, logit: 1 }));
    const inRows = sortedFiles(inSet).map(({ name, wnid }) => ({ name, seen: wnid, logit: wnid === wanted ? 9 : 0 }));
    await writeFile(folder.at('rows-out.csv'), csvOf(outRows));
    await writeFile(folder.at('rows-in.csv'), csvOf(inRows));
    const files = ['--logits', 'rows-out.csv', '--in-distribution', 'rows-in', '--in-logits', 'rows-in.csv'];
    const { result } = await evaluate('rows-out', ...files, '--among', `${wanted},n03924679`);
    const negatives = inSet.filter(({ wnid }) => wnid === wanted).length;
    expect(result.ood).toMatchObject({ positives: 4, negatives, auroc: 1 });
  });

  it('takes the classes and the mode from an export', async () => {
    await makeExport(folder.at('a'));
    await makeExport(folder.at('o'), { mode: 'O' });
    await makeExport(folder.at('bare'), { pixels: false });
    const { result } = await evaluate('a', ...MODEL, '--in-distribution', 'o');
    const byRule = { accuracy: 0, accuracyLow: null, accuracyHigh: null, accuracyByRule: true };
    expect(result).toMatchObject({ photos: 5, ...byRule, ood: { positives: 5, negatives: 2 } });
    expect((await winnow(['evaluate', 'a', ...MODEL], { cwd: folder.at() })).stdout).toContain('0 by rule');
    expect((await evaluate('o', ...MODEL)).result).toMatchObject({
      photos: 2,
      accuracy: null,
      ood: null,
      perClass: [],
    });
    const bare = await winnow(['evaluate', 'bare', ...MODEL], { cwd: folder.at() });
    expect(bare).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('made with --no-pixels') });
    expect(bare.stderr).toContain('python3 fetch.py --contact');
    // The script puts the photos into the same folder.
    await cp(folder.at('a', 'test'), folder.at('bare', 'test'), { recursive: true, force: false });
    expect((await evaluate('bare', ...MODEL)).result).toEqual((await evaluate('a', ...MODEL)).result);
    const rows = Array.from({ length: 5 }, (_, i) => ({ name: '', seen: 'n02980441', logit: i + 1 }));
    await writeFile(folder.at('bare.csv'), csvOf(rows).replaceAll(/^,/gm, ''));
    expect((await evaluate('bare', '--logits', 'bare.csv')).result).toMatchObject({ photos: 5, accuracy: 0.4 });
  });

  it('refuses an export whose photo was changed', async () => {
    await makeExport(folder.at('changed'));
    const name = 'n11939491';
    const { photos } = JSON.parse(await readFile(folder.at('changed', 'protocol.json'), 'utf8')) as { photos: number };
    const row = (await readFile(folder.at('changed', 'test', 'metadata.jsonl'), 'utf8')).split('\n')[photos - 1] ?? '';
    const { file_name } = JSON.parse(row) as { file_name: string };
    expect(file_name).toContain(name);
    await copyFile(path.join(SAMPLES, samples[0]?.file ?? ''), folder.at('changed', 'test', file_name));
    const { code, stderr } = await winnow(['evaluate', 'changed', ...MODEL], { cwd: folder.at() });
    expect(code).toBe(2);
    expect(stderr).toContain(`'${file_name}' (its SHA-256 is not the one that was expected)`);
  });

  it('refuses wrong flags and classes that do not fit, with what to do', async () => {
    await makeSet('few', samples.slice(0, 3));
    await mkdir(folder.at('few', 'n99999999'), { recursive: true });
    await copyFile(path.join(SAMPLES, samples[0]?.file ?? ''), folder.at('few', 'n99999999', 'a.jpg'));
    await makeExport(folder.at('whole'));
    const cases: readonly (readonly [readonly string[], string])[] = [
      [['few'], 'Name what to evaluate: --model NAME'],
      [['few', ...MODEL, '--logits', 'x.npy'], 'Give either --model or files of logits'],
      [['few', '--logits', 'x', '--in-distribution', 'few'], 'add --in-logits FILE'],
      [
        ['few', ...MODEL],
        "Expected each folder of 'few' to be one of the 1000 classes to choose among but 1 is not: 'n99999999' (photos: 1)",
      ],
      [['few', ...MODEL, '--among', 'imagenet-b'], "but received 'imagenet-b'. Did you mean 'imagenet-a'?"],
      [['few', ...MODEL, '--among', 'n01440764,'], 'Expected at least two classes in --among but it names 1'],
      [['nowhere', ...MODEL], 'No such folder: nowhere'],
    ];
    for (const [args, says] of cases) {
      const { code, stdout, stderr } = await winnow(['evaluate', ...args], { cwd: folder.at() });
      expect([args, code, stdout]).toEqual([args, 2, '']);
      expect(stderr).toContain(says);
    }
  });

  it('ends with code 130 at Ctrl-C, without numbers', async (context) => {
    context.skip(process.platform !== 'linux', 'only Linux shows what a process has loaded');
    await makeCopies(folder.at('long'), 500);
    const running = startWinnow(['evaluate', 'long', ...MODEL], { cwd: folder.at() });
    // It says nothing for ten seconds. Its thread loads this library, and then the model.
    const isAtWork = async (): Promise<boolean> =>
      (await readFile(`/proc/${running.child.pid}/maps`, 'utf8')).includes('libonnxruntime');
    await until(isAtWork);
    running.child.kill('SIGINT');
    expect(await running.result).toMatchObject({ code: 130, stdout: '' });
    await rm(folder.at('long'), { recursive: true });
  });
});
