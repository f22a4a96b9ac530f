import type { Command } from 'commander';
import { nameOf, type Workspace } from '../app/open/workspace.ts';
import { readAgreement } from '../app/review/agreement.ts';
import type { Agreement, AgreementReport } from '../review/agreement.ts';
import { countText, writeResult } from './output.ts';
import { tableText } from './table.ts';
import { addCommand, runOnCollection, type GlobalFlags } from './start/context.ts';

const HELP = `
Compares the first with the second review of each photo that has two. Kappa is Cohen's, alpha is
Krippendorff's; the categories accept, reject and unsure are nominal. The intervals are the 2.5 and 97.5
percentiles of 2,000 bootstrap resamples of the photos, with a fixed seed.

Example:
  winnow agreement --collection imagenet-a --json
`;

export function addAgreementCommand(program: Command): void {
  addCommand(program, 'agreement', 'Show how far reviewers agree, for each class and in all')
    .addHelpText('after', HELP)
    .action(async (flags: GlobalFlags) => {
      await runOnCollection(flags, { name: 'agreement', access: 'read' }, async (workspace) => {
        const report = await readAgreement(workspace);
        await writeResult(flags, report, () => agreementText(report, workspace));
      });
    });
}

function agreementText({ overall, classes }: AgreementReport, { collection }: Workspace): string {
  if (overall.photos === 0) return 'no photo has been reviewed twice yet\n';
  const rows = classes.map((row) => [row.wnid, nameOf(collection, row.wnid), ...cells(row)]);
  return tableText(['wnid', 'class', 'photos', 'agree', 'kappa', 'alpha'], [...rows, ['', 'all', ...cells(overall)]]);
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

/** `0.66 (0.45 to 0.85)` */
function withInterval(value: number | null, low: number | null, high: number | null): string {
  if (value === null) return '';
  return `${value.toFixed(2)} (${low?.toFixed(2)} to ${high?.toFixed(2)})`;
}
