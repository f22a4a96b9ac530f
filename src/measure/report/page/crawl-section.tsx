/** @jsxRuntime automatic @jsxImportSource preact */
import { countOf, countText } from '../../../core/kernel/texts.ts';
import { STRATA } from '../../../core/kernel/strata.ts';
import type { ReportedCrawl } from '../report.ts';
import type { OfPage } from './context.ts';
import { markedModels } from './models.ts';
import { MODEL_COLUMN, Table } from './parts.tsx';
import { acceptedOfCrawl, percentText, photosOfCrawl, sampledText, setAccuracyText } from './texts.ts';

/** With fewer drawn photos of a larger stratum, intervals are too short. */
const FEW_DRAWN = 20;

/** How accurate the models are on the crawl from which the set was filtered. */
export function CrawlTables({ context }: OfPage) {
  const { crawl } = context.report;
  if (crawl === undefined) return null;
  if ('reason' in crawl) return <p class="note">The accuracy on the crawl is unknown. {crawl.reason}</p>;
  const { strata, models } = crawl;
  const rows = markedModels(context.report).flatMap((marked) => {
    const found = models.find(({ model }) => model === marked.model.model);
    return found === undefined ? [] : [{ ...marked, found }];
  });
  return (
    <>
      <CrawlNote crawl={crawl} />
      <div class="tables">
        <Table
          caption="Accuracy on the crawl"
          csv={context.csv('crawl')}
          rows={rows}
          columns={[
            MODEL_COLUMN,
            ['on the set', ({ model }) => setAccuracyText(model)],
            [
              'on the crawl',
              ({ found }) =>
                'reason' in found ? found.reason : `${percentText(found.accuracy)} (${sampledText(found)})`,
            ],
          ]}
        />
        <Table
          caption="Parts of the crawl"
          csv={context.csv('crawl-strata')}
          rows={strata}
          columns={[
            ['part', ({ name }) => STRATA[name]],
            ['photos', ({ photos }) => countText(photos)],
            ['judged', ({ drawn }) => countText(drawn)],
            ['of these accepted', (row) => percentText(row.drawn === 0 ? null : row.valid / row.drawn)],
          ]}
        />
      </div>
    </>
  );
}

function CrawlNote({ crawl }: { readonly crawl: ReportedCrawl }) {
  const { valid, strata } = crawl;
  const isSmall = strata.some(({ drawn, photos }) => drawn < Math.min(FEW_DRAWN, photos));
  return (
    <p class="note">
      The crawl here means {countOf(photosOfCrawl(crawl), 'photo')}: those of the classes with at least one listed photo
      that the filter kept, or dropped as correct or confident. Each counts once. Near-duplicates of listed photos are
      left out; other near-duplicates stay. People judged all listed photos and a random sample of the rest, without
      knowing the models’ answers.{' '}
      {'reason' in valid ? valid.reason : `They accept ${acceptedOfCrawl(crawl)} (${sampledText(valid)}).`} The
      accuracies are of accepted photos. Do not read the gap to the accuracy on the set as the filter’s effect alone:
      the cap and the mix of classes differ, too.
      {isSmall ? ` Fewer than ${FEW_DRAWN} photos of a part were drawn, so the intervals may be too short.` : null}
    </p>
  );
}
