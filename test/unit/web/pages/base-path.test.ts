import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { packageRoot } from '../../../../src/core/config/root.ts';

/** Addresses that a browser loads or goes to without an element that preact makes. */
const WITHOUT = [
  /\b(?:fetch|EventSource|location\.assign)\((?!withBasePath\(|location\.).*/g,
  /\b(?:push|replace)State\([^,]+, '', (?!withBasePath\(|href\)).*/g,
  /\.(?:src|href) = (?!withBasePath\(|URL\.).*/g,
];

it('no page asks for an address of the server without server.basePath', () => {
  const folder = path.join(packageRoot, 'src/web/pages');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => /\.tsx?$/.test(name));
  const found = files.flatMap((name) => {
    const text = readFileSync(path.join(folder, name), 'utf8');
    return WITHOUT.flatMap((pattern) => text.match(pattern) ?? []).map((line) => `${name}: ${line}`);
  });
  expect(found).toEqual([]);
});
