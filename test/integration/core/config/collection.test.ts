import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { parseQueries } from '../../../../src/core/crawl/candidates/wanted-class.ts';
import { loadClassTable } from '../../../../src/core/collection/class-table.process.ts';
import {
  checkCollection,
  listCollections,
  usableCollection,
} from '../../../../src/core/collection/collection.process.ts';
import { cardFor, listCards } from '../../../../src/core/collection/cards/model-card.process.ts';
import { packageRoot } from '../../../../src/core/config/root.ts';
import { UsageError } from '../../../../src/core/kernel/errors.ts';
import { testFolder } from '../../../support/test-app.ts';

const A_SHA256 = 'f6aa4b23244554d9b864fd715ae20048f6a9686388911b2dfbf1ada01bf0f520';
const O_SHA256 = '39f8e64e8f89efad8fd9615c061abc61695ffbd27793e87199181cb4fb340083';
const BUNDLED = ['custom', 'demo', 'imagenet-a', 'imagenet-a-paper', 'imagenet-o'];

/** A user's working directory outside the package. */
let home: string;

beforeEach(async () => {
  home = await testFolder();
});

const write = async (name: string, text: string): Promise<string> => {
  const path = join(home, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
  return path;
};
const find = async (nameOrPath: string) => (await usableCollection(nameOrPath, home)).collection;
const check = (nameOrPath: string) => checkCollection(nameOrPath, home);

describe('the bundled class table', () => {
  it('has the 1,000 classes by sorted wnid', async () => {
    const { rows, byWnid } = await loadClassTable();
    expect(rows).toHaveLength(1000);
    expect(rows.every((row, i) => row.index === i)).toBe(true);
    expect(rows.map((row) => row.wnid)).toEqual(rows.map((row) => row.wnid).toSorted());
    expect(byWnid.get('n02268443')?.name).toBe('dragonfly');
  });

  it('finds every class by its own name, except for those that share one', async () => {
    const { rows, resolveLabel } = await loadClassTable();
    const lost = rows.filter((row) => {
      const found = resolveLabel(row.name);
      return !found.ok || found.wnid !== row.wnid;
    });
    expect(lost.map((row) => row.name)).toEqual(['Cardigan', 'cardigan', 'crane', 'maillot']);
  });

  it("finds every class as ImageNet's own files write it, its names by comma", async () => {
    const { rows, resolveLabel } = await loadClassTable();
    const missed = rows.filter(({ wnid, synonyms }) => {
      const written = synonyms.join(', ');
      const found = [written, written.replaceAll(' ', '_'), `${wnid} ${written}`].map((label) => resolveLabel(label));
      return synonyms.length > 1 && found.some((result) => !result.ok || result.wnid !== wnid);
    });
    expect(missed).toEqual([]);
  });
});

describe('the bundled collections', () => {
  it('are found by name and have no problems or warnings', async () => {
    const names = (await listCollections(home)).map((collection) => collection.name);
    expect(names).toEqual(BUNDLED);
    const checks = await Promise.all(names.map((name) => check(name)));
    expect(checks).toMatchObject(names.map((name) => ({ problems: [], warnings: [], collection: { name } })));
  });

  it('have the released classes of ImageNet-A and its queries', async () => {
    const { classes, queries, sources, policy } = await find('imagenet-a');
    expect(classes.wnids).toHaveLength(200);
    expect(classes.sha256).toBe(A_SHA256);
    const files = ['queries-imagenet-a', 'queries-commons'].map((name) =>
      join(packageRoot, `config/classes/${name}.jsonl`),
    );
    expect(queries?.from).toBe(files.join(', '));
    const dragonfly = parseQueries(queries?.text ?? '', '').get('n02268443');
    expect(Object.keys(dragonfly ?? {})).toEqual([
      'wnid',
      'name',
      'inaturalist',
      'flickr',
      'duckduckgo',
      'note',
      'commons',
    ]);
    expect(sources).toEqual(['inaturalist', 'flickr', 'duckduckgo']);
    expect(policy).toMatchObject({ threshold: 0.15, cap: 15 });
  });
});

describe('usableCollection', () => {
  it("finds a user's own file in the working directory before the bundled one of that name", async () => {
    const file = await write('config/collections/demo.yaml', 'name: demo\nclasses: imagenet-o\nmode: O\n');
    const collection = await find('demo');
    expect(collection.file).toBe(file);
    expect(collection.classes.sha256).toBe(O_SHA256);
    expect((await listCollections(home)).map(({ name }) => name)).toEqual(BUNDLED);
  });

  it('accepts a path relative to the working directory with any file name', async () => {
    await write('sets/any name.yaml', 'name: mine\nclasses: [n02268443, n02119022]\n');
    expect((await find('sets/any name.yaml')).name).toBe('mine');
    expect((await find('./sets/any name.yaml')).classes.wnids).toEqual(['n02119022', 'n02268443']);
  });

  it('gives the same hash whether classes are listed by name or by wnid', async () => {
    await write(
      'by-name.yaml',
      'name: mine\nclasses: [Kite, "sea lion", "house finch, linnet, Carpodacus mexicanus"]\n',
    );
    await write('by-wnid.yaml', 'name: mine\nclasses: [n01608432, n02077923, n01532829]\n');
    const [byName, byWnid] = [await find('./by-name.yaml'), await find('./by-wnid.yaml')];
    expect([...byName.classes.nameByWnid.values()].toSorted()).toEqual(['house finch', 'kite', 'sea lion']);
    expect(byName.rulesSha256).toBe(byWnid.rulesSha256);
  });

  it('reads a class list beside the file, and reports its line numbers', async () => {
    await write('sets/fish.txt', '# fish\nn01440764\nn01443537\n');
    await write('sets/fish.yaml', 'name: fish\nclasses: fish.txt\n');
    expect((await find('sets/fish.yaml')).classes.wnids).toEqual(['n01440764', 'n01443537']);
    await write('sets/fish.txt', 'tench\ngoldfish, Carassius auratus\n');
    expect((await find('sets/fish.yaml')).classes.wnids).toEqual(['n01440764', 'n01443537']);
    await write('sets/fish.txt', 'n01440764\ngold fish\nn99999999\n');
    await expect(find('sets/fish.yaml')).rejects.toThrow(
      /fish\.txt:2 but 'gold fish' is not one of .*'goldfish'[^]*fish\.txt:3 but 'n99999999' is not one of/,
    );
  });

  it('suggests the nearest name for an unknown collection and lists all names', async () => {
    await expect(find('imagenet_a')).rejects.toThrow(
      "No such collection: imagenet_a. Did you mean 'imagenet-a'? Give one of custom, demo, imagenet-a, imagenet-a-paper, imagenet-o, or the path",
    );
    await expect(find('../none.yaml')).rejects.toThrow(/no such file/);
    await expect(find('')).rejects.toBeInstanceOf(UsageError);
  });

  it("refuses a file whose name differs from the collection's", async () => {
    await write('config/collections/a.yaml', 'name: b\nclasses: imagenet-a\n');
    await expect(find('a')).rejects.toThrow(/'name' in .*a\.yaml:1 is 'b', but the file's name is 'a'/);
  });
});

describe('checkCollection', () => {
  it('reports all problems at once', async () => {
    await write(
      'c.yaml',
      'name: c\nclasses: [n02268443, crane, hous finch]\nqueries: none.jsonl\nensemble: [efficientnet-lite9]\nsettings: {log.levl: info}\n',
    );
    const { collection, problems } = await check('c.yaml');
    expect(collection).toBeNull();
    expect(problems).toEqual([
      expect.stringMatching(/'log\.levl' in .*\. Did you mean 'log\.level'\?/),
      expect.stringMatching(
        /^Expected an ImageNet-1k class in c.yaml:2 but 'crane' .*n02012849 .*wading bird.* n03126707/,
      ),
      expect.stringContaining(
        "in c.yaml:2 but 'hous finch' is not one of the 1,000 ImageNet-1k classes; the nearest name is 'house finch' (n01532829)",
      ),
      expect.stringContaining("No such queries file: 'none.jsonl' for 'queries' in c.yaml:3"),
      expect.stringMatching(/No such model: 'efficientnet-lite9'\. Did you mean .* \(c\.yaml:4\)/),
    ]);
  });

  it('accepts a hypernym of classes as a concept of mode O only if the file allows it', async () => {
    const text = 'name: o\nmode: O\nclasses: imagenet-o\nconcepts: [dog]\n';
    await write('o.yaml', text);
    expect((await check('o.yaml')).problems).toEqual([
      expect.stringMatching(/in o.yaml:4 but 'dog' stands above 118 .* allowHypernyms: true/),
    ]);
    await write('o.yaml', `${text}allowHypernyms: true\n`);
    expect((await check('o.yaml')).collection?.subjects.ids).toEqual(['dog']);
    await write('a.yaml', 'name: a\nclasses: imagenet-a\nallowHypernyms: true\n');
    expect((await check('a.yaml')).warnings).toEqual(["'allowHypernyms' in a.yaml:3 has no effect in mode A"]);
  });

  it.each([
    [
      'classes: imagnet-a',
      /a list's name .* for 'classes' in c\.yaml:2 but received 'imagnet-a'\. Did you mean 'imagenet-a'/,
    ],
    ['classes: [n02268443]', /Mode A needs at least two classes in c\.yaml:2/],
    ['classes: [n02268443, n02268443]', /Mode A needs at least two classes in c\.yaml:2/],
    [
      'classes: [{wnid: x1, name: a}, n02268443]\nmode: O',
      /Mode O needs classes of ImageNet-1k in c\.yaml:2.* Remove x1/,
    ],
    ['classes: .', /for 'classes' in c\.yaml:2 but received '\.'/],
    ['classes: imagenet-a\nclasses: imagenet-o', /c\.yaml:3: .*unique/],
  ])('refuses %j', async (lines, message) => {
    await write('c.yaml', `name: c\n${lines}\n`);
    const { collection, problems } = await check('c.yaml');
    expect(collection).toBeNull();
    expect(problems).toEqual([expect.stringMatching(message)]);
  });

  it.each([
    'classes: [{wnid: x1, name: my class}, n02268443]',
    'classes: [n02268443]\namong: [n02268443, {wnid: x1, name: my class}]',
  ])('refuses classes to choose among that a model does not know: %j', async (lines) => {
    await write('c.yaml', `name: c\n${lines}\n`);
    const { collection, problems } = await check('c.yaml');
    expect(collection).toBeNull();
    expect(problems).toEqual(
      ['efficientnet-lite0', 'efficientnet-lite1'].map((name) =>
        expect.stringMatching(`The model '${name}' \\(c\\.yaml.* Its 1000 classes .* lack x1\\.`),
      ),
    );
  });

  it('reads the file again on each call, so that it sees changes', async () => {
    await write('c.yaml', 'name: c\nclasses: imagenet-a\n');
    const before = await find('c.yaml');
    await write('c.yaml', 'name: c\nclasses: imagenet-a\npolicy: {cap: 3}\n');
    const after = await find('c.yaml');
    expect(after.sha256).not.toBe(before.sha256);
    expect(after.rulesSha256).toBe(before.rulesSha256);
  });
});

describe('the classes that the models choose among', () => {
  const MY_MODEL = 'n02268443\nmy-moth my moth\nmy-bee\n';

  /** A model card. By default it has three classes, two of them the user's own. */
  const addModel = async (classes = MY_MODEL): Promise<void> => {
    const bundled = await readFile(join(packageRoot, 'config/models/resnet50-structure.yaml'), 'utf8');
    const card = bundled
      .replace('name: resnet50-structure', 'name: mine')
      .replace('classes: imagenet-1k', 'classes: mine.txt');
    await write('config/models/mine.yaml', card);
    await write('config/models/mine.txt', classes);
  };

  it("are by default the collection's classes, in the order of all lists", async () => {
    await write('c.yaml', 'name: c\nclasses: [n02268443, n02119022]\n');
    const plain = await find('c.yaml');
    expect(plain.evidenceClasses.wnids).toEqual(['n02119022', 'n02268443']);
    await write('c.yaml', 'name: c\nclasses: [n02268443, n02119022]\namong: [n02268443, n02119022]\n');
    const spelt = await find('c.yaml');
    expect(spelt.evidenceClasses).toMatchObject({ wnids: plain.evidenceClasses.wnids, sha256: plain.classes.sha256 });
    expect(spelt.rulesSha256).toBe(plain.rulesSha256);
  });

  it.each([
    ['the name of a list', 'among: imagenet-a', 200],
    ['a file', 'among: wide.txt', 3],
    ['a list', 'among: [n02268443, n02119022, n01440764]', 3],
  ])('are read from %s, while candidates are of the classes', async (_, line, count) => {
    await write('wide.txt', 'n01440764 # tench\nn02119022\nn02268443\n');
    await write('c.yaml', `name: c\nclasses: [n02268443]\n${line}\n`);
    const { classes, subjects, evidenceClasses } = await find('c.yaml');
    expect(evidenceClasses.wnids).toHaveLength(count);
    expect([classes.wnids, subjects.ids]).toEqual([['n02268443'], ['n02268443']]);
  });

  it.each([
    [
      'classes: [n02268443, n01440764]\namong: [n02119022, n02268443]',
      /'among' \(c\.yaml:3\) lacks these classes of 'classes': n01440764 \(tench\)\. Add them to 'among', or/,
    ],
    ['classes: [n02268443]\namong: [n02268443]', /Mode A needs at least two classes in c\.yaml:3/],
    ['classes: [n02268443]\namong: imagnet-1k', /for 'among' in c\.yaml:3 but received 'imagnet-1k'\. Did you mean/],
    [
      'classes: [n02268443]\namong: [n02268443, geese]',
      /in c\.yaml:3 but 'geese' is not one .* is 'goose' \(n01855672\)/,
    ],
    [
      'classes: [{wnid: n02268443, name: dragon}]\namong: [{wnid: n02268443, name: fly}, n02119022]',
      /The class 'n02268443' has two names: 'dragon' in 'classes' and 'fly' in 'among' \(c\.yaml:3\)/,
    ],
  ])('refuses %j', async (lines, message) => {
    await write('c.yaml', `name: c\n${lines}\n`);
    expect((await check('c.yaml')).problems).toEqual([expect.stringMatching(message)]);
  });

  it('have the names that either list gives, and these names also find the outputs of a model', async () => {
    await addModel();
    await write('own.txt', 'n02268443\nmoth-1\nmy-bee\n');
    await write(
      'c.yaml',
      'name: c\nclasses: [{wnid: moth-1, name: My Moth}, {wnid: my-bee, name: bee}, {wnid: n02268443, name: dragon}]\namong: own.txt\nensemble: [mine]\n',
    );
    const { problems, collection } = await check('c.yaml');
    expect(problems).toEqual([expect.stringMatching(/The model 'mine' .* Its 3 classes \(mine\.txt\) lack moth-1/)]);
    expect(collection).toBeNull();
    await write('config/models/mine.txt', MY_MODEL.replace('my-moth my moth', 'My Moth'));
    const { evidenceClasses } = await find('c.yaml');
    expect([...evidenceClasses.nameByWnid.values()]).toEqual(['dragon', 'My Moth', 'bee']);
  });

  it("must include the user's own class, and its name is suggested for a misspelt one", async () => {
    await addModel('moth-1\nn02077923\n');
    await write('c.yaml', 'name: c\nclasses: [{wnid: moth-1, name: hawk moth}]\namong: imagenet-1k\n');
    expect((await check('c.yaml')).problems).toEqual([expect.stringMatching(/\(c\.yaml:3\).* moth-1 \(hawk moth\)/)]);
    await write('c.yaml', 'name: c\nclasses: [{wnid: moth-1, name: hawk moth}, sea lion]\nensemble: [mine]\n');
    const { subjects } = await find('c.yaml');
    expect(subjects.resolveLabel('hawk mot')).toMatchObject({
      detail: expect.stringContaining("'hawk moth' (moth-1)"),
    });
    expect(subjects.resolveLabel('kyte')).toMatchObject({ detail: expect.stringContaining("'kite' (n01608432)") });
  });

  it('are all that the model knows in mode O', async () => {
    await write('c.yaml', 'name: c\nmode: O\nclasses: imagenet-o\namong: imagenet-a\n');
    const { warnings, collection } = await check('c.yaml');
    expect(warnings).toEqual([expect.stringContaining('no effect in mode O')]);
    expect(collection?.evidenceClasses.wnids).toHaveLength(1000);
  });
});

describe('an ensemble', () => {
  it('with an untrained model gets a warning', async () => {
    const file = await write('blank.yaml', 'name: blank\nclasses: imagenet-a\nensemble: [resnet50-structure]\n');
    const { problems, warnings } = await check(file);
    expect([problems, warnings]).toEqual([[], [expect.stringMatching(/'resnet50-structure' .* is untrained/)]]);
  });
});

describe('cardFor', () => {
  it.each([
    { name: 'efficientnet-lite0', input: { name: 'image', size: 224 }, resize: { shorterSide: 256 }, trained: true },
    { name: 'efficientnet-lite1', input: { name: 'image', size: 240 }, resize: { shorterSide: 274 }, trained: true },
    { name: 'efficientnet-lite2', input: { name: 'image', size: 260 }, resize: { shorterSide: 297 }, trained: true },
    { name: 'resnet50-structure', input: { name: 'data', size: 224 }, resize: { shorterSide: 256 }, trained: false },
  ])('reads the bundled card of $name, whose facts are those of the file', async (facts) => {
    const card = await cardFor(facts.name, home);
    expect(card).toMatchObject(facts);
    const file = await readFile(card.path);
    expect(file.length).toBe(card.bytes);
    expect(createHash('sha256').update(file).digest('hex')).toBe(card.sha256);
  });

  it("finds a user's own card in the working directory, with its model beside it", async () => {
    const bundled = await readFile(join(packageRoot, 'config/models/resnet50-structure.yaml'), 'utf8');
    await write(
      'config/models/mine.yaml',
      bundled.replace('name: resnet50-structure', 'name: mine').replace('file: assets/', 'file: weights/'),
    );
    expect((await cardFor('mine', home)).path).toBe(join(home, 'weights/models/resnet50-structure.onnx'));
    expect((await listCards(home)).map(({ name }) => name)).toContain('mine');
  });

  it('looks for a model that is downloaded in the working directory, and for a bundled one in the package', async () => {
    expect((await cardFor('resnet50-v1-12', home)).path).toBe(join(home, 'config/local/models/resnet50-v1-12.onnx'));
    expect((await cardFor('efficientnet-lite0', home)).path).toBe(
      join(packageRoot, 'assets/models/efficientnet-lite0.onnx'),
    );
  });

  it('suggests the nearest name for an unknown card, and never leaves its folder', async () => {
    await expect(cardFor('efficientnet-lite3', home)).rejects.toThrow(
      /No such model: 'efficientnet-lite3'\. Did you mean 'efficientnet-lite0'/,
    );
    await expect(cardFor('../models/efficientnet-lite0', home)).rejects.toThrow(/No such model/);
  });
});
