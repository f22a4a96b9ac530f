/** @jsxRuntime automatic @jsxImportSource preact */
import type { VNode } from 'preact';
import { cautionsOf, type SectionName } from './cautions.ts';
import type { ReportContext, ReportPageProps, SectionOf } from './context.ts';
import { reportFigures } from './figures.ts';
import { FairnessSection } from './fairness-section.tsx';
import { FunnelSection } from './funnel-section.tsx';
import { WhySection } from './gallery.tsx';
import { MethodSection } from './method.tsx';
import { ConfidenceSection, OodSection } from './confidence-sections.tsx';
import { TransferSection } from './model-sections.tsx';
import { plainReport } from './plain.ts';
import { ReviewSection, SetSection } from './set-sections.tsx';
import { Contents, Summary } from './summary.tsx';
import type { Mode } from '../../../core/kernel/mode.ts';

export function ReportPage({ banner, ...props }: ReportPageProps) {
  const context = contextOf(props);
  const sections = SECTIONS[context.report.mode];
  return (
    <main class="report">
      {banner}
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

interface PageSection {
  readonly name: SectionName;
  readonly title: string;
  readonly Part: (props: SectionOf) => VNode;
}

const FUNNEL: PageSection = { name: 'funnel', title: 'The funnel', Part: FunnelSection };
const COMMON: readonly PageSection[] = [
  { name: 'fairness', title: 'Fairness', Part: FairnessSection },
  { name: 'set', title: 'What the set looks like', Part: SetSection },
  { name: 'review', title: 'Reviews', Part: ReviewSection },
  { name: 'why', title: 'What speaks for the classes', Part: WhySection },
  { name: 'method', title: 'Method', Part: MethodSection },
];

/** In the order of a paper's experiments. */
const SECTIONS: Readonly<Record<Mode, readonly PageSection[]>> = {
  A: [
    FUNNEL,
    { name: 'transfer', title: 'Transfer', Part: TransferSection },
    { name: 'confidence', title: 'Confidence', Part: ConfidenceSection },
    ...COMMON,
  ],
  O: [FUNNEL, { name: 'ood', title: 'Out of distribution', Part: OodSection }, ...COMMON],
};

function contextOf(props: Omit<ReportPageProps, 'banner'>): ReportContext {
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
