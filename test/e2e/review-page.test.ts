import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ReviewEvent } from '../../src/review/event.ts';
import type { VerdictLine } from '../../src/review/verdict-line.ts';
import { findChromium, NO_CHROMIUM, openBrowser } from '../support/browser.ts';
import { freePort } from '../support/free-port.ts';
import { suiteFolder } from '../support/process-tree.ts';
import { catalogueOf, useSharedServer } from '../support/shared-server.ts';
import { until } from '../support/until.ts';
import { jsonLines, startWinnow, winnow, type RunningCommand } from '../support/winnow.ts';

useSharedServer();
const folder = suiteFolder();
const chromium = findChromium();

/** Photos of these classes are fetched, filtered and listed. */
const CLASSES = 'n01514859,n01806143,n01833805,n01855672,n02980441,n03028079,n11939491,n02655020';
