import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { renderToStaticMarkup } from 'preact-render-to-string';
import { reportHtml } from '../../../../../src/measure/report/report-html.tsx';
import type { ModelReport, Report } from '../../../../../src/measure/report/report.ts';
import { reportTables } from '../../../../../src/measure/report/tables.ts';
import { reportFigures } from '../../../../../src/measure/report/page/figures.ts';
import type { Heatmap } from '../../../../../src/core/review/desk/desk.ts';
import type { ReportPageProps } from '../../../../../src/measure/report/page/context.ts';
import { bestOutsider } from '../../../../../src/measure/report/page/models.ts';
import { humanAccuracy, withoutNames } from '../../../../../src/core/review/quiz/results.ts';
import { countText } from '../../../../../src/core/kernel/texts.ts';
import { ReportPage } from '../../../../../src/measure/report/page/page.tsx';
import { ServedReport, type ServedReportProps } from '../../../../../src/measure/report/page/served.tsx';
import { sha256Of } from '../../../../support/sha256.ts';
import { repositoryRoot } from '../../../../support/winnow.ts';
import { madeReport, type MadeReport } from '../../../../support/made-report.ts';

const PICTURE = 'data:image/webp;base64,UklGRg==';
const pages = new Map<MadeReport, string>();
/** The page of a made report, which is written once for the same options. */
function htmlOf(options: MadeReport = {}): string {
  const html = pages.get(options) ?? reportHtml(madeReport(options), () => PICTURE);
  pages.set(options, html);
  return html;
}
const textOf = (html: string): string =>
  html
    .replaceAll(/<style>.*?<\/style>|<[^>]+>/gs, ' ')
    .replaceAll(/\s+/g, ' ')
    .replaceAll('&amp;', '&');
const all = (html: string, pattern: RegExp): string[] => [...html.matchAll(pattern)].map(([, found]) => found ?? '');

const KINDS: readonly (readonly [string, MadeReport])[] = [
  ['mode A', {}],
  ['mode O', { mode: 'O' }],
  ['hostile texts', { isHostile: true }],
  ['200 classes', { classes: 200, outsiders: 5 }],
  ['one class', { classes: 1, photos: 12, outsiders: 1, hasClean: false }],
  ['no photo', { photos: 0, outsiders: 0, hasClean: false }],
];

/** `photos` is the table of all kept photos, which is not part of the report. */
const FILES: readonly string[] = [...reportTables(madeReport()).map(({ name }) => name), 'photos'];

describe('bestOutsider', () => {
  const report = madeReport({ outsiders: 2 });
  const withShared = (...shared: readonly string[]) => ({
    ...report,
    models: report.models.map((model) => ({ ...model, sharesBackbone: shared.includes(model.model) })),
  });
  const names = report.models.filter(({ isMember }) => !isMember).map(({ model }) => model);
  const best = bestOutsider(report)?.model ?? '';

  it('is never a model that runs the file of a member', () => {
    const other = names.find((name) => name !== best);
    expect(bestOutsider(withShared(best))?.model).toBe(other);
    expect(bestOutsider(withShared(...names))).toBeNull();
  });

  it('is absent, with the reason, if all such models share the backbone of a member', () => {
    const text = textOf(reportHtml(withShared(...names), () => PICTURE));
    expect(text).toContain('all such models share the backbone of a member');
    expect(text).toContain('The only measured models besides the members share the backbone of a member.');
  });
});

