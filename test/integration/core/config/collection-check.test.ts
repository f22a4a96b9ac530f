import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { reportOn, reportText, type CollectionReport } from '../../../../src/core/cli/collection/check.ts';
import { packageRoot } from '../../../../src/core/config/root.ts';
import { winnow, withFolder } from '../../../support/winnow.ts';

/** Four classes, no two of them siblings in WordNet. */
const FOUR = 'classes: [n01440764, n02268443, n02123394, n03000134]';

interface Report extends CollectionReport {
  readonly text: string;
}

async function report(lines: string, others: Readonly<Record<string, string>> = {}): Promise<Report> {
  return withFolder(async (folder) => {
    for (const [name, text] of Object.entries(others)) await writeFile(join(folder, name), text);
    const file = join(folder, 'mine.yaml');
    await writeFile(file, `name: mine\n${lines}\n`);
    const found = await reportOn(file);
    return { ...found, text: reportText(found, 'mine', { contact: null }).replaceAll(folder, '.') };
  });
}

describe('the report of winnow collection check', () => {
  it('ends with the result and the next command, after a table of the classes', async () => {
    const { text } = await report(`${FOUR}\namong: imagenet-1k`);
    expect(text).toBe(
      [
        'mine: mode A, 4 classes (list sha256 f82e89e2549d73eb), sources folder',
        'the models choose among 1,000 classes (list sha256 385e0240499426c0)',
        'ensemble efficientnet-lite0, efficientnet-lite1; threshold 0.15, aggregation max, members any, cap 15, near-duplicate distance 6',
        '',
        'wnid       name             folder',
        'n01440764  tench            tench/',
        'n02123394  Persian cat      Persian cat/',
        'n02268443  dragonfly        dragonfly/',
        'n03000134  chainlink fence  chainlink fence/',
        '',
        'differs from the paper (section 3.1): it filtered with two ResNet-50s, one masked to its 200 classes and one fine-tuned on them; here efficientnet-lite0 and efficientnet-lite1, masked to 1,000 classes',
        "differs from torchvision's ImageFolder: EXIF orientation is applied (one in XMP or in a PNG text chunk is ignored), alpha is put on white, 16-bit grey counts by its high byte",
        'This collection can be used.',
        'DIR is a folder with a sub-folder of photos for each class, or with a labels.csv.',
        'next: winnow run --collection mine --from DIR',
        '',
      ].join('\n'),
    );
  });

  it('states how many problems there are and which file to edit', async () => {
    const { text, collection } = await report('classes: [n01440764, n99999999]\namong: imagenet-1k\nensemble: [lite9]');
    expect(collection).toBeNull();
    expect(text).toMatch(
      /^problem: .*'n99999999'.*\nproblem: .*'lite9'.*\nThis collection cannot be used: 2 problems\.\nnext: edit \.\/mine\.yaml, then winnow collection check mine\n$/,
    );
  });

  it('says how to fit a member that is a head which nobody has fitted yet', async () => {
    const { text, problems } = await report(
      `${FOUR}\namong: imagenet-1k\nensemble: [efficientnet-lite0, to-fit]\nheads: {to-fit: {backbone: efficientnet-lite0, classes: imagenet-1k}}`,
    );
    expect(problems).toEqual([]);
    expect(text).toMatch(
      /^warning: The member 'to-fit' is a head over 'efficientnet-lite0' that you fit on photos of its classes: winnow finetune --backbone efficientnet-lite0 --train DIR --classes imagenet-1k --name to-fit {3}# DIR has a folder of photos for each class$/m,
    );
    expect(text).toContain('to-fit (a head: only its last layer is fitted), choosing among 1,000 classes');
  });

  it("can use the paper's own ensemble before its models are there, so that photos can be crawled", async () => {
    const { collection, problems } = await reportOn('imagenet-a-paper');
    expect(problems).toEqual([]);
    expect(collection?.ensemble).toEqual(['resnet50-v1-12', 'resnet50-v1-12-imagenet-a']);
    expect(collection?.heads.get('resnet50-v1-12-imagenet-a')).toEqual({
      backbone: 'resnet50-v1-12',
      classes: 'imagenet-a',
    });
  });

  it('warns if the models choose among fewer than 100 classes, and says what to write instead', async () => {
    const { text, warnings } = await report(FOUR);
    expect(warnings).toEqual([
      expect.stringMatching(
        /^The models choose among only 4 classes\. .* far fewer are kept: .* Write 'among: imagenet-1k' into the file\.$/,
      ),
    ]);
    expect(text).toContain('This collection can be used, with 1 warning.\nDIR is ');
    const wnids =
      (await readFile(join(packageRoot, 'config/classes/imagenet-1k.jsonl'), 'utf8')).match(/n\d{8}/g) ?? [];
    const among = (count: number): Promise<Report> => {
      const list = [...new Set([...(FOUR.match(/n\d{8}/g) ?? []), ...wnids])].slice(0, count);
      return report(`${FOUR}\namong: wide.txt`, { 'wide.txt': list.join('\n') });
    };
    expect((await among(99)).warnings).toHaveLength(1);
    expect((await among(100)).warnings).toEqual([]);
  });

  it('lists the queries of each source for each class, and what a source lacks', async () => {
    const { text, classes } = await report(
      `${FOUR}\namong: imagenet-1k\nsources: [inaturalist, flickr, folder]\nqueries: q.jsonl`,
      {
        'q.jsonl': [
          '{"wnid": "n01440764", "inaturalist": [{"taxon": "Tinca tinca"}], "flickr": [{"text": "tench"}, {"text": "tinca"}]}',
          '{"wnid": "n02123394", "inaturalist": null}',
        ].join('\n'),
      },
    );
    expect(text).toContain(
      [
        'wnid       name             folder            inaturalist                       flickr',
        'n01440764  tench            tench/            1 search                          2 searches',
        'n02123394  Persian cat      Persian cat/      nothing to ask for                by name: "Persian cat"',
        'n02268443  dragonfly        dragonfly/        needs a line in the queries file  by name: "dragonfly"',
        'n03000134  chainlink fence  chainlink fence/  needs a line in the queries file  by name: "chainlink fence"',
      ].join('\n'),
    );
    expect(text).toMatch(/next: winnow run --collection mine --source inaturalist --limit 100 --set crawl\.contact=/);
    expect(classes[0]?.searches).toEqual({
      inaturalist: { terms: ['Tinca tinca'], problems: [], hasLine: true },
      flickr: { terms: ['"tench"', '"tinca"'], problems: [], hasLine: true },
    });
  });

  it('counts a queries file that cannot be read as a problem, and warns of lines that are not understood', async () => {
    const lines = `${FOUR}\namong: imagenet-1k\nsources: [flickr]\nqueries: q.jsonl`;
    const bad = await report(lines, { 'q.jsonl': 'tench\n' });
    expect([bad.collection, bad.problems]).toEqual([null, [expect.stringContaining("q.jsonl:1 but received 'tench'")]]);
    const odd = await report(lines, { 'q.jsonl': '{"wnid": "n01440764", "flickr": [5]}' });
    expect([odd.problems, odd.warnings]).toEqual([
      [],
      [expect.stringMatching(/for 'flickr' in the line of n01440764/)],
    ]);
  });

  it('warns of a model whose file has to be downloaded first', async () => {
    const { problems, warnings } = await report(`${FOUR}\namong: imagenet-1k\nensemble: [resnet50-v1-12]`);
    expect([problems, warnings]).toEqual([
      [],
      [expect.stringMatching(/the model 'resnet50-v1-12' .*winnow models pull/)],
    ]);
  });

  it('shows the classes that a kept photo may be predicted as if any concept is allowed, otherwise the concepts', async () => {
    const any = await report('mode: O\nclasses: [n01440764, n02268443]');
    expect(any.text).toMatch(
      /of any concept, taken for one of these classes:\nwnid +name\nn01440764 +tench\nn02268443 +dragonfly\n\n/,
    );
    const listed = await report('mode: O\nclasses: imagenet-o\nconcepts: [garden gnome]');
    expect(listed.text).toMatch(/\n\nwnid +name +folder\ngarden_gnome +garden gnome +garden gnome\/\n\n/);
  });
});

