import type { Migration } from 'kysely';
import * as catalogue from './0001-catalogue.ts';
import * as conditionalRequests from './0008-conditional-requests.ts';
import * as discovery from './0004-discovery.ts';
import * as endedWalks from './0018-ended-walks.ts';
import * as evidenceDigest from './0013-evidence-digest.ts';
import * as executionProvider from './0019-execution-provider.ts';
import * as finerHashes from './0020-finer-hashes.ts';
import * as fetching from './0005-fetching.ts';
import * as inHand from './0015-in-hand.ts';
import * as modeO from './0010-mode-o.ts';
import * as references from './0011-references-and-features.ts';
import * as prunedBytes from './0012-pruned-bytes.ts';
import * as pauses from './0016-pauses.ts';
import * as politeness from './0002-politeness.ts';
import * as photoTally from './0017-photo-tally.ts';
import * as notices from './0021-notices.ts';
import * as openData from './0003-open-data.ts';
import * as tallies from './0006-tallies.ts';
import * as waitingRetries from './0014-waiting-retries.ts';

/** Every migration, by its number. A migration that has landed is never edited: a change is a new file. */
export const MIGRATIONS: Record<string, Migration> = {
  '0001-catalogue': catalogue,
  '0002-politeness': politeness,
  '0003-open-data': openData,
  '0004-discovery': discovery,
  '0005-fetching': fetching,
  '0006-tallies': tallies,
  '0008-conditional-requests': conditionalRequests,
  '0010-mode-o': modeO,
  '0011-references-and-features': references,
  '0012-pruned-bytes': prunedBytes,
  '0013-evidence-digest': evidenceDigest,
  '0014-waiting-retries': waitingRetries,
  '0015-in-hand': inHand,
  '0016-pauses': pauses,
  '0017-photo-tally': photoTally,
  '0018-ended-walks': endedWalks,
  '0019-execution-provider': executionProvider,
  '0020-finer-hashes': finerHashes,
  '0021-notices': notices,
};
