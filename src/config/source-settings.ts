import * as z from 'zod';
import { wholeNumber } from './schema-problems.ts';
import { setting } from './setting.ts';
import { SETTINGS_OF_SOURCES } from './sources/sources.ts';

export const SOURCE_SETTINGS = {
  'crawl.limitPerClass': setting(wholeNumber(1).nullable(), null, 'Photos per class and source. null: no limit.'),
  'crawl.contact': setting(
    z.string().trim().min(3).max(200).describe('an e-mail address or a URL').nullable(),
    null,
    'How sites can contact you: an e-mail address or a URL, sent in the User-Agent. Network sources need it.',
  ),
  'crawl.userAgent': setting(
    z
      .string()
      .regex(/^[!-~]([ -~]{0,198}[!-~])?$/)
      .describe('printable ASCII')
      .nullable(),
    null,
    'User-Agent of all requests. null: winnow/VERSION (+CONTACT). winnow obeys the robots.txt rules for the token `winnow`.',
  ),
  'crawl.sameBytesLimit': setting(
    wholeNumber(2).nullable(),
    5,
    'If this many different pictures of one network source have the same bytes, these are a notice and not a photo. All of the ' +
      'pictures are dropped (placeholder), and so are later ones with the same bytes. null: never.',
  ),
  'crawl.maxBacklog': setting(
    wholeNumber(100),
    5_000,
    'Discovery pauses while more pictures than this of a source wait to be fetched.',
  ),
  ...SETTINGS_OF_SOURCES,
} as const;