describe('winnow collection init and check', () => {
  it('write a file whose models choose among 1,000 classes, and find it usable', async () => {
    await withFolder(async (cwd) => {
      expect((await winnow(['collection', 'init', 'birds'], { cwd })).code).toBe(0);
      expect(await readFile(join(cwd, 'config/collections/birds.yaml'), 'utf8')).toMatch(/^among: imagenet-1k$/m);
      const check = await winnow(['collection', 'check', 'birds'], { cwd });
      expect([check.code, check.stderr]).toEqual([0, '']);
      expect(check.stdout).toMatch(
        /\nThis collection can be used\.\nDIR .*\nnext: winnow run --collection birds --from DIR\n$/,
      );
      const json = await winnow(['collection', 'check', 'birds', '--json'], { cwd });
      expect(JSON.parse(json.stdout)).toMatchObject({
        ok: true,
        warnings: [],
        classes: 3,
        among: 1000,
        classTable: [{ wnid: 'n02206856', name: 'honeybee', folder: 'honeybee', searches: {} }, {}, {}],
      });
    });
  });

  it('name the folder of the photos, and say how many have no licence and are not exported', async () => {
    await withFolder(async (cwd) => {
      await mkdir(join(cwd, 'photos'));
      const labels = 'file,wnid,licence\na.jpg,dragonfly,CC0-1.0\nb.jpg,dragonfly,\nc.jpg,tench,\n';
      await writeFile(join(cwd, 'photos', 'labels.csv'), labels);
      const init = async (name: string, ...rights: string[]): Promise<[number | null, string]> => {
        const { code, stdout, stderr } = await winnow(['collection', 'init', name, '--from', 'photos', ...rights], {
          cwd,
        });
        return [code, stdout + stderr];
      };
      const without = '2 files in photos have no licence in labels.csv or in the collection file.';
      const next = 'next: winnow run --collection';
      expect(await init('a')).toEqual([0, expect.stringContaining(without)]);
      const check = await winnow(['collection', 'check', 'a'], { cwd });
      expect(check.stdout).toMatch(new RegExp(`warning: ${without}.* rights set --collection a .*\n${next} a\n$`, 's'));
      expect(await init('b', '--licence', 'cc by 4.0', '--creator', 'Ana')).toEqual([
        0,
        `wrote config/collections/b.yaml with 2 classes\n${next} b\n`,
      ]);
      expect(await readFile(join(cwd, 'config/collections/b.yaml'), 'utf8')).toContain(
        '\nfolder: { from: "photos", licence: "CC-BY-4.0", creator: "Ana" }\n',
      );
      expect(await init('c', '--licence', 'CC-BY-4.1')).toEqual([
        2,
        expect.stringContaining("Did you mean 'CC-BY-4.0'?"),
      ]);
      expect((await winnow(['collection', 'init', 'd', '--licence', 'MIT'], { cwd })).stderr).toContain(
        'Expected --from DIR',
      );
      // Nothing is stated with this.
      expect(await init('d', '--licence', 'unknown')).toEqual([0, expect.stringContaining(without)]);
      await rename(join(cwd, 'photos'), join(cwd, 'moved'));
      const { code, stdout } = await winnow(['collection', 'check', 'b'], { cwd });
      expect([code, stdout]).toEqual([0, expect.stringMatching(/^warning: .*'photos'.*no such file/m)]);
      await writeFile(join(cwd, 'moved', 'labels.csv'), 'file,wnid\n');
      expect((await winnow(['collection', 'init', 'e', '--from', 'moved'], { cwd })).stderr).toContain(
        'has a labels.csv that lists no photo with a class',
      );
    });
  });
});
