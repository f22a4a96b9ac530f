/** @jsxRuntime automatic @jsxImportSource preact */
import type { VNode } from 'preact';
import { cautionsOf, type SectionName } from './cautions.ts';
import type { OfPage, ReportContext, ReportPageProps } from './context.ts';
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
      <Contents context={context} names={sections.map(([name]) => name)} />
      <div class="sections">
        {sections.map(([name, Part]) => (
          <Part key={name} context={context} />
        ))}
      </div>
    </main>
  );
}

type PageSection = readonly [name: SectionName, Part: (props: OfPage) => VNode];

const COMMON: readonly PageSection[] = [
  ['fairness', FairnessSection],
  ['set', SetSection],
  ['review', ReviewSection],
  ['why', WhySection],
  ['method', MethodSection],
];

/** In the order of a paper's experiments. */
const SECTIONS: Readonly<Record<Mode, readonly PageSection[]>> = {
  A: [['funnel', FunnelSection], ['transfer', TransferSection], ['confidence', ConfidenceSection], ...COMMON],
  O: [['funnel', FunnelSection], ['ood', OodSection], ...COMMON],
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