it('a head that leaves out photos takes none from the counts of classes and confusions, and its note says how many', () => {
  const report = madeReport({ outsiders: 2 });
  const [first, second, ...others] = report.models;
  if (first === undefined || second === undefined) throw new Error('Expected two models');
  const fitted = { photos: 5, of: first.photos, clean: 2, inDistribution: 0 };
  const withPhotos = (model: ModelReport, ofClass: number, ofConfusion: number): ModelReport => ({
    ...model,
    perClass: model.perClass.map((row) => ({ ...row, photos: ofClass })),
    perConfusion: model.perConfusion.map((row) => ({ ...row, photos: ofConfusion })),
  });
  const head = { ...withPhotos(second, 1_234, 5_678), fitted };
  const whole = withPhotos(first, 4_321, 8_765);
  for (const models of [
    [head, whole],
    [whole, head],
  ]) {
    const text = textOf(reportHtml({ ...report, models: [...models, ...others] }, () => PICTURE));
    expect(text).toMatch(/4,321.*8,765/);
    expect(text).not.toMatch(/1,234|5,678/);
    expect(text).toContain(`fitted on 5 of ${countText(first.photos)} photos of this set and 2 clean photos; left out`);
  }
});

describe('reportHtml', () => {
  it.each(KINDS)('asks for nothing from outside and runs nothing: %s', (_, options) => {
    const html = htmlOf(options);
    expect(html).toContain(
      `default-src &#39;none&#39;; img-src data:; style-src &#39;sha256-`.replaceAll('&#39;', "'"),
    );
    expect(all(html, /<(script|link|iframe|object|form|base)\b/g)).toEqual([]);
    expect(
      all(html, /(?:src|href)="([^"]*)"/g).filter(
        (address) => !/^(#|data:image\/|csv\/|figures\/|report\.json$)/.test(address),
      ),
    ).toEqual([]);
    expect(html).not.toMatch(/ style="| on\w+="/);
  });

  it.each(KINDS)('links to tables and figures that exist only: %s', (_, options) => {
    const html = htmlOf(options);
    const tables = new Set(all(html, /href="csv\/([^"]*)\.csv"/g));
    expect([...tables].filter((name) => !FILES.includes(name))).toEqual([]);
    const figures = all(html, /href="figures\/([^"]*)\.svg"/g);
    const names = reportFigures(madeReport(options)).map(({ name }) => name);
    expect(figures.filter((name) => !names.includes(name))).toEqual([]);
  });

  it.each(KINDS)('has headings in order, unique ids and targets that exist: %s', (_, options) => {
    const html = htmlOf(options);
    const levels = all(html, /<h([1-6])/g).map(Number);
    expect(levels[0]).toBe(1);
    expect(levels.filter((level, i) => i > 0 && level > (levels[i - 1] ?? 0) + 1)).toEqual([]);
    const ids = all(html, / id="([^"]+)"/g);
    expect(ids.filter((id, i) => ids.indexOf(id) !== i)).toEqual([]);
    expect(all(html, /href="#([^"]+)"/g).filter((id) => !ids.includes(id))).toEqual([]);
    expect(
      all(html, /aria-labelledby="([^"]+)"/g)
        .flatMap((names) => names.split(' '))
        .filter((id) => !ids.includes(id)),
    ).toEqual([]);
  });

  it.each(KINDS)('shows no fraction, NaN or name of a missing value: %s', (_, options) => {
    expect(textOf(htmlOf(options))).not.toMatch(/NaN|undefined|\bnull\b|Infinity|\d\.\d{4}/);
  });

  it.each([
    ['mode A', {}],
    ['mode O', { mode: 'O' }],
    ['no photo', { photos: 0, outsiders: 0, hasClean: false }],
  ] as const)('says what the set is worth, with intervals, and what is missing: %s', async (name, options) => {
    const text = htmlOf(options)
      .replaceAll(/<style>.*?<\/style>|<[^>]+>/gs, '\n')
      .replaceAll(/\s*\n\s*/g, '\n');
    const file = `test/fixtures/reports/${name.replace(' ', '-')}.txt`;
    await expect(text).toMatchFileSnapshot(path.join(repositoryRoot, file));
  });

  it('escapes texts of strangers, drops their control characters and cuts long ones', () => {
    const html = htmlOf({ isHostile: true });
    expect(html).not.toMatch(/<script|javascript:|[\u0000-\u0008\u202e]/); // oxlint-disable-line no-control-regex
    expect(html.match(/<\/title>/g)?.length).toBe(1 + (html.match(/<title id=/g)?.length ?? 0));
    expect(html).not.toMatch(/x{200}/);
  });
});

