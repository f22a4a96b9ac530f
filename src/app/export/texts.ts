import type { Protocol } from '../../export/protocol.ts';
import { isLicenceAllowed, normaliseLicence } from '../../source/licence.ts';

const OPEN = [
  'CC0-1.0',
  'CC-PDM-1.0',
  'Public-Domain',
  'CC-BY-4.0',
  'CC-BY-SA-4.0',
  'CC-BY-2.0',
  'CC-BY-SA-2.0',
  'CC-BY-SA-3.0',
  'CC-BY-3.0',
  'GPL-2.0-or-later',
  'GPL-3.0-or-later',
  'GPL-3.0-only',
  'GPL-2.0-only',
  'MIT',
  'Apache-2.0',
  'CC-BY-SA-2.5',
  'CC-BY-2.5',
];
export const allowsRedistribution = (licence: string): boolean => isLicenceAllowed(licence, OPEN);
export const licenceUrlOf = (licence: string): string => normaliseLicence(licence).url ?? '';
export const cardText = (protocol: Protocol): string => `# ${protocol.collection.name}\n`;
