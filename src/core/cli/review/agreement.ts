import type { Command } from 'commander';
import { classNameOf, type Workspace } from '../../models/workspace/workspace.process.ts';
import { readAgreement } from '../../review/agreement/read-agreement.process.ts';
import type { Agreement, AgreementReport } from '../../review/agreement/agreement.ts';
import { countOf, fewPhotosText } from '../../kernel/texts.ts';
import { countText, writeResult } from '../text/output.ts';
import { tableText } from '../text/table.ts';
import { addCommand, runOnCollection } from '../start/context.ts';

const HELP = `
Compares the blind reviews of each photo that has two or more. Kappa is Cohen's, of the first and the
second review. Alpha is Krippendorff's, of all of them. The categories accept, reject and unsure are
nominal. The intervals are 95 % intervals (delta method); below 10 photos there is none. If both reviewers accept a
photo, the further classes that they name are compared also.

Example:
  winnow agreement --collection imagenet-a --json
`;

export function addAgreementCommand(program: Command): void {
  addCommand(program, 'agreement', 'Show how far reviewers agree, for each class and in all')
    .addHelpText('after', HELP)
    .run(async (flags) => {
      await runOnCollection(flags, { name: 'agreement', access: 'read' }, async (workspace) => {
        const report = await readAgreement(workspace);
        await writeResult(flags, report, () => agreementText(report, workspace));
      });
    });
}

function agreementText({ overall, classes, furtherClasses }: AgreementReport, { collection }: Workspace): string {
  if (overall.photos === 0) return 'no photo has been reviewed twice yet\n';
  const rows = classes.map((row) => [row.wnid, classNameOf(collection, row.wnid), ...cells(row)]);
  const few = fewPhotosText(overall);
  const table = tableText(
    ['wnid', 'class', 'photos', 'agree', 'kappa', 'alpha'],
    [...rows, ['', 'all', ...cells(overall)]],
  );
  const { photos, differ } = furtherClasses ?? { photos: 0, differ: 0 };
  const further = `The further classes differ on ${countText(differ)} of ${countOf(photos, 'photo')} that both reviewers accept.\n`;
  return `${table}${few === null ? '' : `${few}\n`}${differ === 0 ? '' : further}`;
}

function cells(agreement: Agreement): string[] {
  const { photos, percent, cohenKappa, cohenKappaLow, cohenKappaHigh } = agreement;
  const { krippendorffAlpha, krippendorffAlphaLow, krippendorffAlphaHigh } = agreement;
  return [
    countText(photos),
    percent === null ? '' : `${percent.toFixed(1)} %`,
    withInterval(cohenKappa, cohenKappaLow, cohenKappaHigh),
    withInterval(krippendorffAlpha, krippendorffAlphaLow, krippendorffAlphaHigh),
  ];
}

/** `0.66 (0.45 to 0.85)`; `0.66` without an interval. */
function withInterval(value: number | null, low: number | null, high: number | null): string {
  if (value === null) return '';
  return low === null || high === null
    ? value.toFixed(2)
    : `${value.toFixed(2)} (${low.toFixed(2)} to ${high.toFixed(2)})`;
}