describe('ReportPage', () => {
  const page = (report: Report, props: Partial<ReportPageProps> = {}): string =>
    renderToStaticMarkup(
      <ReportPage
        report={report}
        pictures={() => null}
        linkOf={() => null}
        csv={(table) => `csv/${table}.csv`}
        json="report.json"
        photosCsv={null}
        figureFile={() => null}
        {...props}
      />,
    );

  it('says that no export has its photos, and does not say that there was no export', () => {
    const text = textOf(page({ ...madeReport(), revision: null }));
    expect(text).toContain('no export has exactly these photos');
    expect(text).not.toContain('not exported yet');
  });

  it('claims nothing of photos in mode O that no reviewer has accepted', () => {
    const made = madeReport({ mode: 'O' });
    const text = textOf(page({ ...made, set: { ...made.set, which: 'kept' } }));
    expect(text).toContain('kept by the filter; models choose among 1,000 classes');
    expect(text).not.toContain('show none of');
  });

  it('does not claim to know why models fail, or that every registered model could run', () => {
    const text = textOf(page({ ...madeReport(), leftOut: [] }));
    expect(text).not.toMatch(/Why models fail|is a matter of framing|every registered model could run/);
  });

  it('says the signed gap below 200 photos, and why there is no AURRA or tau', () => {
    const { models, fairness, ...rest } = madeReport({ photos: 99 });
    const withGap = models.map((model) => ({ ...model, signedGap: model.isMember ? 0.5 : -0.031 }));
    const without = fairness && { ...fairness, kendallTau: null, kendallTauLow: null, kendallTauHigh: null };
    const text = textOf(page({ ...rest, models: withGap, ...(without && { fairness: without }) }));
    expect(text).toMatch(/Signed gap, mean confidence minus accuracy: efficientnet-lite2 −3\.1 points, /);
    expect(text).toMatch(
      /no AURRA\. The 95 % interval of the accuracy ends at: efficientnet-lite0 3\.7.%, efficientnet-lite1 3\.7.%\./,
    );
    expect(text).toContain('needs 100 photos of each: on fewer, chance orders the models');
    expect(textOf(page(madeReport()))).not.toContain('Signed gap');
  });

  it('has people beside the models by letters, or says that no human accuracy was measured', () => {
    const answered = ['dora', 'emil'].flatMap((reviewer) =>
      Array.from({ length: 10 }, (_, i) => ({
        reviewer,
        sha256: sha256Of(String(i)),
        isRight: i > 0,
        isControl: false,
        choices: null,
      })),
    );
    const letters = new Map([
      ['dora', 'A'],
      ['emil', 'B'],
    ]);
    const html = page({ ...madeReport(), human: withoutNames(humanAccuracy(answered), letters) });
    const text = textOf(html);
    expect(text).toMatch(/Person B 10 90\.0.% \(59\.6 to 98\.2.%\)/);
    expect(text).toMatch(/These people, new photos 10 90\.0.% \(52\.3 to 98\.7.%\)/);
    expect(text).toContain('(95 % interval 52.3 % to 98.7 % for these people and new photos; none for new people');
    const shown = all(html, /<text[^>]*>(Person [AB]|These people, new photos|New people)</g);
    expect(shown).toEqual(['Person A', 'Person B', 'These people, new photos']);
    expect(html).not.toMatch(/dora|emil/);
    const five = ['a', 'b', 'c', 'd', 'e'].flatMap((reviewer) =>
      answered.slice(0, 10).map((one) => ({ ...one, reviewer })),
    );
    const ofFive = textOf(page({ ...madeReport(), human: withoutNames(humanAccuracy(five), letters) }));
    expect(ofFive).toMatch(/New people 10 90\.0.% \([\d.]+ to [\d.]+.%\)/);
    expect(textOf(page(madeReport()))).toContain('No human accuracy was measured.');
  });

  it('says why there is no model that did not filter', () => {
    expect(textOf(htmlOf({ outsiders: 0 }))).toContain('did not filter – all such models were left out');
    const report = { ...madeReport({ outsiders: 0 }), leftOut: [] };
    expect(textOf(page(report))).toContain('did not filter – no such model was measured');
  });

  it('gives every chart a text alternative with numbers', () => {
    for (const options of [{}, { mode: 'O' } as const]) {
      const figures = reportFigures(madeReport(options));
      expect(figures.length).toBeGreaterThan(8);
      expect(figures.filter(({ text }) => !/^[\w"].*\d.*\.$/.test(text)).map(({ name, text }) => [name, text])).toEqual(
        [],
      );
    }
  });

  it('calls models different only if the corrected test does', () => {
    const report = madeReport();
    const [first] = report.comparisons;
    if (first === undefined) throw new Error('the report compares no models');
    const pair = { ...first, on: 'set' as const, low: 0.01, high: 0.2 };
    const comparisons = [pair, { ...pair, a: 'other', p: 0.03, pHolm: 0.06 }];
    const figure = reportFigures({ ...report, comparisons }).find(({ name }) => name === 'comparisons');
    expect(figure?.text).toContain('1 of 2 pairs of models differ by more than chance');
  });

  it('draws both heatmaps of a photo on one scale, which its legend names', () => {
    const report = madeReport();
    const [photo] = report.gallery;
    if (photo?.searched == null) throw new Error('the first photo has no heatmaps');
    const heat = (values: readonly number[]) => ({ ...photo.searched, rows: 1, columns: 2, values }) as Heatmap;
    const gallery = [{ ...photo, searched: heat([2, -1]), predicted: heat([8, 1]) }];
    const html = page({ ...report, gallery }, { pictures: () => PICTURE });
    expect(all(html.slice(html.indexOf('<section id="why"')), /fill-opacity="([^"]+)"/g)).toEqual([
      '0.2',
      '0.8',
      '0.1',
    ]);
    expect(textOf(html)).toContain('0 +4.0 ');
  });

  it('says that the RMS error of fewer than 200 photos has one bin, and why the upstream-compatible one is 0', () => {
    const [few, enough] = [150, 200].map((photos) => textOf(htmlOf({ photos })));
    for (const text of ['Below 200 photos the RMS error has one bin', 'From 100 to 199 photos there is no other bin']) {
      expect(few).toContain(text);
      expect(enough).not.toContain(text);
    }
  });

  /** A report of listed photos, of which reviewers have accepted some. */
  const withAccepted = (selected: number): Report => {
    const { funnel, ...rest } = madeReport();
    const totals = { ...funnel.totals, selected };
    return { ...rest, funnel: { ...funnel, totals }, set: { which: 'listed', photos: 412, classes: 10 } };
  };

  const withoutEvidence = (): Report => {
    const { fairness, ...report } = madeReport();
    if (fairness === undefined) throw new Error('the report says nothing of fairness');
    const models = fairness.models.map((one) => (one.isMember ? { ...one, accuracy: null, unread: 3 } : one));
    return { ...report, fairness: { ...fairness, models } };
  };

  it.each<readonly [what: string, report: Report, warning: RegExp]>([
    [
      'nobody has accepted a photo',
      withAccepted(0),
      /These are the listed photos: no reviewer has accepted one\..*winnow review --collection birds/,
    ],
    [
      'photos that nobody has accepted are among those of the report',
      withAccepted(300),
      /These are the listed photos: reviewers have accepted 300\..*winnow report --collection birds --photos accepted/,
    ],
    ['members differ', madeReport(), /efficientnet-lite1 and efficientnet-lite0 differ by 2\.7 points on clean photos/],
    ['there are few photos', madeReport({ photos: 40 }), /40 photos are few: 95 % intervals are up to 30 points wide/],
    ['no clean photos were given', madeReport({ hasClean: false }), /winnow report --collection birds --clean DIR/],
    [
      'all models filtered',
      { ...madeReport({ outsiders: 0 }), leftOut: [] },
      /No model but members of the filter was measured\..*winnow models add FILE/,
    ],
    [
      'all other models were left out',
      madeReport({ outsiders: 0 }),
      /the others were left out, for the reasons under Method/,
    ],
    [
      'the best model that did not filter is of the family of a member',
      {
        ...madeReport(),
        models: madeReport().models.map((model) => ({ ...model, family: 'ResNet' })),
      },
      /resnet50-v1-12, the best model that did not filter, is of the same family as efficientnet-lite0 and efficientnet-lite1 \(ResNet\)/,
    ],
    [
      'evidence for the set without a member is missing',
      withoutEvidence(),
      /3 photos for efficientnet-lite0, .*winnow report --collection birds --fill --out DIR/,
    ],
    [
      'mode O has no photos in the distribution',
      { ...madeReport({ mode: 'O' }), inDistribution: null },
      /winnow report --collection birds --in-distribution DIR/,
    ],
  ])('warns if %s', (_, report, warning) => {
    expect(textOf(page(report))).toMatch(warning);
  });

  it('warns of nothing if there is no reason', () => {
    const report = { ...madeReport({ classes: 30 }), memberGap: null };
    expect(page(report)).not.toContain('Caution');
  });

  it('leads from counts to their photos, and to the table where no page shows them', () => {
    const linked = page(madeReport(), {
      linkOf: (kind, key, details) => ['/photos', kind, key, ...Object.values(details ?? {})].join('/'),
    });
    expect(linked).toContain('href="/photos/stage/kept"');
    expect(linked).toContain('href="/photos/class/n01000000"');
    for (const stage of ['found', 'fetched', 'kept', 'listed', 'accepted'])
      for (const of of ['class/n01000000', 'source/flickr']) expect(linked).toContain(`href="/photos/${of}/${stage}"`);
    const [top] = madeReport().confusion.top;
    const key = `${top?.wnid}/${top?.predictedWnid}`;
    expect(linked).toContain(`<a href="/photos/confusion/${key}">${top?.photos}</a>`);
    expect(page(madeReport())).toContain(`<a href="csv/confusion.csv">${top?.photos}</a>`);
    expect(linked).toContain('<a href="/photos/tag/unusual viewpoint"><bdi>unusual viewpoint</bdi> 91</a>');
    expect(page(madeReport())).not.toContain('class="leads"');
  });

  it('folds long tables, and shows short ones', () => {
    const folded = (options: MadeReport) => all(htmlOf(options), /<summary>([^<]*) </g);
    expect(folded({})).toEqual([]);
    expect(folded({ classes: 200 })).toContainEqual(expect.stringContaining('Accuracy by class'));
  });

  it('lays the heatmaps over the photo where the crop was', () => {
    const html = htmlOf();
    // The box is 0.65625 of the width and 0.875 of the height, so the photo is 4:3 and 133 units wide.
    expect(html).toContain('viewBox="0 0 133 100"');
    expect(html).toContain('<g transform="translate(22.86 6.25) scale(12.47 12.5)">');
    expect(html).toMatch(/class="shot heat searched"[^>]*aria-label="Where the model sees house finch"/);
  });

  it('says if it is stale, and offers to compute it again to those who may', () => {
    const shown = { report: madeReport(), changes: 'Since then: 12 decisions more.' };
    const served = (props: Partial<ServedReportProps> = {}): string =>
      renderToStaticMarkup(
        <ServedReport collection="birds" shown={shown} canRecompute linkOf={() => null} {...props} />,
      );
    expect(served()).toContain('<form method="post" action="/c/birds/report"><button>Compute again</button></form>');
    expect(textOf(served())).toContain('Stale Since then: 12 decisions more.');
    expect(served({ canRecompute: false })).not.toContain('<form');
    const fresh = served({ shown: { ...shown, changes: null } });
    expect(fresh).not.toContain('class="stale"');
    expect(textOf(fresh)).toContain('Fresh: of today’s catalogue Compute again');
    expect(served({ shown: { ...shown, changes: null }, canRecompute: false })).not.toContain('<form');
    expect(textOf(served({ shown: null }))).toContain('There is no report of this collection yet');
  });
});
