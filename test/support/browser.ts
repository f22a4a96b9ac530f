import { existsSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { chromium, type Browser } from 'playwright-core';

/** The shell comes first: the same engine without the browser's own windows, which cost more processor time than our pages. */
const NAMES = ['chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome'];

/** A Chromium that is installed, or null. Nothing is downloaded. */
export function findChromium(): string | null {
  const folders = (process.env['PATH'] ?? '').split(path.delimiter);
  const places = folders.flatMap((folder) => NAMES.map((name) => path.join(folder, name)));
  return places.find((place) => existsSync(place)) ?? null;
}

export const NO_CHROMIUM = 'no chromium on the PATH (Debian: apt-get install chromium-headless-shell)';

/** Without its sandbox, which root and containers cannot have: it sees pages of ours only. */
export async function openBrowser(executablePath: string): Promise<Browser> {
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
}
