/** @jsxRuntime automatic @jsxImportSource preact */
import type { VNode } from 'preact';
import type { Report } from '../report.ts';
import { cautionsOf, type SectionName } from './cautions.ts';
import type { ReportContext, ReportPageProps } from './context.ts';
import { reportFigures } from './figures.ts';
import { FunnelSection } from './funnel-section.tsx';
import { WhySection } from './gallery.tsx';
import { MethodSection } from './method.tsx';
import { ConfidenceSection, OodSection } from './confidence-sections.tsx';
import { TransferSection } from './model-sections.tsx';
import { plainReport } from './plain.ts';
import { ReviewSection, SetSection } from './set-sections.tsx';
import { Contents, Summary } from './summary.tsx';

/** The report as people read it: no script, no hooks, no browser. */
export function ReportPage({ notice, ...props }: ReportPageProps) {
  const context = contextOf(props);
  const sections = SECTIONS.filter(({ mode }) => mode === undefined || mode === context.report.mode);
  return (
    <main class="report">
      {notice}
      <Summary context={context} />
      <Contents sections={sections} context={context} />
      <div class="sections">
        {sections.map(({ name, title, Part }) => (
          <Part key={name} context={context} title={title} />
        ))}
      </div>
    </main>
  );
}

interface PartProps {
  readonly context: ReportContext;
  readonly title: string;
}

interface PageSection {
  readonly name: SectionName;
  readonly title: string;
  /** Shown in this mode only. */
  readonly mode?: Report['mode'];
  readonly Part: (props: PartProps) => VNode;
}

/** In the order of a paper's experiments. */
const SECTIONS: readonly PageSection[] = [
  { name: 'funnel', title: 'The funnel', Part: FunnelSection },
  { name: 'transfer', title: 'Transfer', mode: 'A', Part: TransferSection },
  { name: 'confidence', title: 'Confidence', mode: 'A', Part: ConfidenceSection },
  { name: 'ood', title: 'Out of distribution', mode: 'O', Part: OodSection },
  { name: 'set', title: 'What the set looks like', Part: SetSection },
  { name: 'review', title: 'Reviews', Part: ReviewSection },
  { name: 'why', title: 'What speaks for the classes', Part: WhySection },
  { name: 'method', title: 'Method', Part: MethodSection },
];

function contextOf(props: Omit<ReportPageProps, 'notice'>): ReportContext {
  const report = plainReport(props.report);
  const figures = reportFigures(report);
  return {
    ...props,
    report,
    figures,
    nameOf: (wnid) => report.classNames[wnid] ?? wnid,
    figure: (name) => figures.find((figure) => figure.name === name) ?? null,
    cautions: cautionsOf(report),
  };
}
