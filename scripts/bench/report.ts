import { mkdir, writeFile } from 'node:fs/promises';
import { arch, cpus, platform, totalmem } from 'node:os';
import path from 'node:path';
import process from 'node:process';

/** The machine that was measured, without anything that identifies it. */
export interface Host {
  readonly platform: string;
  readonly processors: number;
  readonly processor: string;
  readonly memoryGigabytes: number;
  readonly node: string;
}

export function hostOfRun(): Host {
  const all = cpus();
  return {
    platform: `${platform()} ${arch()}`,
    processors: all.length,
    processor: all[0]?.model.trim() ?? 'unknown',
    memoryGigabytes: Math.round(totalmem() / 1e9),
    node: process.version,
  };
}

/** Writes results as JSON, to compare runs. */
export async function writeReport(file: string, report: Readonly<Record<string, unknown>>): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, `${JSON.stringify(report, null, 2)}\n`);
}
